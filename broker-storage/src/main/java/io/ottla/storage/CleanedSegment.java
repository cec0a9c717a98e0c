package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Writes what compaction leaves of some segments: a log and its indexes under names that end with {@code .cleaned}. */
final class CleanedSegment implements AutoCloseable {

    private static final int BUFFER_SIZE_BYTES = 64 * 1024;

    private final StorageFiles files;
    private final Path directory;
    private final long baseOffset;
    private final int indexIntervalBytes;
    private final SegmentIndexes indexes;
    private final StorageFile file;
    private final RecordBatch view = new RecordBatch();
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE_BYTES);
    private int writtenBytes;

    CleanedSegment(StorageFiles files, Path directory, long baseOffset, int indexIntervalBytes) throws IOException {
        this.files = files;
        this.directory = directory;
        this.baseOffset = baseOffset;
        this.indexIntervalBytes = indexIntervalBytes;
        deleteFiles();
        this.indexes = new SegmentIndexes(files, directory, baseOffset, LogFileNames.CLEANED);
        this.file = files.openForWriting(path());
    }

    /** Adds a batch, from the buffer's position to its limit; both stay as they are. */
    void append(ByteBuffer batch) throws IOException {
        view.wrap(batch, batch.position());
        int batchSizeBytes = batch.remaining();
        long endBytes = (long) sizeBytes() + batchSizeBytes;
        if (endBytes > Integer.MAX_VALUE) {
            throw new IOException(path() + " would be larger than 2 GiB");
        }
        indexes.add(view.lastOffset(), sizeBytes(), batchSizeBytes, view.maxTimestampMs(), indexIntervalBytes);
        if (batchSizeBytes > buffer.remaining()) {
            writeBuffer();
        }
        if (batchSizeBytes > buffer.remaining()) {
            file.write(batch.duplicate(), writtenBytes);
            writtenBytes += batchSizeBytes;
        } else {
            buffer.put(batch.duplicate());
        }
    }

    private void writeBuffer() throws IOException {
        int count = buffer.flip().remaining();
        file.write(buffer, writtenBytes);
        writtenBytes += count;
        buffer.clear();
    }

    /** Has all of it on the device, names included. */
    void finish() throws IOException {
        writeBuffer();
        file.sync();
        indexes.write();
        for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
            if (!suffix.equals(LogFileNames.LOG)) {
                IndexFiles.sync(files, LogFileNames.path(directory, baseOffset, suffix + LogFileNames.CLEANED));
            }
        }
        files.syncDirectory(directory);
    }

    TransactionIndex transactions() {
        return indexes.transactions();
    }

    int sizeBytes() {
        return writtenBytes + buffer.position();
    }

    /** Deletes the files, as if they had never been written. */
    void deleteFiles() throws IOException {
        for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
            files.deleteIfExists(LogFileNames.path(directory, baseOffset, suffix + LogFileNames.CLEANED));
        }
    }

    private Path path() {
        return LogFileNames.path(directory, baseOffset, LogFileNames.LOG + LogFileNames.CLEANED);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
