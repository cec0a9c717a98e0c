package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.coordinator.transaction.TransactionAdmission.Mode;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.TxnOffsetCommitRequest;
import io.ottla.protocol.message.TxnOffsetCommitResponse;
import io.ottla.storage.Clock;
import io.ottla.storage.ProducerStates;
import io.ottla.storage.VerificationGuard;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Commits offsets as a part of a transaction: asks the transaction coordinator whether the group's partition of the offsets topic
 * belongs to it, or makes it belong, then has the group coordinator write them (KIP-447, KIP-890).
 *
 * <p>All methods may be called on any thread and do not block.
 */
public final class TransactionalOffsets {

    /** From this version on, the commit itself makes the partition a part of the transaction. */
    private static final short FIRST_VERSION_WITH_ADDING = 5;

    /** From this version on, clients know TRANSACTION_ABORTABLE. */
    private static final short FIRST_VERSION_WITH_ABORTABLE = 4;

    private final GroupCoordinator groups;
    private final TransactionAdmission admission;
    private final PartitionRegistry partitions;
    private final Clock clock;
    private final Supplier<BrokerConfig> config;

    /**
     * The way of transactional commits to the groups.
     *
     * @param groups writes the offsets
     * @param admission the transaction coordinator
     * @param partitions has the logs of the offsets topic
     * @param clock the broker's clock
     * @param config the broker's configuration as it is now
     */
    public TransactionalOffsets(
            GroupCoordinator groups,
            TransactionAdmission admission,
            PartitionRegistry partitions,
            Clock clock,
            Supplier<BrokerConfig> config) {
        this.groups = groups;
        this.admission = admission;
        this.partitions = partitions;
        this.clock = clock;
        this.config = config;
    }

    /**
     * Commits the offsets of a request whose topics and partitions are there.
     *
     * @param brokerId the broker that was asked
     * @param version the version of the request
     * @param reply gets the answer, or the error of the whole in the words of the version
     */
    public void commit(
            int brokerId, TxnOffsetCommitRequest request, short version, Reply<TxnOffsetCommitResponse> reply) {
        if (request.groupId().isEmpty()) {
            reply.fail(ErrorCode.INVALID_GROUP_ID);
            return;
        }
        if (!groups.isCoordinator(brokerId, request.groupId())) {
            reply.fail(ErrorCode.NOT_COORDINATOR);
            return;
        }
        Partition partition;
        try {
            int index = groups.partitionFor(request.groupId());
            partition = partitions.partition(GroupCoordinator.OFFSETS_TOPIC, index);
        } catch (ApiException e) {
            partition = null;
        }
        if (partition == null || !partition.isOnline() || partition.leader() != brokerId) {
            reply.fail(partition == null ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.NOT_COORDINATOR);
            return;
        }
        boolean adds = version >= FIRST_VERSION_WITH_ADDING;
        ProducerStates producers = partition.log().producerStates();
        VerificationGuard guard = VerificationGuard.UNCHECKED;
        if (adds || config.get().booleanValue("transaction.partition.verification.enable")) {
            try {
                guard = producers.beginVerification(
                        request.producerId(), request.producerEpoch(), -1, adds, clock.timeMs());
            } catch (ApiException e) {
                reply.fail(e.error());
                return;
            }
        }
        if (guard == null || guard == VerificationGuard.UNCHECKED) {
            write(brokerId, request, producers, guard, reply);
        } else {
            ask(brokerId, request, version, partition, guard, reply);
        }
    }

    private void ask(
            int brokerId,
            TxnOffsetCommitRequest request,
            short version,
            Partition partition,
            VerificationGuard guard,
            Reply<TxnOffsetCommitResponse> reply) {
        TopicPartition asked = new TopicPartition(partition.topic(), partition.index());
        admission.admit(
                request.transactionalId(),
                request.producerId(),
                request.producerEpoch(),
                List.of(asked),
                version >= FIRST_VERSION_WITH_ADDING ? Mode.ADD : Mode.VERIFY,
                Reply.of(
                        answers -> {
                            ErrorCode error = answers.getOrDefault(asked, ErrorCode.UNKNOWN_SERVER_ERROR);
                            if (error != ErrorCode.NONE) {
                                reply.fail(translate(error, version));
                            } else if (!partition.isOnline()) {
                                reply.fail(ErrorCode.NOT_COORDINATOR);
                            } else {
                                write(brokerId, request, partition.log().producerStates(), guard, reply);
                            }
                        },
                        error -> Map.of(asked, error)));
    }

    private void write(
            int brokerId,
            TxnOffsetCommitRequest request,
            ProducerStates producers,
            VerificationGuard guard,
            Reply<TxnOffsetCommitResponse> reply) {
        groups.commitTransactionalOffsets(
                brokerId,
                request,
                () -> producers.isVerified(request.producerId(), request.producerEpoch(), guard),
                reply);
    }

    /** An error of the transaction coordinator in the words that clients of the version know. */
    private static ErrorCode translate(ErrorCode error, short version) {
        return switch (error) {
            case PRODUCER_FENCED -> ErrorCode.INVALID_PRODUCER_EPOCH;
            case TRANSACTION_ABORTABLE -> version < FIRST_VERSION_WITH_ABORTABLE ? ErrorCode.INVALID_TXN_STATE : error;
            // It makes clients try again, without looking for the coordinator.
            case NETWORK_EXCEPTION -> ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
            default -> error;
        };
    }
}
