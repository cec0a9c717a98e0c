package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * The aborted transactions whose markers lie in a segment, in the order of the markers. There is no file while there are none.
 *
 * <pre>
 *   entry   version int16 (0) | producer id int64 | first offset int64 | last offset int64 | last stable offset int64
 * </pre>
 *
 * <p>Held in memory and appended to the file by {@link #writeTail}. One writer, any number of readers.
 */
final class TransactionIndex {

    static final int ENTRY_SIZE_BYTES = 34;

    private static final short VERSION = 0;
    private static final AbortedTransaction[] NONE = new AbortedTransaction[0];

    private final StorageFiles files;
    private final Supplier<Path> path;
    private volatile AbortedTransaction[] entries = NONE;
    private int writtenCount;

    TransactionIndex(StorageFiles files, Supplier<Path> path) {
        this.files = files;
        this.path = path;
    }

    /** Reads the file if there is one; false, and no entries, if it holds what no writer wrote. */
    boolean load(long baseOffset) throws IOException {
        if (!files.exists(path.get())) {
            return true;
        }
        ByteBuffer bytes = ByteBuffer.wrap(files.readAll(path.get()));
        if (bytes.remaining() % ENTRY_SIZE_BYTES != 0) {
            return false;
        }
        AbortedTransaction[] loaded = new AbortedTransaction[bytes.remaining() / ENTRY_SIZE_BYTES];
        long lastMarker = baseOffset - 1;
        long lastStable = 0L;
        for (int i = 0; i < loaded.length; i++) {
            short version = bytes.getShort();
            loaded[i] = new AbortedTransaction(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
            boolean plausible = version == VERSION
                    && loaded[i].producerId() >= 0
                    && loaded[i].firstOffset() >= 0
                    && loaded[i].firstOffset() <= loaded[i].lastOffset()
                    && loaded[i].lastOffset() > lastMarker
                    && loaded[i].lastStableOffset() >= lastStable
                    && loaded[i].lastStableOffset() <= loaded[i].lastOffset() + 1;
            if (!plausible) {
                return false;
            }
            lastMarker = loaded[i].lastOffset();
            lastStable = loaded[i].lastStableOffset();
        }
        entries = loaded;
        writtenCount = loaded.length;
        return true;
    }

    void append(AbortedTransaction transaction) {
        AbortedTransaction[] old = entries;
        AbortedTransaction[] grown = Arrays.copyOf(old, old.length + 1);
        grown[old.length] = transaction;
        entries = grown;
    }

    /**
     * Adds the transactions that have records in the range to the list.
     *
     * @return false if a later segment may have more of them
     */
    boolean collect(long fromOffset, long endOffset, List<AbortedTransaction> to) {
        for (AbortedTransaction entry : entries) {
            if (entry.lastOffset() >= fromOffset && entry.firstOffset() < endOffset) {
                to.add(entry);
            }
            if (entry.lastStableOffset() >= endOffset) {
                return true;
            }
        }
        return false;
    }

    /** Forgets all transactions whose markers lie at or behind the offset. */
    void truncateTo(long offset) {
        AbortedTransaction[] old = entries;
        int size = old.length;
        while (size > 0 && old[size - 1].lastOffset() >= offset) {
            size--;
        }
        entries = Arrays.copyOf(old, size);
        writtenCount = Math.min(writtenCount, size);
    }

    List<AbortedTransaction> all() {
        return List.of(entries);
    }

    int count() {
        return entries.length;
    }

    /** Writes what the file lacks; true if it changed. */
    boolean writeTail() throws IOException {
        AbortedTransaction[] all = entries;
        boolean exists = files.exists(path.get());
        if (all.length == writtenCount
                && (exists ? files.sizeBytes(path.get()) : 0L) == (long) all.length * ENTRY_SIZE_BYTES) {
            return false;
        }
        ByteBuffer tail = ByteBuffer.allocate((all.length - writtenCount) * ENTRY_SIZE_BYTES);
        for (int i = writtenCount; i < all.length; i++) {
            tail.putShort(VERSION)
                    .putLong(all[i].producerId())
                    .putLong(all[i].firstOffset())
                    .putLong(all[i].lastOffset())
                    .putLong(all[i].lastStableOffset());
        }
        IndexFiles.writeTail(files, path.get(), (long) writtenCount * ENTRY_SIZE_BYTES, tail.flip());
        writtenCount = all.length;
        return true;
    }
}
