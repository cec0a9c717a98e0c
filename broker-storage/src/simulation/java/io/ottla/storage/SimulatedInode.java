package io.ottla.storage;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A file or directory of {@link SimulatedFiles}: as it is seen, and as it is on the device.
 *
 * <p>Between two syncs, the writes and truncations of a file are kept in their order. When the power goes, the size is the one after
 * any number of them, and each sector has its content after any number of them, but not from before a truncation that the size
 * has: what a file system has cut off and given out again, it does not show. A sector that was not written reads as zeros.
 */
final class SimulatedInode {

    /** A write of the bytes at the position, or, without bytes, a truncation to it. */
    private static final class Step {
        private final int position;
        private final byte[] bytes;

        Step(int position, byte[] bytes) {
            this.position = position;
            this.bytes = bytes;
        }

        boolean isTruncation() {
            return bytes == null;
        }

        int sizeAfter(int sizeBefore) {
            return isTruncation() ? Math.min(sizeBefore, position) : Math.max(sizeBefore, position + bytes.length);
        }
    }

    private final boolean directory;

    /** The entries of a directory as they are seen, and on the device. */
    private TreeMap<String, SimulatedInode> entries = new TreeMap<>();

    private final TreeMap<String, SimulatedInode> syncedEntries = new TreeMap<>();

    private byte[] data = new byte[0];
    private int size;
    private byte[] synced = new byte[0];
    private int syncedSize;
    private final List<Step> unsynced = new ArrayList<>();
    private long modifiedMs;

    private SimulatedInode(boolean directory, long modifiedMs) {
        this.directory = directory;
        this.modifiedMs = modifiedMs;
    }

    static SimulatedInode file(long nowMs) {
        return new SimulatedInode(false, nowMs);
    }

    static SimulatedInode directory(long nowMs) {
        return new SimulatedInode(true, nowMs);
    }

    boolean isDirectory() {
        return directory;
    }

    Map<String, SimulatedInode> entries() {
        return entries;
    }

    Map<String, SimulatedInode> syncedEntries() {
        return syncedEntries;
    }

    int sizeBytes() {
        return size;
    }

    long modifiedMs() {
        return modifiedMs;
    }

    byte[] content() {
        return Arrays.copyOf(data, size);
    }

    int read(ByteBuffer target, long position) {
        if (position >= size) {
            return -1;
        }
        int count = Math.min(target.remaining(), size - (int) position);
        target.put(data, (int) position, count);
        return count;
    }

    void write(int position, byte[] bytes, int count, long nowMs) {
        byte[] written = count == bytes.length ? bytes : Arrays.copyOf(bytes, count);
        if (count > 0) {
            append(new Step(position, written), nowMs);
        }
    }

    void truncate(int newSize, long nowMs) {
        append(new Step(newSize, null), nowMs);
    }

    private void append(Step step, long nowMs) {
        int newSize = step.sizeAfter(size);
        data = apply(step, data, 0, newSize);
        if (newSize < size) {
            Arrays.fill(data, newSize, size, (byte) 0);
        }
        size = newSize;
        modifiedMs = nowMs;
        unsynced.add(step);
    }

    /** Makes a step in the part of the file between two positions; the array grows if it has to. */
    private static byte[] apply(Step step, byte[] target, int from, int end) {
        byte[] grown = end > target.length ? Arrays.copyOf(target, Math.max(end, 2 * target.length)) : target;
        if (step.isTruncation()) {
            Arrays.fill(grown, Math.min(end, Math.max(from, step.position)), end, (byte) 0);
        } else {
            int first = Math.max(from, step.position);
            int last = Math.min(end, step.position + step.bytes.length);
            if (first < last) {
                System.arraycopy(step.bytes, first - step.position, grown, first, last - first);
            }
        }
        return grown;
    }

    void sync() {
        for (Step step : unsynced) {
            int newSize = step.sizeAfter(syncedSize);
            synced = apply(step, synced, 0, Math.max(newSize, syncedSize));
            syncedSize = newSize;
        }
        unsynced.clear();
    }

    /** An fsync failed: some of it is on the device, and the rest will never be, though readers see it. */
    void loseUnsynced(Random random) {
        settle(random, 512);
    }

    void losePower(Random random, int sectorBytes) {
        settle(random, sectorBytes);
        data = Arrays.copyOf(synced, syncedSize);
        size = syncedSize;
    }

    private void settle(Random random, int sectorBytes) {
        int kind = random.nextInt(4);
        if (kind == 0) {
            sync();
        } else if (kind > 1 && !unsynced.isEmpty()) {
            mix(random, sectorBytes);
        }
        unsynced.clear();
    }

    private void mix(Random random, int sectorBytes) {
        int count = unsynced.size();
        int reached = random.nextInt(count + 1);
        int newSize = syncedSize;
        int lastCut = 0;
        for (int i = 0; i < reached; i++) {
            newSize = unsynced.get(i).sizeAfter(newSize);
            lastCut = unsynced.get(i).isTruncation() ? i + 1 : lastCut;
        }
        byte[] mixed = new byte[newSize];
        System.arraycopy(synced, 0, mixed, 0, Math.min(newSize, syncedSize));
        for (int from = 0; from < newSize; from += sectorBytes) {
            int end = Math.min(newSize, from + sectorBytes);
            int kind = random.nextInt(3);
            int steps = kind == 0 ? lastCut : kind == 1 ? count : lastCut + random.nextInt(count - lastCut + 1);
            for (int i = 0; i < steps; i++) {
                apply(unsynced.get(i), mixed, from, end);
            }
        }
        synced = mixed;
        syncedSize = newSize;
    }

    /** What is seen becomes what is on the device, name for name. */
    void loseUnsyncedEntries() {
        entries = new TreeMap<>(syncedEntries);
    }

    void flip(int position, int xor) {
        sync();
        data[position] ^= (byte) xor;
        synced[position] ^= (byte) xor;
    }

    /**
     * The same file or directory with the same past, and all that is below it.
     *
     * @param made what was copied before, and by what
     */
    SimulatedInode fork(IdentityHashMap<SimulatedInode, SimulatedInode> made) {
        SimulatedInode known = made.get(this);
        if (known != null) {
            return known;
        }
        SimulatedInode fork = new SimulatedInode(directory, modifiedMs);
        made.put(this, fork);
        fork.data = content();
        fork.size = size;
        fork.synced = Arrays.copyOf(synced, syncedSize);
        fork.syncedSize = syncedSize;
        fork.unsynced.addAll(unsynced);
        entries.forEach((name, inode) -> fork.entries.put(name, inode.fork(made)));
        syncedEntries.forEach((name, inode) -> fork.syncedEntries.put(name, inode.fork(made)));
        return fork;
    }

    /** The same content, all of it on the device. */
    SimulatedInode copy() {
        SimulatedInode copy = new SimulatedInode(directory, modifiedMs);
        copy.data = content();
        copy.size = size;
        copy.synced = content();
        copy.syncedSize = size;
        entries.forEach((name, inode) -> {
            SimulatedInode other = inode.copy();
            copy.entries.put(name, other);
            copy.syncedEntries.put(name, other);
        });
        return copy;
    }
}
