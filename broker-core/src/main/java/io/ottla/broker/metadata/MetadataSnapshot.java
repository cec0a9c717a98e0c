package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatches;
import io.ottla.storage.StorageFile;
import io.ottla.storage.StorageFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * All metadata up to an offset, in a file beside the log: {@code <end offset>-<epoch>.checkpoint}. It holds what the log's beginning adds
 * up to, so that the log can lose its beginning and a start need not read it.
 *
 * <pre>
 *   control batch    snapshot header (when the last record that it contains was written), KRaft version, voters
 *   batches          metadata records, with offsets of their own
 *   control batch    snapshot footer: without it, the file is half of one
 * </pre>
 *
 * <p>Source: KIP-630, KIP-853.
 *
 * @param path the file
 * @param endOffset the offset that the log goes on from
 * @param epoch the leader epoch of the record before that
 */
record MetadataSnapshot(Path path, long endOffset, int epoch) {

    static final String SUFFIX = ".checkpoint";
    private static final String PART_SUFFIX = ".checkpoint.part";
    private static final String DELETED_SUFFIX = ".checkpoint.deleted";
    private static final Pattern NAME = Pattern.compile("(\\d{20})-(\\d{10})\\.checkpoint");
    private static final int HEADER_CHUNK_BYTES = 512;

    /** The snapshot that a directory has or would have. */
    static MetadataSnapshot of(Path directory, long endOffset, int epoch) {
        return new MetadataSnapshot(
                directory.resolve(String.format("%020d-%010d%s", endOffset, epoch, SUFFIX)), endOffset, epoch);
    }

    /** The snapshots in the directory, the oldest first, whatever is in them. */
    static List<MetadataSnapshot> list(StorageFiles files, Path directory) throws IOException {
        List<MetadataSnapshot> found = new ArrayList<>();
        for (Path file : files.list(directory)) {
            Matcher matcher = NAME.matcher(file.getFileName().toString());
            if (matcher.matches()) {
                found.add(of(directory, Long.parseLong(matcher.group(1)), Integer.parseInt(matcher.group(2))));
            }
        }
        found.sort(Comparator.comparingLong(MetadataSnapshot::endOffset).thenComparingInt(MetadataSnapshot::epoch));
        return found;
    }

    /** Deletes what a crash left of snapshots that were being written or deleted. */
    static void deleteLeftovers(StorageFiles files, Path directory) throws IOException {
        for (Path file : files.list(directory)) {
            String name = file.getFileName().toString();
            if (name.endsWith(PART_SUFFIX) || name.endsWith(DELETED_SUFFIX)) {
                files.deleteIfExists(file);
            }
        }
    }

    /** What the file is called while it is being written. */
    Path partPath() {
        return path.resolveSibling(path.getFileName().toString().replace(SUFFIX, PART_SUFFIX));
    }

    /**
     * The content, which has been checked from the header to the footer.
     *
     * @throws SnapshotDamageException where something is damaged or missing
     */
    ByteBuffer read(StorageFiles files) throws IOException {
        ByteBuffer content = ByteBuffer.wrap(files.readAll(path));
        int position = 0;
        try {
            ControlRecordType last = null;
            for (RecordBatch batch : RecordBatches.iterate(content)) {
                batch.ensureValid();
                if (position == 0 && firstType(batch) != ControlRecordType.SNAPSHOT_HEADER) {
                    throw new SnapshotDamageException(path, 0, "it has no header");
                }
                last = batch.isControlBatch() ? firstType(batch) : null;
                position += batch.sizeBytes();
            }
            if (position != content.limit() || last != ControlRecordType.SNAPSHOT_FOOTER) {
                throw new SnapshotDamageException(path, position, "it is cut off");
            }
        } catch (ApiException e) {
            SnapshotDamageException damage = new SnapshotDamageException(path, position, e.getMessage());
            damage.initCause(e);
            throw damage;
        }
        return content;
    }

    /** Shows the batches of what {@link #read} returned; each is valid only until the next. */
    static void forEachBatch(ByteBuffer content, Consumer<RecordBatch> action) {
        RecordBatches.iterate(content).forEach(action);
    }

    /** When the last record that the snapshot contains was written, in milliseconds since 1970; -1 if the file does not say. */
    long lastContainedTimeMs(StorageFiles files) throws IOException {
        ByteBuffer begin = ByteBuffer.allocate(HEADER_CHUNK_BYTES);
        try (StorageFile file = files.openForReading(path)) {
            while (begin.hasRemaining() && file.read(begin, begin.position()) > 0) {
                // More is wanted than came at once.
            }
        }
        begin.flip();
        try {
            for (RecordBatch batch : RecordBatches.iterate(begin)) {
                return headerTimeMs(batch);
            }
        } catch (ApiException e) {
            // Damaged; whoever needs the content will say so.
        }
        return -1L;
    }

    /** What the header in the first batch of a snapshot says, -1 if it is none. */
    static long headerTimeMs(RecordBatch batch) {
        for (Record first : batch.records()) {
            return ControlRecords.type(first) == ControlRecordType.SNAPSHOT_HEADER
                    ? ControlRecords.snapshotHeader(first).lastContainedLogTimestamp()
                    : -1L;
        }
        return -1L;
    }

    private static ControlRecordType firstType(RecordBatch batch) {
        if (batch.isControlBatch()) {
            for (Record first : batch.records()) {
                return ControlRecords.type(first);
            }
        }
        return null;
    }
}
