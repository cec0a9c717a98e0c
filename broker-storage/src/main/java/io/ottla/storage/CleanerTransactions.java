package io.ottla.storage;

import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The transactions along one walk over a log from its beginning: which batches were aborted, and which markers end a transaction
 * of which no batch is left. Batches are to be shown in the order of their offsets. Not thread-safe.
 */
final class CleanerTransactions {

    private static final class Aborted {
        private final AbortedTransaction transaction;
        private boolean batchSeen;

        Aborted(AbortedTransaction transaction) {
            this.transaction = transaction;
        }
    }

    private final List<AbortedTransaction> aborted;
    private final Map<Long, Aborted> openAborted = new HashMap<>();

    /** Producers of which a batch of a transaction was seen that was not aborted, and not its end. */
    private final Set<Long> openCommitted = new HashSet<>();

    private int next;

    /** @param aborted the aborted transactions with records in the range of the walk */
    CleanerTransactions(List<AbortedTransaction> aborted) {
        this.aborted = new ArrayList<>(aborted);
        this.aborted.sort(Comparator.comparingLong(AbortedTransaction::firstOffset));
    }

    /** Looks at a batch that is no control batch: whether it belongs to an aborted transaction. */
    boolean isAborted(RecordBatch batch) {
        advanceTo(batch.lastOffset());
        if (!batch.isTransactional()) {
            return false;
        }
        Aborted open = openAborted.get(batch.producerId());
        if (open != null) {
            open.batchSeen = true;
            return true;
        }
        openCommitted.add(batch.producerId());
        return false;
    }

    /**
     * Looks at a control batch, with all its bytes: whether nothing is left of what it speaks of.
     *
     * @param keptIndex takes the aborted transaction whose marker has to stay; null where nothing is kept
     */
    boolean isWithoutData(RecordBatch batch, TransactionIndex keptIndex) {
        advanceTo(batch.lastOffset());
        if (batch.recordCount() == 0) {
            return true;
        }
        Record marker = ProducerStates.marker(batch);
        ControlRecordType type = ControlRecords.type(marker);
        if (type == ControlRecordType.ABORT) {
            Aborted ended = openAborted.remove(batch.producerId());
            boolean batchSeen = ended != null && ended.batchSeen;
            if (batchSeen && keptIndex != null) {
                keptIndex.append(ended.transaction);
            }
            return !batchSeen;
        }
        return type == ControlRecordType.COMMIT && !openCommitted.remove(batch.producerId());
    }

    private void advanceTo(long offset) {
        while (next < aborted.size() && aborted.get(next).firstOffset() <= offset) {
            AbortedTransaction begun = aborted.get(next);
            openAborted.put(begun.producerId(), new Aborted(begun));
            next++;
        }
    }
}
