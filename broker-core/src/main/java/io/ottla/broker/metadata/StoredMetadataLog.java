package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatches;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.CommitCallback;
import io.ottla.storage.FileRecords;
import io.ottla.storage.GroupCommit;
import io.ottla.storage.Log;
import io.ottla.storage.LogConfig;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** The metadata log in a partition directory of its own, {@code __cluster_metadata-0}. */
final class StoredMetadataLog implements MetadataLog {

    private static final int CHUNK_BYTES = 1 << 20;

    private final Log log;
    private final GroupCommit commits;

    /** @param syncExecutor where the log is synced for those who wait for it */
    StoredMetadataLog(Log log, Executor syncExecutor) {
        this.log = log;
        this.commits = new GroupCommit(log, syncExecutor, () -> {});
    }

    /** Nothing is ever removed by age or size: what is there is the state. */
    static LogConfig logConfig(BrokerConfig config) {
        boolean sync = config.longValue("log.flush.interval.messages") == 1;
        return LogConfig.builder()
                .segmentBytes(config.intValue("metadata.log.segment.bytes"))
                .segmentMs(config.longValue("metadata.log.segment.ms"))
                .flushMessages(sync ? 1 : Long.MAX_VALUE)
                .maxMessageBytes(Integer.MAX_VALUE)
                .retentionMs(-1)
                .retentionBytes(-1)
                .build();
    }

    @Override
    public void configure(BrokerConfig config) {
        log.config(logConfig(config));
    }

    @Override
    public boolean isCommitted(long endOffset) {
        return log.mayAcknowledge(endOffset);
    }

    @Override
    public void whenCommitted(long endOffset, CommitCallback callback) {
        commits.whenCommitted(endOffset, callback);
    }

    @Override
    public long append(ByteBuffer batch, int leaderEpoch) {
        return log.append(batch, AppendOrigin.METADATA, leaderEpoch).baseOffset();
    }

    @Override
    public long endOffset() {
        return log.logEndOffset();
    }

    @Override
    public void forEachBatch(Consumer<RecordBatch> action) {
        long end = log.logEndOffset();
        long next = log.logStartOffset();
        if (next > 0) {
            MetadataSnapshot snapshot = MetadataSnapshot.latest(log.directory());
            if (snapshot == null || snapshot.endOffset() < next) {
                throw new IllegalStateException("The metadata log " + log.directory() + " begins at offset " + next
                        + ", and no snapshot has what was before");
            }
            snapshot.forEachBatch(action);
            next = snapshot.endOffset();
        }
        while (next < end) {
            ByteBuffer chunk = read(next, end);
            long before = next;
            for (RecordBatch batch : RecordBatches.iterate(chunk)) {
                if (batch.lastOffset() >= next) {
                    action.accept(batch);
                    next = batch.nextOffset();
                }
            }
            if (next == before) {
                throw new IllegalStateException("No metadata at offset " + next + " of " + log.directory());
            }
        }
    }

    private ByteBuffer read(long offset, long end) {
        FileRecords records = log.read(offset, CHUNK_BYTES, end, true).records();
        try {
            ByteBuffer chunk = ByteBuffer.allocate(records.sizeBytes());
            records.readInto(chunk);
            return chunk.flip();
        } finally {
            records.release();
        }
    }
}
