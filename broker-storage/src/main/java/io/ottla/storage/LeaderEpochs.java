package io.ottla.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where each leader epoch begins in the log, kept in the file {@code leader-epoch-checkpoint}. Thread-safe.
 *
 * <p>A log that is new has no such file. Its first epoch is written down with its first flush, roll or stop; before that a start reads all of it
 * anyway. So a new topic has an inode less to wait for, and none that is deleted at once.
 *
 * <p>Source: KIP-101, KIP-279.
 */
final class LeaderEpochs {

    static final String FILE_NAME = "leader-epoch-checkpoint";

    private final StorageFiles files;
    private final Path path;
    private int[] epochs = new int[0];
    private long[] startOffsets = new long[0];
    private volatile int latestEpoch = -1;
    private boolean unwritten;
    private boolean onDisk;
    private volatile boolean unsynced;

    LeaderEpochs(StorageFiles files, Path directory) {
        this.files = files;
        this.path = directory.resolve(FILE_NAME);
    }

    /** Reads the file; false if it is missing or damaged. */
    synchronized boolean load() throws IOException {
        onDisk = files.exists(path);
        List<String[]> entries = onDisk ? TextCheckpoint.read(files, path, 2) : null;
        if (entries == null) {
            unwritten = true;
            return false;
        }
        try {
            for (String[] entry : entries) {
                add(Integer.parseInt(entry[0]), Long.parseLong(entry[1]));
            }
        } catch (NumberFormatException e) {
            StorageLog.LOG.warn("{} is damaged: it is ignored and will be written again", path);
            keep(0);
            unwritten = true;
            return false;
        }
        unwritten = false;
        return true;
    }

    /** The epoch of the newest records, -1 if there are none. */
    int latestEpoch() {
        return latestEpoch;
    }

    /** Where the newest epoch begins, -1 if there is none. */
    synchronized long latestStartOffset() {
        return startOffsets.length == 0 ? -1L : startOffsets[startOffsets.length - 1];
    }

    /** Takes note of the epoch of a batch; returns whether it was new. */
    synchronized boolean assign(int epoch, long startOffset) {
        if (epoch <= latestEpoch) {
            return false;
        }
        add(epoch, startOffset);
        return true;
    }

    private void add(int epoch, long startOffset) {
        int size = epochs.length;
        if (size > 0 && (epoch <= epochs[size - 1] || startOffset < startOffsets[size - 1])) {
            return;
        }
        if (size > 0 && startOffsets[size - 1] == startOffset) {
            // No record was written in the epoch before.
            keep(--size);
        }
        epochs = Arrays.copyOf(epochs, size + 1);
        startOffsets = Arrays.copyOf(startOffsets, size + 1);
        epochs[size] = epoch;
        startOffsets[size] = startOffset;
        latestEpoch = epoch;
        unwritten = true;
    }

    private void keep(int size) {
        unwritten |= size < epochs.length;
        epochs = Arrays.copyOf(epochs, size);
        startOffsets = Arrays.copyOf(startOffsets, size);
        latestEpoch = size == 0 ? -1 : epochs[size - 1];
    }

    /** Writes the file if it would be another; returns whether it did. */
    synchronized boolean writeIfChanged() throws IOException {
        boolean changed = unwritten;
        if (changed) {
            write();
        }
        return changed;
    }

    /** Writes the file before the first batch of a new epoch, unless that is the first of all. */
    synchronized void writeAhead() throws IOException {
        if (onDisk || epochs.length > 1) {
            write();
        }
    }

    /** Forgets all, for a log that has no records: no file says as much as one without entries. */
    synchronized void beginAnew() throws IOException {
        keep(0);
        onDisk = files.exists(path);
        if (onDisk) {
            write();
        }
        unwritten = false;
    }

    private void write() throws IOException {
        TextCheckpoint.write(files, path, entries(), false);
        onDisk = true;
        unwritten = false;
        unsynced = true;
    }

    /** Writes the file for a copy of the log, and has it on the device. */
    synchronized void copyTo(Path directory) throws IOException {
        TextCheckpoint.write(files, directory.resolve(FILE_NAME), entries(), true);
    }

    private List<String> entries() {
        List<String> entries = new ArrayList<>();
        for (int i = 0; i < epochs.length; i++) {
            entries.add(epochs[i] + " " + startOffsets[i]);
        }
        return entries;
    }

    /** Forgets epochs that begin at or behind the offset; returns whether there were any. */
    synchronized boolean truncateFromEnd(long endOffset) {
        int size = epochs.length;
        while (size > 0 && startOffsets[size - 1] >= endOffset) {
            size--;
        }
        boolean changed = size < epochs.length;
        keep(size);
        return changed;
    }

    /** Forgets epochs that end at or before the offset; returns whether there were any, or one was shortened. */
    synchronized boolean truncateFromStart(long startOffset) {
        int size = epochs.length;
        int first = 0;
        while (first + 1 < size && startOffsets[first + 1] <= startOffset) {
            first++;
        }
        if (size == 0 || startOffsets[first] >= startOffset) {
            return false;
        }
        epochs = Arrays.copyOfRange(epochs, first, size);
        startOffsets = Arrays.copyOfRange(startOffsets, first, size);
        startOffsets[0] = startOffset;
        unwritten = true;
        return true;
    }

    /** Where the epoch ends; one before the first that is known ends where that begins. */
    synchronized EpochEndOffset endOffsetFor(int epoch, long logEndOffset) {
        int size = epochs.length;
        if (epoch == -1 || size == 0 || epoch > epochs[size - 1]) {
            return EpochEndOffset.UNKNOWN;
        }
        if (epoch == epochs[size - 1]) {
            return new EpochEndOffset(epoch, logEndOffset);
        }
        int higher = 0;
        while (epochs[higher] <= epoch) {
            higher++;
        }
        return new EpochEndOffset(higher == 0 ? epoch : epochs[higher - 1], startOffsets[higher]);
    }

    /** The epoch that the offset was written in, -1 if unknown. */
    synchronized int epochOf(long offset) {
        int found = -1;
        for (int i = 0; i < epochs.length && startOffsets[i] <= offset; i++) {
            found = epochs[i];
        }
        return found;
    }

    /** Whether a batch cannot be of the epoch if the epochs are right as they are; one that is newer than all may follow them. */
    synchronized boolean contradicts(int epoch, long baseOffset) {
        int known = epochOf(baseOffset);
        return known >= 0 && epoch != known && (epoch < known || known != latestEpoch);
    }

    synchronized boolean isEmpty() {
        return epochs.length == 0;
    }

    /** Forgets all, for the epochs to be learned from the batches. */
    synchronized void clear() {
        keep(0);
    }

    /** Takes over the file of a log in whose place this one is, as it is: if there is one, it has other epochs. */
    synchronized void inPlaceOf(LeaderEpochs before) {
        onDisk = before.isOnDisk();
        unwritten = onDisk;
    }

    private synchronized boolean isOnDisk() {
        return onDisk;
    }

    /** Writes the file if it would be another. That it could not be written is said in the log, and it stays to be done. */
    void writeIfPossible() {
        try {
            writeIfChanged();
        } catch (IOException e) {
            StorageLog.LOG.warn("Writing {} failed: {}", path, LogHealth.reason(e));
        }
    }

    /** Has the content of the file on the device; true if its name has to follow. */
    boolean syncIfWritten() throws IOException {
        boolean written = unsynced;
        if (written) {
            unsynced = false;
            try {
                IndexFiles.sync(files, path);
            } catch (OpenFailedException e) {
                unsynced = true;
                throw e;
            }
        }
        return written;
    }
}
