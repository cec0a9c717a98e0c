package io.ottla.storage;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The last offset of every key: a hash table with open addressing that holds 128 bits of the key's SHA-256 in its place, 24 bytes
 * for each slot. It starts small and grows as keys come, up to a bound; while it grows, the old table and the new one together
 * stay below the bound. Not thread-safe.
 */
final class CleanerKeyMap {

    static final int SLOT_SIZE_BYTES = 24;

    private static final int LONGS_PER_SLOT = 3;
    private static final int FIRST_SLOT_COUNT = 1024;
    private static final int MIN_SLOT_COUNT = 16;
    private static final int MAX_SLOT_COUNT = (Integer.MAX_VALUE - 8) / LONGS_PER_SLOT;
    private static final int HASH_SIZE_BYTES = 32;

    private final MessageDigest digest;
    private final byte[] hash = new byte[HASH_SIZE_BYTES];
    private final ByteBuffer hashView = ByteBuffer.wrap(hash);
    private final int maxSlotCount;
    private final double loadFactor;

    /** For each slot the two halves of the hash, and the offset plus 1: 0 where the slot is free. */
    private long[] slots;

    private int slotCount;
    private int size;

    /**
     * @param maxSizeBytes the most memory to take
     * @param loadFactor how full the table may get
     */
    CleanerKeyMap(long maxSizeBytes, double loadFactor) {
        long most = Math.min(MAX_SLOT_COUNT, maxSizeBytes / SLOT_SIZE_BYTES);
        this.maxSlotCount = (int) Math.max(MIN_SLOT_COUNT, most);
        this.loadFactor = loadFactor;
        this.slotCount = Math.min(FIRST_SLOT_COUNT, maxSlotCount);
        this.slots = new long[slotCount * LONGS_PER_SLOT];
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("Every Java platform has SHA-256", e);
        }
    }

    /** Takes note of a key's offset, which must be larger than its last one; false if there is no room for another key. */
    boolean put(ByteBuffer key, long offset) {
        hash(key);
        long high = hashView.getLong(0);
        long low = hashView.getLong(Long.BYTES);
        int at = find(high, low);
        if (slots[at + 2] == 0) {
            if (size + 1 > slotCount * loadFactor || size + 1 == slotCount) {
                if (!grow()) {
                    return false;
                }
                at = find(high, low);
            }
            slots[at] = high;
            slots[at + 1] = low;
            size++;
        }
        slots[at + 2] = offset + 1;
        return true;
    }

    /** The last offset of the key, -1 if it is not here. */
    long offset(ByteBuffer key) {
        hash(key);
        return slots[find(hashView.getLong(0), hashView.getLong(Long.BYTES)) + 2] - 1;
    }

    int size() {
        return size;
    }

    long sizeBytes() {
        return (long) slotCount * SLOT_SIZE_BYTES;
    }

    private void hash(ByteBuffer key) {
        digest.update(key.duplicate());
        try {
            digest.digest(hash, 0, HASH_SIZE_BYTES);
        } catch (DigestException e) {
            throw new AssertionError("The buffer is as long as the hash", e);
        }
    }

    /** Where the key is, or the free slot where it would go. */
    private int find(long high, long low) {
        int slot = (int) (((high >>> Integer.SIZE) * slotCount) >>> Integer.SIZE);
        while (true) {
            int at = slot * LONGS_PER_SLOT;
            if (slots[at + 2] == 0 || (slots[at] == high && slots[at + 1] == low)) {
                return at;
            }
            slot = slot + 1 == slotCount ? 0 : slot + 1;
        }
    }

    private boolean grow() {
        int grown = (int) Math.min(slotCount * 2L, maxSlotCount - slotCount);
        if (grown <= slotCount) {
            return false;
        }
        long[] old = slots;
        slotCount = grown;
        slots = new long[grown * LONGS_PER_SLOT];
        for (int from = 0; from < old.length; from += LONGS_PER_SLOT) {
            if (old[from + 2] != 0) {
                System.arraycopy(old, from, slots, find(old[from], old[from + 1]), LONGS_PER_SLOT);
            }
        }
        return true;
    }
}
