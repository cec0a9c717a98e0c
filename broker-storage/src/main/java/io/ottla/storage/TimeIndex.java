package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * How far a segment's timestamps had come at some of its offsets; the last entry of a closed segment holds its largest.
 *
 * <pre>
 *   entry   timestamp int64 (the largest so far) | relative offset int32 (of the last record of the batch that has it)
 * </pre>
 *
 * <p>Held in memory and appended to the file by {@link #writeTail}. One writer, any number of readers.
 */
final class TimeIndex {

    static final int ENTRY_SIZE_BYTES = 12;

    private static final int FIRST_CAPACITY = 16;

    private final StorageFiles files;
    private final Supplier<Path> path;
    private final long baseOffset;
    private volatile long[] timestamps = new long[0];
    private volatile int[] relativeOffsets = new int[0];
    private volatile int count;
    private int writtenCount;

    TimeIndex(StorageFiles files, Supplier<Path> path, long baseOffset) {
        this.files = files;
        this.path = path;
        this.baseOffset = baseOffset;
    }

    /** Reads the file; false, and no entries, if it is missing or holds what no writer wrote. */
    boolean load() throws IOException {
        if (!files.exists(path.get())) {
            return false;
        }
        ByteBuffer bytes = ByteBuffer.wrap(files.readAll(path.get()));
        if (bytes.remaining() % ENTRY_SIZE_BYTES != 0) {
            return false;
        }
        int size = bytes.remaining() / ENTRY_SIZE_BYTES;
        long[] loadedTimestamps = new long[size];
        int[] loadedOffsets = new int[size];
        for (int i = 0; i < size; i++) {
            loadedTimestamps[i] = bytes.getLong();
            loadedOffsets[i] = bytes.getInt();
            boolean grows = i == 0
                    || (loadedTimestamps[i] > loadedTimestamps[i - 1] && loadedOffsets[i] >= loadedOffsets[i - 1]);
            if (loadedTimestamps[i] < 0 || loadedOffsets[i] < 0 || !grows) {
                return false;
            }
        }
        timestamps = loadedTimestamps;
        relativeOffsets = loadedOffsets;
        writtenCount = size;
        count = size;
        return true;
    }

    /** The timestamp in the last entry of a closed segment's file, -1 if the file is missing, empty or cannot be right. */
    static long lastTimestampMs(StorageFiles files, Path path) throws IOException {
        if (!files.exists(path)) {
            return -1L;
        }
        try (StorageFile file = files.openForReading(path)) {
            long sizeBytes = file.sizeBytes();
            if (sizeBytes == 0 || sizeBytes % ENTRY_SIZE_BYTES != 0) {
                return -1L;
            }
            ByteBuffer entry = ByteBuffer.allocate(ENTRY_SIZE_BYTES);
            int read = file.read(entry, sizeBytes - ENTRY_SIZE_BYTES);
            return read == ENTRY_SIZE_BYTES ? entry.getLong(0) : -1L;
        }
    }

    /** Adds an entry if the timestamp is larger than all before. */
    void maybeAppend(long timestampMs, long offset) {
        int at = count;
        if (timestampMs < 0 || (at > 0 && timestampMs <= timestamps[at - 1])) {
            return;
        }
        if (at == timestamps.length) {
            int capacity = Math.max(FIRST_CAPACITY, at * 2);
            timestamps = Arrays.copyOf(timestamps, capacity);
            relativeOffsets = Arrays.copyOf(relativeOffsets, capacity);
        }
        timestamps[at] = timestampMs;
        relativeOffsets[at] = (int) (offset - baseOffset);
        count = at + 1;
    }

    /** An offset in the batch of the first record with this timestamp or a larger one, or before it. */
    long floorOffset(long timestampMs) {
        int low = 0;
        int high = count;
        long[] array = timestamps;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (array[middle] <= timestampMs) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? baseOffset : baseOffset + relativeOffsets[low - 1];
    }

    /** Forgets all entries of batches that end at or behind the offset. */
    void truncateTo(long offset) {
        int size = count;
        while (size > 0 && baseOffset + relativeOffsets[size - 1] >= offset) {
            size--;
        }
        count = size;
        writtenCount = Math.min(writtenCount, size);
    }

    int count() {
        return count;
    }

    long lastTimestampMs() {
        int size = count;
        return size == 0 ? -1L : timestamps[size - 1];
    }

    long lastOffset() {
        int size = count;
        return size == 0 ? baseOffset : baseOffset + relativeOffsets[size - 1];
    }

    /** Writes what the file lacks, and makes the file if it is missing; true if there is something new to sync. */
    boolean writeTail() throws IOException {
        int size = count;
        long fileSizeBytes = files.exists(path.get()) ? files.sizeBytes(path.get()) : -1L;
        if (size == writtenCount && fileSizeBytes == (long) size * ENTRY_SIZE_BYTES) {
            return false;
        }
        ByteBuffer tail = ByteBuffer.allocate((size - writtenCount) * ENTRY_SIZE_BYTES);
        for (int i = writtenCount; i < size; i++) {
            tail.putLong(timestamps[i]).putInt(relativeOffsets[i]);
        }
        IndexFiles.writeTail(files, path.get(), (long) writtenCount * ENTRY_SIZE_BYTES, tail.flip());
        writtenCount = size;
        return size > 0 || fileSizeBytes > 0;
    }
}
