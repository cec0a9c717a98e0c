package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Where in a segment some of its batches lie: one entry for every {@code index.interval.bytes} of log.
 *
 * <pre>
 *   entry   relative offset int32 (of the batch's last record, from the segment's base offset) | position int32
 * </pre>
 *
 * <p>Entries are held in memory and appended to the file by {@link #writeTail}. One writer, any number of readers: an entry is
 * in the array before the count says so.
 */
final class OffsetIndex {

    static final int ENTRY_SIZE_BYTES = 8;

    private static final int FIRST_CAPACITY = 16;
    private static final long POSITION_MASK = 0xffffffffL;

    private final StorageFiles files;
    private final Supplier<Path> path;
    private final long baseOffset;
    private volatile long[] entries = new long[0];
    private volatile int count;
    private int writtenCount;

    OffsetIndex(StorageFiles files, Supplier<Path> path, long baseOffset) {
        this.files = files;
        this.path = path;
        this.baseOffset = baseOffset;
    }

    /** Reads the file; false, and no entries, if it is missing or holds what no writer wrote. */
    boolean load(int logSizeBytes) throws IOException {
        if (!files.exists(path.get())) {
            return false;
        }
        byte[] bytes = files.readAll(path.get());
        if (bytes.length % ENTRY_SIZE_BYTES != 0) {
            return false;
        }
        long[] loaded = new long[bytes.length / ENTRY_SIZE_BYTES];
        ByteBuffer.wrap(bytes).asLongBuffer().get(loaded);
        for (int i = 0; i < loaded.length; i++) {
            boolean grows = i == 0
                    || (relativeOffset(loaded[i]) > relativeOffset(loaded[i - 1])
                            && position(loaded[i]) > position(loaded[i - 1]));
            // The first batch never has an entry; zeros are what a power failure leaves.
            boolean possible =
                    relativeOffset(loaded[i]) >= 0 && position(loaded[i]) > 0 && position(loaded[i]) < logSizeBytes;
            if (!grows || !possible) {
                return false;
            }
        }
        entries = loaded;
        writtenCount = loaded.length;
        count = loaded.length;
        return true;
    }

    boolean isOnDisk() throws IOException {
        return files.exists(path.get());
    }

    void append(long lastOffset, int position) {
        long[] array = entries;
        int at = count;
        if (at == array.length) {
            array = Arrays.copyOf(array, Math.max(FIRST_CAPACITY, at * 2));
            entries = array;
        }
        array[at] = (lastOffset - baseOffset) << Integer.SIZE | position;
        count = at + 1;
    }

    /** A position at or before the batch that holds the offset, or would. */
    int floorPosition(long offset) {
        int at = floor(offset);
        return at < 0 ? 0 : position(entries[at]);
    }

    /** The last offset of the first indexed batch that starts at or behind the position, -1 if there is none. */
    long ceilingOffset(int position) {
        int size = count;
        long[] array = entries;
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (position(array[middle]) < position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == size ? -1L : baseOffset + relativeOffset(array[low]);
    }

    private int floor(long offset) {
        long relative = offset - baseOffset;
        int low = 0;
        int high = count;
        long[] array = entries;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (relativeOffset(array[middle]) <= relative) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }

    /** Forgets all entries of batches that end at or behind the offset. */
    void truncateTo(long offset) {
        count = floor(offset - 1) + 1;
        writtenCount = Math.min(writtenCount, count);
    }

    int count() {
        return count;
    }

    /** Position of the last indexed batch, 0 if there is none. */
    int lastPosition() {
        int size = count;
        return size == 0 ? 0 : position(entries[size - 1]);
    }

    /** The last offset of the last indexed batch, -1 if there is none. */
    long lastOffset() {
        int size = count;
        return size == 0 ? -1L : baseOffset + relativeOffset(entries[size - 1]);
    }

    /** Writes what the file lacks, and makes the file if it is missing; true if there is something new to sync. */
    boolean writeTail() throws IOException {
        int size = count;
        long fileSizeBytes = files.exists(path.get()) ? files.sizeBytes(path.get()) : -1L;
        if (size == writtenCount && fileSizeBytes == (long) size * ENTRY_SIZE_BYTES) {
            return false;
        }
        ByteBuffer tail = ByteBuffer.allocate((size - writtenCount) * ENTRY_SIZE_BYTES);
        tail.asLongBuffer().put(entries, writtenCount, size - writtenCount);
        IndexFiles.writeTail(files, path.get(), (long) writtenCount * ENTRY_SIZE_BYTES, tail);
        writtenCount = size;
        return size > 0 || fileSizeBytes > 0;
    }

    private static int relativeOffset(long entry) {
        return (int) (entry >>> Integer.SIZE);
    }

    private static int position(long entry) {
        return (int) (entry & POSITION_MASK);
    }
}
