package io.ottla.broker.handler.produce;

import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ErrorCode;
import io.ottla.storage.VerificationGuard;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the logs and the transaction coordinator say of the transactional records in one produce request. */
public final class Verification {

    private static final String NOT_ADDED = "Partition was not added to the transaction";
    private static final String NOT_VERIFIED =
            "Unable to verify the partition has been added to the transaction. Underlying error: ";

    /** From this version of Produce on, clients know TRANSACTION_ABORTABLE. */
    private static final short FIRST_VERSION_WITH_ABORTABLE = 11;

    private final short version;
    private final String transactionalId;
    private final long producerId;
    private final short producerEpoch;
    private final boolean unchecked;
    private final List<TopicPartition> asked = new ArrayList<>();
    private final Map<TopicPartition, VerificationGuard> guards = new HashMap<>();
    private final Map<TopicPartition, Refusal> refusals = new HashMap<>();

    /**
     * Why the records of a partition may not be written.
     *
     * @param error the error for the client
     * @param message a text for the client, or null
     */
    public record Refusal(ErrorCode error, String message) {}

    Verification(short version, String transactionalId, long producerId, short producerEpoch, boolean unchecked) {
        this.version = version;
        this.transactionalId = transactionalId;
        this.producerId = producerId;
        this.producerEpoch = producerEpoch;
        this.unchecked = unchecked;
    }

    /** Whether the coordinator must be asked before the records are written. */
    public boolean mustAsk() {
        return !asked.isEmpty();
    }

    /** Why the partition gets no records, or null if it may get them. */
    public Refusal refusal(Partition partition) {
        return refusals.isEmpty() ? null : refusals.get(key(partition));
    }

    /** What the records are to be appended with. */
    public VerificationGuard guard(Partition partition) {
        return unchecked ? VerificationGuard.UNCHECKED : guards.get(key(partition));
    }

    private static TopicPartition key(Partition partition) {
        return new TopicPartition(partition.topic(), partition.index());
    }

    void ask(Partition partition, VerificationGuard guard) {
        TopicPartition key = key(partition);
        asked.add(key);
        guards.put(key, guard);
    }

    void refuse(Partition partition, ErrorCode error) {
        refusals.put(key(partition), new Refusal(error, null));
    }

    /** Takes the coordinator's answers. */
    void answered(Map<TopicPartition, ErrorCode> answers) {
        for (TopicPartition partition : asked) {
            ErrorCode error = answers.getOrDefault(partition, ErrorCode.UNKNOWN_SERVER_ERROR);
            if (error != ErrorCode.NONE) {
                refusals.put(partition, refusal(error));
            }
        }
    }

    /** An error of the coordinator in the words that producers of the version know. */
    private Refusal refusal(ErrorCode error) {
        return switch (error) {
            case PRODUCER_FENCED -> new Refusal(ErrorCode.INVALID_PRODUCER_EPOCH, null);
            case INVALID_TXN_STATE -> new Refusal(ErrorCode.INVALID_TXN_STATE, NOT_ADDED);
            case TRANSACTION_ABORTABLE ->
                version < FIRST_VERSION_WITH_ABORTABLE
                        ? new Refusal(ErrorCode.INVALID_TXN_STATE, NOT_ADDED)
                        : new Refusal(error, null);
            // Older clients may not know how to go on after these; this one they try again, and without fetching
            // metadata.
            case NETWORK_EXCEPTION, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR ->
                new Refusal(ErrorCode.NOT_ENOUGH_REPLICAS, NOT_VERIFIED + error);
            case CONCURRENT_TRANSACTIONS ->
                version < TransactionGate.FIRST_VERSION_WITH_ADDING
                        ? new Refusal(ErrorCode.NOT_ENOUGH_REPLICAS, NOT_VERIFIED + error)
                        : new Refusal(error, null);
            default -> new Refusal(error, null);
        };
    }

    List<TopicPartition> asked() {
        return asked;
    }

    String transactionalId() {
        return transactionalId;
    }

    long producerId() {
        return producerId;
    }

    short producerEpoch() {
        return producerEpoch;
    }
}
