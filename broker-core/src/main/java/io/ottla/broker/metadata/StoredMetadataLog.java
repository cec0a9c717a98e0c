package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.Message;
import io.ottla.protocol.message.KRaftVersionRecord;
import io.ottla.protocol.message.VotersRecord;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatches;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.CommitCallback;
import io.ottla.storage.FileRecords;
import io.ottla.storage.GroupCommit;
import io.ottla.storage.Log;
import io.ottla.storage.LogConfig;
import io.ottla.storage.StorageFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata log in a partition directory of its own, {@code __cluster_metadata-0}, with its snapshots.
 *
 * <p>What a crash between two steps leaves is always read to the same state: the log is on the device before the snapshot of it has its
 * name, the snapshot before the log loses its beginning, and that before older snapshots go.
 */
final class StoredMetadataLog implements MetadataLog {

    private static final Logger LOG = LoggerFactory.getLogger(StoredMetadataLog.class);
    private static final int CHUNK_BYTES = 1 << 20;

    private final Log log;
    private final StorageFiles files;
    private final GroupCommit commits;
    private final Runnable checkpointStart;

    /** What a snapshot has to say on behalf of the control records before it; null while unknown. */
    private volatile KRaftVersionRecord kraftVersion;

    private volatile VotersRecord voters;

    private volatile long bytesBehindSnapshot;
    private volatile long snapshotEndOffset;

    /**
     * @param syncExecutor where the log is synced for those who wait for it
     * @param checkpointStart writes down where the log starts
     */
    StoredMetadataLog(Log log, Executor syncExecutor, Runnable checkpointStart) {
        this.log = log;
        this.files = log.files();
        this.commits = new GroupCommit(log, syncExecutor, () -> {});
        this.checkpointStart = checkpointStart;
    }

    /** Nothing is removed by age or size of the log alone: what no snapshot stands for is the state. */
    static LogConfig logConfig(BrokerConfig config) {
        boolean sync = config.longValue("log.flush.interval.messages") == 1;
        String segmentBytes = config.isSet("internal.metadata.log.segment.bytes")
                ? "internal.metadata.log.segment.bytes"
                : "metadata.log.segment.bytes";
        return LogConfig.builder()
                .segmentBytes(config.intValue(segmentBytes))
                .segmentMs(config.longValue("metadata.log.segment.ms"))
                .fileDeleteDelayMs(config.longValue("internal.metadata.delete.delay.millis"))
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
        int sizeBytes = batch.remaining();
        long baseOffset = log.append(batch, AppendOrigin.METADATA, leaderEpoch).baseOffset();
        note(new RecordBatch().wrap(batch, batch.position()));
        addBytes(sizeBytes);
        return baseOffset;
    }

    @Override
    public long endOffset() {
        return log.logEndOffset();
    }

    @Override
    public long bytesBehindSnapshot() {
        return bytesBehindSnapshot;
    }

    @Override
    public long snapshotEndOffset() {
        return snapshotEndOffset;
    }

    @Override
    public void read(Reader reader) throws IOException {
        MetadataSnapshot.deleteLeftovers(files, log.directory());
        long end = log.logEndOffset();
        long next = readSnapshot(reader, log.logStartOffset(), end);
        while (next < end) {
            ByteBuffer chunk = read(next, end);
            long before = next;
            for (RecordBatch batch : RecordBatches.iterate(chunk)) {
                if (batch.lastOffset() >= next) {
                    note(batch);
                    addBytes(batch.sizeBytes());
                    reader.batch(batch);
                    next = batch.nextOffset();
                }
            }
            if (next == before) {
                throw new IllegalStateException("No metadata at offset " + next + " of " + log.directory());
            }
        }
    }

    /** Reads the newest snapshot that can be; returns the offset to go on from. */
    private long readSnapshot(Reader reader, long logStart, long logEnd) throws IOException {
        List<MetadataSnapshot> found = MetadataSnapshot.list(files, log.directory());
        SnapshotDamageException damage = null;
        for (int i = found.size() - 1; i >= 0 && found.get(i).endOffset() >= logStart; i--) {
            MetadataSnapshot snapshot = found.get(i);
            try {
                ByteBuffer content = snapshot.read(files);
                if (snapshot.endOffset() > logEnd) {
                    throw new IllegalStateException("The metadata snapshot " + snapshot.path()
                            + " goes further than the log beside it, which ends at offset " + logEnd
                            + ": the log has lost records");
                }
                MetadataSnapshot.forEachBatch(content, batch -> {
                    note(batch);
                    reader.snapshotBatch(batch, snapshot);
                });
                snapshotEndOffset = snapshot.endOffset();
                return snapshot.endOffset();
            } catch (SnapshotDamageException e) {
                LOG.error("A metadata snapshot cannot be read, one before it is used: {}", e.getMessage());
                damage = damage == null ? e : damage;
            }
        }
        if (logStart == 0) {
            return 0L;
        }
        if (damage != null) {
            throw damage;
        }
        throw new IllegalStateException("The metadata log " + log.directory() + " begins at offset " + logStart
                + ", and no snapshot has what was before");
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

    /** Remembers what a snapshot must repeat. */
    private void note(RecordBatch batch) {
        if (!batch.isControlBatch()) {
            return;
        }
        for (Record record : batch.records()) {
            switch (ControlRecords.type(record)) {
                case KRAFT_VERSION -> kraftVersion = ControlRecords.kraftVersion(record);
                case KRAFT_VOTERS -> voters = ControlRecords.voters(record);
                default -> {
                    // It speaks of the log's own past.
                }
            }
        }
    }

    private synchronized void addBytes(long change) {
        bytesBehindSnapshot += change;
    }

    @Override
    public void writeSnapshot(MetadataImage image) throws IOException {
        long endOffset = image.offset() + 1;
        long bytesBefore = bytesBehindSnapshot;
        // A snapshot must never know more than the log: offsets would be given out again.
        log.syncRecords();
        int epoch = log.leaderEpochOf(image.offset());
        if (epoch < 0) {
            throw new IllegalStateException("The leader epoch of offset " + image.offset() + " is not known");
        }
        MetadataSnapshot snapshot = MetadataSnapshot.of(log.directory(), endOffset, epoch);
        List<Message> control = new ArrayList<>();
        if (kraftVersion != null) {
            control.add(kraftVersion);
        }
        if (voters != null) {
            control.add(voters);
        }
        try {
            SnapshotWriter.write(files, snapshot, image, control);
        } catch (IOException e) {
            // The room may be needed, and what has the name may not be on the device.
            files.deleteIfExists(snapshot.partPath());
            throw e;
        }
        snapshotEndOffset = endOffset;
        addBytes(-bytesBefore);
    }

    @Override
    public void clean(BrokerConfig config, long nowMs) throws IOException {
        List<MetadataSnapshot> found = MetadataSnapshot.list(files, log.directory());
        while (found.size() > 1 && mayGo(found, config, nowMs)) {
            int next = 1;
            while (next < found.size() && !isWhole(found.get(next))) {
                next++;
            }
            if (next == found.size()) {
                return;
            }
            deleteBefore(found.get(next), found.subList(0, next));
            found = found.subList(next, found.size());
        }
    }

    /** Whether the first of some snapshots is too old, or the log and they are too large. */
    private boolean mayGo(List<MetadataSnapshot> snapshots, BrokerConfig config, long nowMs) throws IOException {
        if (snapshots.get(0).endOffset() < log.logStartOffset()) {
            // A crash cut its removal short.
            return true;
        }
        long retentionMs = config.longValue("metadata.max.retention.ms");
        long ageMs = nowMs - snapshots.get(0).lastContainedTimeMs(files);
        if (retentionMs >= 0 && ageMs > retentionMs) {
            return true;
        }
        long retentionBytes = config.longValue("metadata.max.retention.bytes");
        long sizeBytes = log.sizeBytes();
        for (MetadataSnapshot snapshot : snapshots) {
            sizeBytes += files.sizeBytes(snapshot.path());
        }
        if (retentionBytes >= 0 && sizeBytes > retentionBytes) {
            // Only whole segments can go: let this one end, so that the next round finds it.
            log.rollSegment();
            return true;
        }
        return false;
    }

    private boolean isWhole(MetadataSnapshot snapshot) throws IOException {
        try {
            snapshot.read(files);
            return true;
        } catch (SnapshotDamageException e) {
            LOG.error("The metadata log is not cut behind a snapshot that cannot be read: {}", e.getMessage());
            return false;
        }
    }

    private void deleteBefore(MetadataSnapshot first, List<MetadataSnapshot> older) throws IOException {
        log.deleteRecordsBefore(first.endOffset());
        checkpointStart.run();
        log.enforceRetention();
        for (MetadataSnapshot old : older) {
            files.deleteIfExists(old.path());
            LOG.info("The metadata log starts at offset {} now, and {} is deleted", first.endOffset(), old.path());
        }
    }
}
