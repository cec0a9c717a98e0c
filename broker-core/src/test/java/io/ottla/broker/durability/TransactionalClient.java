package io.ottla.broker.durability;

import io.ottla.broker.coordinator.transaction.ProducerIdentity;
import io.ottla.broker.durability.DurabilityModel.Batch;
import io.ottla.broker.durability.DurabilityModel.Transaction;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.EndTxnRequest;
import io.ottla.protocol.message.InitProducerIdRequest;
import io.ottla.protocol.message.TxnOffsetCommitRequest;
import io.ottla.protocol.message.TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition;
import io.ottla.protocol.message.TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** A transactional producer that does the next thing when it is asked to, if it need not wait for an answer. */
final class TransactionalClient {

    private static final int OFFSETS_PARTITION = 2;
    private static final int TIMEOUT_MS = 60_000;

    private final String id;
    private final DurabilitySimulation simulation;
    private final DurabilityModel model;
    private final Random random;
    private final Set<TopicPartition> added = new HashSet<>();
    private final int[] sequences = new int[OFFSETS_PARTITION];
    private long producerId = -1;
    private short epoch;
    private Transaction transaction;
    private boolean busy;
    private int pending;
    private boolean ending;

    TransactionalClient(String id, DurabilitySimulation simulation, DurabilityModel model, Random random) {
        this.id = id;
        this.simulation = simulation;
        this.model = model;
        this.random = random;
    }

    void step() {
        TopicImage topic = simulation.transactional();
        if (busy || topic == null) {
            return;
        }
        if (producerId < 0) {
            init();
        } else if (transaction == null) {
            transaction = simulation.newTransaction(id);
            ending = false;
            added.clear();
        } else if (ending || (pending == 0 && !added.isEmpty() && (transaction.hasFailed || random.nextInt(5) == 0))) {
            end();
        } else if (random.nextInt(4) == 0) {
            commitOffset(topic);
        } else {
            append(topic, random.nextInt(OFFSETS_PARTITION));
        }
    }

    private void init() {
        busy = true;
        simulation
                .broker()
                .transactions
                .initProducerId(
                        simulation.broker().brokerId,
                        new InitProducerIdRequest()
                                .transactionalId(id)
                                .transactionTimeoutMs(TIMEOUT_MS)
                                .producerId(-1)
                                .producerEpoch((short) -1),
                        DurabilitySimulation.reply(this::initialized, error -> busy = false));
    }

    private void initialized(ProducerIdentity identity) {
        busy = false;
        if (identity.error() == ErrorCode.NONE) {
            become(identity);
        }
    }

    private void become(ProducerIdentity identity) {
        producerId = identity.producerId();
        epoch = identity.producerEpoch();
        sequences[0] = 0;
        sequences[1] = 0;
        model.given(id, producerId, epoch);
    }

    private boolean add(TopicPartition partition) {
        if (added.contains(partition)) {
            return true;
        }
        busy = true;
        simulation
                .broker()
                .transactions
                .addPartitions(
                        simulation.broker().brokerId,
                        id,
                        producerId,
                        epoch,
                        List.of(partition),
                        true,
                        DurabilitySimulation.reply(
                                error -> {
                                    busy = false;
                                    if (error == ErrorCode.NONE) {
                                        added.add(partition);
                                    }
                                },
                                error -> busy = false));
        return false;
    }

    private void append(TopicImage topic, int partition) {
        if (!add(new TopicPartition(topic.name(), partition))) {
            return;
        }
        Batch batch = simulation.newBatch();
        batch.transaction = transaction;
        batch.producerId = producerId;
        batch.producerEpoch = epoch;
        batch.sequence = sequences[partition]++;
        pending++;
        Transaction current = transaction;
        current.batches.add(batch);
        try {
            simulation.append(topic, partition, batch, failure -> {
                pending--;
                if (failure == null) {
                    model.acknowledged(batch);
                } else {
                    failed(current, batch, failure);
                }
            });
        } catch (ApiException e) {
            pending--;
            failed(current, batch, e);
        }
    }

    /** As a client does that cannot go on in the middle: it aborts. */
    private void failed(Transaction current, Batch batch, ApiException failure) {
        simulation.expected(failure);
        current.batches.remove(batch);
        current.hasFailed = true;
    }

    private void commitOffset(TopicImage topic) {
        String group = DurabilitySimulation.groupOf(id);
        int shard;
        try {
            shard = simulation.broker().groups.partitionFor(group);
        } catch (ApiException e) {
            // The topic of offsets is on its way.
            return;
        }
        if (!add(new TopicPartition(DurabilitySimulation.offsetsTopic(), shard))) {
            return;
        }
        TxnOffsetCommitRequestTopic part = new TxnOffsetCommitRequestTopic().name(topic.name());
        part.partitions()
                .add(new TxnOffsetCommitRequestPartition()
                        .partitionIndex(OFFSETS_PARTITION)
                        .committedOffset(transaction.serial));
        TxnOffsetCommitRequest request = new TxnOffsetCommitRequest()
                .transactionalId(id)
                .groupId(group)
                .producerId(producerId)
                .producerEpoch(epoch);
        request.topics().add(part);
        Transaction current = transaction;
        busy = true;
        simulation
                .broker()
                .groups
                .commitTransactionalOffsets(
                        simulation.broker().brokerId,
                        request,
                        () -> true,
                        DurabilitySimulation.reply(
                                answer -> {
                                    busy = false;
                                    short error = answer.topics()
                                            .get(0)
                                            .partitions()
                                            .get(0)
                                            .errorCode();
                                    current.hasOffset |= error == 0;
                                    current.hasFailed |= error != 0 && simulation.hasFaults();
                                },
                                error -> {
                                    busy = false;
                                    current.hasFailed |= simulation.hasFaults();
                                }));
    }

    private void end() {
        if (!ending) {
            ending = true;
            transaction.commits = random.nextInt(3) > 0 && !transaction.hasFailed;
            transaction.endAskedAt = model.tick();
        }
        Transaction current = transaction;
        busy = true;
        simulation
                .broker()
                .transactions
                .endTransaction(
                        simulation.broker().brokerId,
                        new EndTxnRequest()
                                .transactionalId(id)
                                .producerId(producerId)
                                .producerEpoch(epoch)
                                .committed(current.commits),
                        true,
                        DurabilitySimulation.reply(identity -> ended(current, identity), error -> busy = false));
    }

    private void ended(Transaction current, ProducerIdentity identity) {
        busy = false;
        if (identity.error() != ErrorCode.NONE) {
            return;
        }
        current.endAcknowledgedAt = model.tick();
        transaction = null;
        become(identity);
    }
}
