package io.ottla.broker.testing.fault;

import io.ottla.broker.handler.Interceptors;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.testing.journal.Journal;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/**
 * Breaks what a broker does to chosen requests, so that a test sees how its client takes it.
 *
 * <pre>{@code
 * Fault lost = broker.faults().on(ApiKey.PRODUCE).topic("orders").loseAnswer().once();
 * producer.send(record).get();   // succeeds with the second attempt
 * assertEquals(1, lost.fired());
 * }</pre>
 *
 * <p>Begin with {@link #on(ApiKey, ApiKey...)} or a named scenario, narrow it with the methods of {@link FaultRule}, choose what happens, and
 * arm it with a method of {@link FaultTrigger}. Faults are looked at in the order in which they were armed; the first that fires for a request
 * has it. While no fault is armed, a request pays nothing for all this.
 *
 * <p>Thread-safe. A fault is in force for the requests that the broker reads after it was armed.
 */
public final class Faults {

    /** Faults come behind the journal, which sees requests as they come and answers as they leave. */
    private static final int RANK = 1;

    private final Interceptors interceptors;
    private final Journal journal;
    private final FaultInterceptor interceptor = new FaultInterceptor(this);
    private final List<Fault> armed = new CopyOnWriteArrayList<>();

    // Guarded by this.
    private final List<Fault> all = new ArrayList<>();
    private long callsUnderWay;
    private boolean watching;

    private volatile FaultHost host;
    private volatile boolean strict;

    /**
     * Called by the broker.
     *
     * @param interceptors where faults see requests
     * @param journal is told of each fault that fires
     */
    public Faults(Interceptors interceptors, Journal journal) {
        this.interceptors = interceptors;
        this.journal = journal;
    }

    /** Called by the broker when it starts: what faults are at work in from now on. */
    public void attach(FaultHost faultHost) {
        host = faultHost;
    }

    /** Called by the broker before it stops, so that no connection keeps it from that. Faults stay armed, for the next start. */
    public void detach() {
        interceptor.cutBrokenConnections();
        host = null;
    }

    // Rules.

    /** Begins a fault for requests of one API or several. */
    public FaultRule<ApiMessage> on(ApiKey apiKey, ApiKey... more) {
        List<ApiKey> keys = new ArrayList<>(List.of(more));
        keys.add(apiKey);
        return rule(keys);
    }

    /**
     * Begins a fault for requests of one API whose functions are typed.
     *
     * @param requestType a class of {@code io.ottla.protocol.message}, such as {@code ProduceRequest.class}
     * @throws IllegalArgumentException if it is not a request
     */
    public <Q extends ApiMessage> FaultRule<Q> on(Class<Q> requestType) {
        for (ApiKey key : ApiKey.values()) {
            if (key.newRequest().getClass() == requestType) {
                return rule(List.of(key));
            }
        }
        throw new IllegalArgumentException("Not a request: " + requestType.getName());
    }

    /** Begins a fault for requests of any API; the first one of most connections is ApiVersions. */
    public FaultRule<ApiMessage> onAnyRequest() {
        return rule(List.of());
    }

    private <Q extends ApiMessage> FaultRule<Q> rule(List<ApiKey> keys) {
        FaultRule<Q> rule = new FaultRule<>(this);
        rule.matcher().apiKeys(keys);
        return rule;
    }

    // Scenarios.

    /** The leader of the topic's partitions has moved: who writes, reads or asks for offsets is told NOT_LEADER_OR_FOLLOWER. */
    public FaultTrigger leaderMoved(String topic) {
        return on(ApiKey.PRODUCE, ApiKey.FETCH, ApiKey.LIST_OFFSETS, ApiKey.OFFSET_FOR_LEADER_EPOCH)
                .topic(topic)
                .error(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    }

    /** The coordinator of the group has moved: members and who commits or fetches offsets are told NOT_COORDINATOR. */
    public FaultTrigger coordinatorMoved(String groupId) {
        return on(
                        ApiKey.JOIN_GROUP,
                        ApiKey.SYNC_GROUP,
                        ApiKey.HEARTBEAT,
                        ApiKey.LEAVE_GROUP,
                        ApiKey.CONSUMER_GROUP_HEARTBEAT,
                        ApiKey.OFFSET_COMMIT,
                        ApiKey.OFFSET_FETCH,
                        ApiKey.TXN_OFFSET_COMMIT)
                .group(groupId)
                .error(ErrorCode.NOT_COORDINATOR);
    }

    /** The coordinator of the transactional id has moved: its producer is told NOT_COORDINATOR. */
    public FaultTrigger transactionCoordinatorMoved(String transactionalId) {
        return on(ApiKey.INIT_PRODUCER_ID, ApiKey.ADD_PARTITIONS_TO_TXN, ApiKey.ADD_OFFSETS_TO_TXN, ApiKey.END_TXN)
                .transactionalId(transactionalId)
                .error(ErrorCode.NOT_COORDINATOR);
    }

    /** The disk fails under the topic: who writes, reads, asks for offsets or deletes records is told KAFKA_STORAGE_ERROR. */
    public FaultTrigger storageError(String topic) {
        return on(ApiKey.PRODUCE, ApiKey.FETCH, ApiKey.LIST_OFFSETS, ApiKey.DELETE_RECORDS)
                .topic(topic)
                .error(ErrorCode.KAFKA_STORAGE_ERROR);
    }

    /** The client is over its quota: each of its writes and reads is throttled. */
    public FaultTrigger throttled(String clientId, Duration time) {
        return on(ApiKey.PRODUCE, ApiKey.FETCH).client(clientId).throttle(time);
    }

    /** The right to use the topic is lost: whoever names it is told TOPIC_AUTHORIZATION_FAILED. */
    public FaultTrigger topicAuthorizationLost(String topic) {
        return onAnyRequest().topic(topic).error(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    }

    /** The right to use the group is lost: whoever names it is told GROUP_AUTHORIZATION_FAILED. */
    public FaultTrigger groupAuthorizationLost(String groupId) {
        return onAnyRequest().group(groupId).error(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    }

    /**
     * The group does not come to rest: heartbeats of its members are answered with REBALANCE_IN_PROGRESS, so that they join again, or under the
     * consumer protocol with FENCED_MEMBER_EPOCH, so that they give up their partitions and join again.
     */
    public FaultTrigger rebalanceStorm(String groupId) {
        return on(ApiKey.HEARTBEAT, ApiKey.CONSUMER_GROUP_HEARTBEAT)
                .group(groupId)
                .when(Faults::isHeartbeatOfMember)
                .answer(request -> {
                    throw new ApiException(
                            request.apiKey() == ApiKey.HEARTBEAT
                                    ? ErrorCode.REBALANCE_IN_PROGRESS
                                    : ErrorCode.FENCED_MEMBER_EPOCH);
                });
    }

    /** Joining and leaving are heartbeats too under the consumer protocol, with the epochs 0 and below. */
    private static boolean isHeartbeatOfMember(ApiMessage request) {
        return !(request instanceof ConsumerGroupHeartbeatRequest heartbeat) || heartbeat.memberEpoch() > 0;
    }

    // What is armed.

    /** The faults that are armed, in the order in which they are looked at. */
    public List<Fault> armed() {
        return List.copyOf(armed);
    }

    /** All faults that were armed since the start or the last {@link #clear}, with those that are spent or disarmed. */
    public synchronized List<Fault> all() {
        return List.copyOf(all);
    }

    /**
     * Disarms all faults and forgets them. Connections on which one holds something back, or which one has made slow or silent, are closed, so
     * that their clients start afresh.
     */
    public void clear() {
        List<Fault> forgotten;
        synchronized (this) {
            forgotten = List.copyOf(all);
            all.clear();
        }
        forgotten.forEach(Fault::disarm);
        interceptor.cutBrokenConnections();
    }

    /** Whether {@link Fault#close}, a reset and the end of the broker fail for a fault that never fired; they do not unless this was set. */
    public boolean isStrict() {
        return strict;
    }

    /** Sets whether {@link Fault#close}, a reset and the end of the broker fail for a fault that never fired. */
    public void strict(boolean failForFaultsThatNeverFired) {
        strict = failForFaultsThatNeverFired;
    }

    /**
     * Fails if one of the faults that were armed since the start or the last {@link #clear} never fired: the test did not test what it says.
     *
     * @throws AssertionError that names those faults, and how many requests matched each
     */
    public void assertAllFired() {
        List<Fault> idle = all().stream().filter(fault -> fault.fired() == 0).toList();
        if (!idle.isEmpty()) {
            throw new AssertionError(
                    "Never fired: " + idle.stream().map(Fault::report).collect(Collectors.joining("; ")));
        }
    }

    // For the rest of this package.

    Journal journal() {
        return journal;
    }

    FaultHost host() {
        return host;
    }

    synchronized void arm(Fault fault) {
        all.add(fault);
        armed.add(fault);
        watch();
    }

    void disarmed(Fault fault) {
        armed.remove(fault);
        stopWatchingIfIdle();
    }

    /** The first fault that fires for a request, or null. */
    Fault firstToFire(RequestContext context, ApiMessage request, FaultHost faultHost) {
        for (Fault fault : armed) {
            if (fault.firesFor(context, request, faultHost)) {
                return fault;
            }
        }
        return null;
    }

    synchronized void callStarted() {
        callsUnderWay++;
        watch();
    }

    void callEnded() {
        synchronized (this) {
            callsUnderWay--;
        }
        stopWatchingIfIdle();
    }

    private synchronized void watch() {
        if (!watching) {
            watching = true;
            interceptors.add(RANK, interceptor);
        }
    }

    private synchronized void stopWatchingIfIdle() {
        if (watching && armed.isEmpty() && callsUnderWay == 0) {
            watching = false;
            interceptors.remove(interceptor);
        }
    }
}
