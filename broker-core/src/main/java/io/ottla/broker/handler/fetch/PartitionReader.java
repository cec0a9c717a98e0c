package io.ottla.broker.handler.fetch;

import io.ottla.broker.handler.fetch.FetchPartition.Outcome;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.storage.EpochEndOffset;
import io.ottla.storage.Log;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads single partitions for fetch requests. Called under the lock of the session that the partition is part of. */
final class PartitionReader {

    private static final Logger LOG = LoggerFactory.getLogger(PartitionReader.class);

    /** The first version whose clients know KAFKA_STORAGE_ERROR. */
    private static final short FIRST_VERSION_WITH_STORAGE_ERROR = 6;

    private static final int NONE = -1;

    private final PartitionRegistry partitions;

    PartitionReader(PartitionRegistry partitions) {
        this.partitions = partitions;
    }

    /**
     * Reads what the client may have of a partition into its outcome.
     *
     * @param limitBytes what is left of the whole answer
     * @param minOneBatch whether one batch is returned whole even if it is larger than all limits
     */
    void read(FetchPartition asked, FetchTerms terms, int limitBytes, boolean minOneBatch) {
        Outcome outcome = asked.outcome();
        outcome.clear();
        try {
            ErrorCode missing = asked.resolve(partitions);
            if (missing != ErrorCode.NONE) {
                outcome.error = missing;
                outcome.unknown = missing != ErrorCode.INCONSISTENT_TOPIC_ID;
                return;
            }
            ErrorCode refusal = refusal(asked, terms);
            if (refusal != ErrorCode.NONE) {
                outcome.error = refusal;
                return;
            }
            readLog(asked, asked.partition().log(), terms, limitBytes, minOneBatch);
        } catch (ApiException e) {
            fail(outcome, e.error(), terms);
        } catch (RuntimeException e) {
            LOG.error("Reading {} from offset {} failed", asked.partition(), asked.fetchOffset(), e);
            fail(outcome, ErrorCode.UNKNOWN_SERVER_ERROR, terms);
        }
    }

    private static void fail(Outcome outcome, ErrorCode error, FetchTerms terms) {
        outcome.clear();
        outcome.error = error == ErrorCode.KAFKA_STORAGE_ERROR && terms.version() < FIRST_VERSION_WITH_STORAGE_ERROR
                ? ErrorCode.NOT_LEADER_OR_FOLLOWER
                : error;
    }

    /** What keeps the client from this partition whatever its log holds. */
    private static ErrorCode refusal(FetchPartition asked, FetchTerms terms) {
        Partition partition = asked.partition();
        ErrorCode refusal = partition.check(terms.brokerId(), asked.currentLeaderEpoch(), !terms.readsFollowers());
        if (refusal != ErrorCode.NONE) {
            return refusal;
        }
        if (!terms.isFromConsumer()) {
            // There are no followers. One that says which epoch it knows is told to try again, as by a leader that has
            // not heard of it yet.
            return asked.currentLeaderEpoch() < 0 ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.UNKNOWN_LEADER_EPOCH;
        }
        return ErrorCode.NONE;
    }

    /** A replica in sync that is where the client is; -1 if the leader is, too, or there is none (KIP-392). */
    private int replicaInRack(Partition partition, FetchTerms terms) {
        String rack = terms.asker().rack();
        if (partition.leader() != terms.brokerId() || rack.equals(partitions.rack(terms.brokerId()))) {
            return NONE;
        }
        for (int id : partition.inSync()) {
            if (rack.equals(partitions.rack(id))) {
                return id;
            }
        }
        return NONE;
    }

    private void readLog(FetchPartition asked, Log log, FetchTerms terms, int limitBytes, boolean minOneBatch) {
        Outcome outcome = asked.outcome();
        outcome.highWatermark = log.highWatermark();
        outcome.lastStableOffset = log.lastStableOffset();
        outcome.logStartOffset = log.logStartOffset();
        outcome.readableEndOffset = terms.readCommitted() ? outcome.lastStableOffset : outcome.highWatermark;
        long fetchOffset = asked.fetchOffset();
        if (asked.lastFetchedEpoch() >= 0 && diverges(asked)) {
            return;
        }
        if (fetchOffset < outcome.logStartOffset
                || (fetchOffset > outcome.readableEndOffset && fetchOffset > log.logEndOffset())) {
            throw new ApiException(ErrorCode.OFFSET_OUT_OF_RANGE);
        }
        if (terms.asker().rack() != null) {
            outcome.preferredReplica = replicaInRack(asked.partition(), terms);
            if (outcome.redirects()) {
                return;
            }
        }
        if (fetchOffset >= outcome.readableEndOffset) {
            return;
        }
        int maxBytes = Math.min(asked.maxBytes(), limitBytes);
        if (maxBytes > 0 || minOneBatch) {
            outcome.read = log.read(fetchOffset, maxBytes, outcome.readableEndOffset, minOneBatch);
            outcome.sizeBytes = outcome.read.records().sizeBytes();
            if (outcome.sizeBytes == 0) {
                outcome.read.records().release();
                outcome.read = null;
            }
        }
    }

    /** Whether the partition has other bounds than when it was last read. */
    boolean hasMoved(FetchPartition asked, FetchTerms terms) {
        Partition partition = asked.partition();
        Outcome outcome = asked.outcome();
        if (partition == null || outcome.error != ErrorCode.NONE) {
            return false;
        }
        Log log = partition.log();
        long endOffset = terms.readCommitted() ? log.lastStableOffset() : log.highWatermark();
        return endOffset != outcome.readableEndOffset || partition.isDeleted();
    }

    /** Whether the records before the fetch offset are others than the client has (KIP-595); the outcome then says where from. */
    private static boolean diverges(FetchPartition asked) {
        Outcome outcome = asked.outcome();
        EpochEndOffset end = asked.partition().endOffsetForEpoch(asked.lastFetchedEpoch());
        if (end.endOffset() < 0 || end.leaderEpoch() < 0 || asked.fetchOffset() < outcome.logStartOffset) {
            throw new ApiException(ErrorCode.OFFSET_OUT_OF_RANGE);
        }
        if (end.leaderEpoch() < asked.lastFetchedEpoch() || end.endOffset() < asked.fetchOffset()) {
            outcome.divergingEpoch = end.leaderEpoch();
            outcome.divergingEndOffset = end.endOffset();
            return true;
        }
        return false;
    }
}
