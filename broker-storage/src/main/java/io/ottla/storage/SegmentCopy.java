package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * A copy of a segment in another directory, which follows while the segment is appended to. It ends with a whole batch at any time, and
 * its indexes are made from what was copied. Not thread-safe.
 */
final class SegmentCopy implements Closeable {

    private static final int BUFFER_SIZE_BYTES = 64 * 1024;

    private final StorageFiles files;
    private final Path directory;
    private final LogSegment source;
    private final int indexIntervalBytes;
    private final SegmentIndexes indexes;
    private final StorageFile file;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE_BYTES);
    private int position;
    private long endOffset;

    /** Begins an empty copy. */
    SegmentCopy(StorageFiles files, Path directory, LogSegment source, int indexIntervalBytes) throws IOException {
        this.files = files;
        this.directory = directory;
        this.source = source;
        this.indexIntervalBytes = indexIntervalBytes;
        this.endOffset = source.baseOffset();
        this.indexes = new SegmentIndexes(files, directory, source.baseOffset());
        this.file = files.openForWriting(path(LogFileNames.LOG));
    }

    /**
     * Copies whole batches.
     *
     * @param maxBytes how many bytes, more only by what the last batch needs
     * @return how many it were, 0 if all has been copied
     * @throws LogDamageException if what the segment holds is no batch, or not the one that was written
     */
    int copy(int maxBytes) throws IOException {
        int from = position;
        int end = source.sizeBytes();
        if (from == end) {
            return 0;
        }
        BatchCursor cursor = BatchCursor.scan(source.file(), from, end);
        while (position - from < maxBytes && cursor.next()) {
            RecordBatch batch = cursor.wholeBatch();
            if (!batch.isCrcValid()) {
                throw new LogDamageException(source.path(LogFileNames.LOG), cursor.position(), "the CRC does not fit");
            }
            add(batch, cursor.batchSizeBytes());
        }
        cursor.throwIfFaulty(source.path(LogFileNames.LOG));
        writeBuffer();
        return position - from;
    }

    private void add(RecordBatch batch, int sizeBytes) throws IOException {
        if (sizeBytes > buffer.remaining()) {
            writeBuffer();
        }
        if (sizeBytes > buffer.remaining()) {
            file.write(batch.slice(), position);
        } else {
            buffer.put(batch.slice());
        }
        indexes.add(batch.lastOffset(), position, sizeBytes, batch.maxTimestampMs(), indexIntervalBytes);
        position += sizeBytes;
        endOffset = batch.nextOffset();
    }

    private void writeBuffer() throws IOException {
        int count = buffer.flip().remaining();
        file.write(buffer, position - count);
        buffer.clear();
    }

    /** Brings the files of the indexes up to the end of what was copied. */
    void writeIndexes() throws IOException {
        List<AbortedTransaction> aborted = source.indexes().transactions().all();
        for (AbortedTransaction each : aborted.subList(indexes.transactions().count(), aborted.size())) {
            if (each.lastOffset() < endOffset) {
                indexes.transactions().append(each);
            }
        }
        indexes.write();
    }

    /** Has the batches on the device. */
    void syncLog() throws IOException {
        file.sync();
    }

    /** Has all of it on the device but its names. */
    void sync() throws IOException {
        writeIndexes();
        file.sync();
        for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
            if (!suffix.equals(LogFileNames.LOG)) {
                IndexFiles.sync(files, path(suffix));
            }
        }
    }

    /** How many bytes the segment is ahead. */
    int lagBytes() {
        return source.sizeBytes() - position;
    }

    int sizeBytes() {
        return position;
    }

    /** Where the offsets end that have been copied. */
    long endOffset() {
        return endOffset;
    }

    private Path path(String suffix) {
        return LogFileNames.path(directory, source.baseOffset(), suffix);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
