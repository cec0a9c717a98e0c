package io.ottla.broker.metadata;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * An immutable hash map whose changed copies share all but one path with the original (Bagwell, "Ideal Hash Trees", 2001):
 * a look-up takes a handful of array accesses, and a change in a map of 10,000 entries copies three small arrays.
 */
final class PersistentMap<K, V> {

    private static final int BITS = 5;
    private static final int HASH_BITS = 32;
    private static final Object[] NO_SLOTS = {};
    private static final PersistentMap<?, ?> EMPTY = new PersistentMap<>(new Branch(0, NO_SLOTS), 0);

    private record Entry(int hash, Object key, Object value) {}

    /** Slots for those of 32 five-bit digits whose bit is set; each is an Entry, a Branch or a Bucket. */
    private static final class Branch {
        final int bitmap;
        final Object[] slots;

        Branch(int bitmap, Object[] slots) {
            this.bitmap = bitmap;
            this.slots = slots;
        }
    }

    /** Entries whose hashes are equal. */
    private static final class Bucket {
        final int hash;
        final Entry[] entries;

        Bucket(int hash, Entry[] entries) {
            this.hash = hash;
            this.entries = entries;
        }
    }

    private final Branch root;
    private final int size;

    private PersistentMap(Branch root, int size) {
        this.root = root;
        this.size = size;
    }

    @SuppressWarnings("unchecked") // the empty map holds nothing of any type
    static <K, V> PersistentMap<K, V> empty() {
        return (PersistentMap<K, V>) EMPTY;
    }

    int size() {
        return size;
    }

    /** The value of the key, null if there is none. */
    @SuppressWarnings("unchecked") // only with() puts values in
    V get(K key) {
        int hash = spread(key.hashCode());
        Branch branch = root;
        for (int shift = 0; ; shift += BITS) {
            int bit = bit(hash, shift);
            if ((branch.bitmap & bit) == 0) {
                return null;
            }
            Object slot = branch.slots[index(branch.bitmap, bit)];
            if (slot instanceof Entry entry) {
                return entry.key.equals(key) ? (V) entry.value : null;
            }
            if (slot instanceof Bucket bucket) {
                Entry entry = find(bucket, key);
                return entry == null ? null : (V) entry.value;
            }
            branch = (Branch) slot;
        }
    }

    /** This map with the key set to the value, which is not null. */
    PersistentMap<K, V> with(K key, V value) {
        Entry entry = new Entry(spread(key.hashCode()), key, value);
        return new PersistentMap<>(with(root, 0, entry), get(key) == null ? size + 1 : size);
    }

    /** This map without the key. */
    PersistentMap<K, V> without(K key) {
        return get(key) == null ? this : new PersistentMap<>(without(root, 0, spread(key.hashCode()), key), size - 1);
    }

    /** Visits all entries in no particular order. */
    @SuppressWarnings("unchecked") // only with() puts keys and values in
    void forEach(BiConsumer<? super K, ? super V> action) {
        visit(root, (BiConsumer<Object, Object>) (BiConsumer<?, ?>) action);
    }

    /** What became of one key between two maps. */
    @FunctionalInterface
    interface Change<K, V> {

        /**
         * Told of a key whose values are not the same object.
         *
         * @param before null if it was not there
         * @param after null if it is not there any more
         */
        void accept(K key, V before, V after);
    }

    /**
     * Tells how this map differs from another, in no particular order. What both share is not looked at, so that for a map that
     * was made from the other by a few changes this takes no longer than they did.
     */
    @SuppressWarnings("unchecked") // only with() puts keys and values in
    void forEachChangeFrom(PersistentMap<K, V> before, Change<? super K, ? super V> change) {
        changes(before.root, root, (Change<Object, Object>) (Change<?, ?>) change);
    }

    private static void changes(Object before, Object after, Change<Object, Object> change) {
        if (before == after) {
            return;
        }
        if (before instanceof Branch old && after instanceof Branch young) {
            for (int bits = old.bitmap | young.bitmap; bits != 0; bits &= bits - 1) {
                int bit = Integer.lowestOneBit(bits);
                changes(slot(old, bit), slot(young, bit), change);
            }
            return;
        }
        // At most one of them is large, and it is what the other's few entries have grown into or are left of.
        Map<Object, Object> old = new HashMap<>();
        if (before != null) {
            visit(before, old::put);
        }
        if (after != null) {
            visit(after, (key, value) -> {
                Object previous = old.remove(key);
                if (previous != value) {
                    change.accept(key, previous, value);
                }
            });
        }
        old.forEach((key, value) -> change.accept(key, value, null));
    }

    private static Object slot(Branch branch, int bit) {
        return (branch.bitmap & bit) == 0 ? null : branch.slots[index(branch.bitmap, bit)];
    }

    private static Branch with(Branch branch, int shift, Entry added) {
        int bit = bit(added.hash, shift);
        int index = index(branch.bitmap, bit);
        if ((branch.bitmap & bit) == 0) {
            Object[] slots = new Object[branch.slots.length + 1];
            System.arraycopy(branch.slots, 0, slots, 0, index);
            slots[index] = added;
            System.arraycopy(branch.slots, index, slots, index + 1, branch.slots.length - index);
            return new Branch(branch.bitmap | bit, slots);
        }
        return replaceSlot(branch, index, merge(branch.slots[index], shift + BITS, added));
    }

    private static Object merge(Object slot, int shift, Entry added) {
        if (slot instanceof Branch child) {
            return with(child, shift, added);
        }
        if (slot instanceof Entry entry && entry.key.equals(added.key)) {
            return added;
        }
        int hash = slot instanceof Entry entry ? entry.hash : ((Bucket) slot).hash;
        if (hash == added.hash) {
            return merge(slot, added);
        }
        // Different hashes that agree so far: push the old slot one level down, and try there.
        return with(new Branch(bit(hash, shift), new Object[] {slot}), shift, added);
    }

    private static Bucket merge(Object slot, Entry added) {
        if (slot instanceof Entry entry) {
            return new Bucket(added.hash, new Entry[] {entry, added});
        }
        Bucket bucket = (Bucket) slot;
        for (int i = 0; i < bucket.entries.length; i++) {
            if (bucket.entries[i].key.equals(added.key)) {
                Entry[] entries = bucket.entries.clone();
                entries[i] = added;
                return new Bucket(bucket.hash, entries);
            }
        }
        Entry[] entries = Arrays.copyOf(bucket.entries, bucket.entries.length + 1);
        entries[bucket.entries.length] = added;
        return new Bucket(bucket.hash, entries);
    }

    private static Branch without(Branch branch, int shift, int hash, Object key) {
        int bit = bit(hash, shift);
        int index = index(branch.bitmap, bit);
        Object slot = branch.slots[index];
        if (slot instanceof Branch child) {
            Branch smaller = without(child, shift + BITS, hash, key);
            if (smaller.slots.length == 1 && !(smaller.slots[0] instanceof Branch)) {
                return replaceSlot(branch, index, smaller.slots[0]);
            }
            return replaceSlot(branch, index, smaller);
        }
        if (slot instanceof Bucket bucket) {
            Entry[] entries = Arrays.stream(bucket.entries)
                    .filter(entry -> !entry.key.equals(key))
                    .toArray(Entry[]::new);
            return replaceSlot(branch, index, entries.length == 1 ? entries[0] : new Bucket(hash, entries));
        }
        Object[] slots = new Object[branch.slots.length - 1];
        System.arraycopy(branch.slots, 0, slots, 0, index);
        System.arraycopy(branch.slots, index + 1, slots, index, slots.length - index);
        return new Branch(branch.bitmap & ~bit, slots);
    }

    private static Branch replaceSlot(Branch branch, int index, Object slot) {
        Object[] slots = branch.slots.clone();
        slots[index] = slot;
        return new Branch(branch.bitmap, slots);
    }

    private static Entry find(Bucket bucket, Object key) {
        for (Entry entry : bucket.entries) {
            if (entry.key.equals(key)) {
                return entry;
            }
        }
        return null;
    }

    private static void visit(Object slot, BiConsumer<Object, Object> action) {
        if (slot instanceof Entry entry) {
            action.accept(entry.key, entry.value);
        } else if (slot instanceof Bucket bucket) {
            for (Entry entry : bucket.entries) {
                action.accept(entry.key, entry.value);
            }
        } else {
            for (Object child : ((Branch) slot).slots) {
                visit(child, action);
            }
        }
    }

    private static int spread(int hash) {
        return hash ^ (hash >>> 16);
    }

    /** The bit of the digit at this depth. Equal hashes share a Bucket, so that the shift never exceeds the hash. */
    private static int bit(int hash, int shift) {
        assert shift < HASH_BITS;
        return 1 << ((hash >>> shift) & 31);
    }

    private static int index(int bitmap, int bit) {
        return Integer.bitCount(bitmap & (bit - 1));
    }
}
