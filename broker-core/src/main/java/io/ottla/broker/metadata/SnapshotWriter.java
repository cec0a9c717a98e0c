package io.ottla.broker.metadata;

import io.ottla.protocol.Message;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.message.SnapshotFooterRecord;
import io.ottla.protocol.message.SnapshotHeaderRecord;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.StorageFile;
import io.ottla.storage.StorageFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Writes one snapshot under the name of half a snapshot; it gets its own when all of it is on the device. */
final class SnapshotWriter {

    /** A batch is written when it has grown to this, so that few of them are in memory. */
    private static final int BATCH_BYTES = 256 << 10;

    private final MetadataSnapshot snapshot;
    private final StorageFile file;
    private final long timeMs;
    private RecordBatchBuilder batch;
    private long nextOffset;
    private long sizeBytes;

    private SnapshotWriter(MetadataSnapshot snapshot, StorageFile file, long timeMs) {
        this.snapshot = snapshot;
        this.file = file;
        this.timeMs = timeMs;
    }

    /**
     * Writes the image.
     *
     * @param control what the control records of the log say: the KRaft version and the voters, as far as they are known
     */
    static void write(StorageFiles files, MetadataSnapshot snapshot, MetadataImage image, List<Message> control)
            throws IOException {
        try (StorageFile file = files.openForWriting(snapshot.partPath())) {
            file.truncate(0);
            SnapshotWriter writer = new SnapshotWriter(snapshot, file, image.timeMs());
            writer.header(control);
            ImageRecords.write(image, writer::append);
            writer.footer();
            file.sync();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        files.rename(snapshot.partPath(), snapshot.path());
        files.syncDirectory(snapshot.path().getParent());
    }

    private void header(List<Message> control) throws IOException {
        batch = newBatch().control(true);
        ControlRecords.append(batch, timeMs, new SnapshotHeaderRecord().lastContainedLogTimestamp(timeMs));
        for (Message message : control) {
            ControlRecords.append(batch, timeMs, message);
        }
        flush();
        batch = newBatch();
    }

    private RecordBatchBuilder newBatch() {
        return new RecordBatchBuilder().baseOffset(nextOffset).partitionLeaderEpoch(snapshot.epoch());
    }

    private void append(MetadataRecord record) {
        batch.append(timeMs, null, MetadataRecords.encode(record));
        if (batch.sizeBytes() >= BATCH_BYTES) {
            try {
                flush();
                batch = newBatch();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void footer() throws IOException {
        if (batch.recordCount() > 0) {
            flush();
        }
        batch = newBatch().control(true);
        ControlRecords.append(batch, timeMs, new SnapshotFooterRecord());
        flush();
    }

    private void flush() throws IOException {
        nextOffset += batch.recordCount();
        ByteBuffer bytes = batch.build();
        int batchBytes = bytes.remaining();
        file.write(bytes, sizeBytes);
        sizeBytes += batchBytes;
    }
}
