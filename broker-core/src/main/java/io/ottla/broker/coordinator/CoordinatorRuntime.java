package io.ottla.broker.coordinator;

import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataListener;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.TopicControl;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.storage.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The shards of a coordinator: one for each partition of its internal topic, which is made on first use. What is about a key (a group,
 * a transactional id) is handled by the shard that the key hashes to, as in Apache Kafka.
 *
 * <p>All methods may be called on any thread and do not block; {@link #start} reads the logs.
 *
 * @param <S> the state machine of a shard
 */
public final class CoordinatorRuntime<S extends CoordinatorShard> implements MetadataListener, AutoCloseable {

    /** Stands for whichever broker is the right one to be asked. */
    public static final int ANY_BROKER = -2;

    /** A log up to this size is loaded by whoever finds it; a larger one by a thread of its own. */
    static final long INLINE_LOAD_SIZE_BYTES = 4L << 20;

    /**
     * What a runtime needs of the broker.
     *
     * @param clock the broker's clock
     * @param timer the broker's timer
     * @param metadata the metadata
     * @param topics makes the internal topic
     * @param logs gives the log of a partition of the internal topic; must hear of changes of the metadata before the runtime does
     */
    public record Environment(
            Clock clock, BrokerTimer timer, MetadataStore metadata, TopicControl topics, CoordinatorLogs logs) {}

    /** Where the logs of coordinators are. */
    @FunctionalInterface
    public interface CoordinatorLogs {

        /**
         * The log of a partition that the metadata has.
         *
         * @throws ApiException if it cannot be had
         */
        CoordinatorLog log(String topic, int partition);
    }

    private final String topic;
    private final CoordinatorRecordFormat format;
    private final Supplier<S> shardFactory;
    private final Environment environment;

    /** Changed under the monitor, read without. */
    private volatile List<ShardRunner<S>> runners = List.of();

    private Uuid topicId = Uuid.ZERO;
    private boolean closed;

    /**
     * A runtime that serves nothing until {@link #start}.
     *
     * @param topic the internal topic
     * @param format the topic's records
     * @param shardFactory makes an empty shard
     * @param environment the rest of the broker
     */
    public CoordinatorRuntime(
            String topic, CoordinatorRecordFormat format, Supplier<S> shardFactory, Environment environment) {
        this.topic = topic;
        this.format = format;
        this.shardFactory = shardFactory;
        this.environment = environment;
    }

    /** Loads the shards of a topic that is there already, and follows the metadata from now on. */
    public void start() {
        environment.metadata().addListener(this);
        adopt(environment.metadata().image().topic(topic));
    }

    /**
     * Handles a request on the shard of a key. The only broker makes the topic if need be; of several, none coordinates anything before
     * somebody has looked for the coordinator with {@link #leaderFor}, as in Apache Kafka.
     *
     * @param brokerId the broker that was asked, which must be the leader of the shard's partition
     * @param key what the request is about
     * @param step handles it
     * @param reply gets the answer, or an error if the topic cannot be made, the step fails or its records are not committed;
     *     NOT_COORDINATOR if another broker was to be asked
     */
    public <R> void execute(int brokerId, String key, CoordinatorStep<S, R> step, Reply<R> reply) {
        if (!isCoordinator(brokerId, key)) {
            reply.fail(ErrorCode.NOT_COORDINATOR);
            return;
        }
        execute(key, step, reply);
    }

    /**
     * Whether a broker is the one to be asked about a key. Does not make the topic: the only broker is the right one before there is any,
     * and of several none is.
     */
    public boolean isCoordinator(int brokerId, String key) {
        if (brokerId == ANY_BROKER) {
            return true;
        }
        List<ShardRunner<S>> present = runners;
        return present.isEmpty()
                ? environment.metadata().image().brokers().size() == 1
                : present.get(partitionFor(key, present.size())).leader() == brokerId;
    }

    /**
     * Handles what the broker itself asks of the shard of a key, whoever leads it; makes the topic if need be.
     *
     * @param key what the request is about
     * @param step handles it
     * @param reply gets the answer, or an error if the topic cannot be made, the step fails or its records are not committed
     */
    public <R> void execute(String key, CoordinatorStep<S, R> step, Reply<R> reply) {
        ShardRunner<S> runner = runnerOrFail(key, reply);
        if (runner != null) {
            runner.execute(step, reply);
        }
    }

    /** As {@link #execute}, with records that belong to the transaction of a producer. */
    public <R> void executeTransactional(
            int brokerId,
            String key,
            long producerId,
            short producerEpoch,
            CoordinatorStep<S, R> step,
            Reply<R> reply) {
        if (!isCoordinator(brokerId, key)) {
            reply.fail(ErrorCode.NOT_COORDINATOR);
            return;
        }
        ShardRunner<S> runner = runnerOrFail(key, reply);
        if (runner != null) {
            runner.executeTransactional(producerId, producerEpoch, step, reply);
        }
    }

    /** Runs a step on every shard that there is. */
    public <R> void executeOnAll(CoordinatorStep<S, R> step, Reply<List<R>> reply) {
        executeOn(runners, step, reply);
    }

    /** Runs a step on every shard whose partition a broker leads. */
    public <R> void executeOnAll(int brokerId, CoordinatorStep<S, R> step, Reply<List<R>> reply) {
        executeOn(
                runners.stream()
                        .filter(runner -> runner.leader() == brokerId || brokerId == ANY_BROKER)
                        .toList(),
                step,
                reply);
    }

    private <R> void executeOn(List<ShardRunner<S>> targets, CoordinatorStep<S, R> step, Reply<List<R>> reply) {
        Gather<R> gather = new Gather<>(targets.size(), reply);
        for (ShardRunner<S> target : targets) {
            target.execute(step, gather.slot());
        }
    }

    /** Ends a producer's transaction on one partition of the topic: writes the marker and applies it. */
    public void completeTransaction(int partition, TransactionEnd end, Reply<Void> reply) {
        List<ShardRunner<S>> targets = runners;
        if (partition >= targets.size()) {
            reply.fail(ErrorCode.NOT_COORDINATOR);
        } else {
            targets.get(partition).completeTransaction(end, reply);
        }
    }

    /**
     * The partition that a key belongs to.
     *
     * @throws ApiException if the topic is not there and cannot be made
     */
    public int partitionFor(String key) {
        return partitionFor(key, ensureRunners().size());
    }

    /**
     * The broker that leads the partition that a key belongs to, -1 if none does.
     *
     * @throws ApiException if the topic is not there and cannot be made
     */
    public int leaderFor(String key) {
        List<ShardRunner<S>> all = ensureRunners();
        return all.get(partitionFor(key, all.size())).leader();
    }

    static int partitionFor(String key, int partitionCount) {
        int hash = key.hashCode();
        return (hash == Integer.MIN_VALUE ? 0 : Math.abs(hash)) % partitionCount;
    }

    private ShardRunner<S> runnerOrFail(String key, Reply<?> reply) {
        try {
            List<ShardRunner<S>> all = ensureRunners();
            return all.get(partitionFor(key, all.size()));
        } catch (ApiException e) {
            reply.fail(ErrorCode.COORDINATOR_NOT_AVAILABLE);
            return null;
        }
    }

    private List<ShardRunner<S>> ensureRunners() {
        List<ShardRunner<S>> present = runners;
        if (present.isEmpty()) {
            environment.topics().ensureTopic(topic);
            present = runners;
            if (present.isEmpty()) {
                throw new ApiException(ErrorCode.COORDINATOR_NOT_AVAILABLE, "The coordinator is not available.");
            }
        }
        return present;
    }

    @Override
    public void onChange(MetadataImage before, MetadataImage after) {
        TopicImage now = after.topic(topic);
        if (!Objects.equals(now, before.topic(topic))) {
            adopt(now);
        }
    }

    /** Makes the shards fit the topic: new ones for new partitions, all anew if it is another topic of the name. */
    private synchronized void adopt(TopicImage now) {
        if (closed) {
            return;
        }
        Uuid id = now == null ? Uuid.ZERO : now.id();
        int count = now == null ? 0 : now.partitions().size();
        List<ShardRunner<S>> kept = runners;
        if (!id.equals(topicId)) {
            for (ShardRunner<S> runner : kept) {
                runner.close(ErrorCode.NOT_COORDINATOR);
            }
            kept = List.of();
        }
        topicId = id;
        List<ShardRunner<S>> next = new ArrayList<>(kept);
        for (int index = 0; index < kept.size(); index++) {
            follow(kept.get(index), now.partition(index), index);
        }
        for (int index = kept.size(); index < count; index++) {
            next.add(runner(index));
            next.get(index).lead(now.partition(index).leader());
        }
        runners = List.copyOf(next);
        for (int index = kept.size(); index < count; index++) {
            load(next.get(index), index);
        }
    }

    private ShardRunner<S> runner(int index) {
        CoordinatorLog log = environment.logs().log(topic, index);
        return new ShardRunner<>(
                topic + "-" + index, log, format, shardFactory, environment.clock(), environment.timer());
    }

    private void load(ShardRunner<S> runner, int index) {
        loading(runner, index, runner::load);
    }

    /** A shard that moves is dropped by the broker that had it, and loaded by the one that gets it. */
    private void follow(ShardRunner<S> runner, PartitionImage partition, int index) {
        if (runner.leader() != partition.leader()) {
            runner.lead(partition.leader());
            loading(runner, index, runner::move);
        }
    }

    private void loading(ShardRunner<S> runner, int index, Runnable action) {
        if (runner.loadSizeBytes() <= INLINE_LOAD_SIZE_BYTES) {
            action.run();
        } else {
            Thread loader = new Thread(action, "ottla-load-" + topic + "-" + index);
            loader.setDaemon(true);
            loader.start();
        }
    }

    /** Ends all shards: requests that wait are answered with NOT_COORDINATOR, as those that come later. */
    @Override
    public synchronized void close() {
        closed = true;
        for (ShardRunner<S> runner : runners) {
            runner.close(ErrorCode.NOT_COORDINATOR);
        }
    }
}
