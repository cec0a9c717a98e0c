package io.ottla.storage;

import java.util.function.Consumer;
import java.util.function.Predicate;

/** Producer states by id: a hash table that looks up without boxing. Guarded by the log's lock. */
final class ProducerTable {

    private static final int MIN_CAPACITY = 8;

    private ProducerState[] slots = new ProducerState[MIN_CAPACITY];
    private int size;

    ProducerState find(long producerId) {
        int mask = slots.length - 1;
        int at = hash(producerId) & mask;
        while (slots[at] != null) {
            if (slots[at].producerId() == producerId) {
                return slots[at];
            }
            at = (at + 1) & mask;
        }
        return null;
    }

    /** Adds a state whose id is not in the table. */
    void add(ProducerState state) {
        if ((size + 1) * 2 > slots.length) {
            rehash(slots.length * 2, anyState -> true);
        }
        place(state);
        size++;
    }

    private void place(ProducerState state) {
        int mask = slots.length - 1;
        int at = hash(state.producerId()) & mask;
        while (slots[at] != null) {
            at = (at + 1) & mask;
        }
        slots[at] = state;
    }

    void retainIf(Predicate<ProducerState> keep) {
        rehash(slots.length, keep);
    }

    private void rehash(int capacity, Predicate<ProducerState> keep) {
        ProducerState[] old = slots;
        slots = new ProducerState[capacity];
        size = 0;
        for (ProducerState state : old) {
            if (state != null && keep.test(state)) {
                place(state);
                size++;
            }
        }
    }

    void forEach(Consumer<ProducerState> action) {
        for (ProducerState state : slots) {
            if (state != null) {
                action.accept(state);
            }
        }
    }

    int size() {
        return size;
    }

    void clear() {
        slots = new ProducerState[MIN_CAPACITY];
        size = 0;
    }

    private static int hash(long producerId) {
        long mixed = producerId * 0x9e3779b97f4a7c15L;
        return (int) (mixed >>> Integer.SIZE);
    }
}
