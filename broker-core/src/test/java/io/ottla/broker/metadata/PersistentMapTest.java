package io.ottla.broker.metadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PersistentMapTest {

    @Test
    void shouldTellWhatChanged() {
        Random random = new Random(11);
        for (int round = 0; round < 200; round++) {
            PersistentMap<Integer, String> before = PersistentMap.empty();
            Map<Integer, String> old = new HashMap<>();
            for (int i = random.nextInt(100); i > 0; i--) {
                // Keys that agree in their lower bits, so that there are deep branches.
                int key = random.nextInt(8) << (5 * random.nextInt(6));
                String value = "v" + i;
                before = before.with(key, value);
                old.put(key, value);
            }
            PersistentMap<Integer, String> after = before;
            Map<Integer, String> young = new HashMap<>(old);
            for (int i = random.nextInt(20); i > 0; i--) {
                int key = random.nextInt(8) << (5 * random.nextInt(6));
                if (random.nextBoolean()) {
                    after = after.without(key);
                    young.remove(key);
                } else {
                    String value = "w" + i;
                    after = after.with(key, value);
                    young.put(key, value);
                }
            }
            Map<Integer, String> replayed = new HashMap<>(old);
            after.forEachChangeFrom(before, (key, previous, value) -> {
                assertEquals(old.get(key), previous);
                if (value == null) {
                    replayed.remove(key);
                } else {
                    replayed.put(key, value);
                }
            });
            assertEquals(young, replayed);
        }
    }

    private static final long SEED = 20_260_101L;

    /** A key of which many share a hash, or all but its highest bits. */
    private record Key(int value) {
        @Override
        public int hashCode() {
            return value % 3 == 0 ? 7 : (value % 64) << 26;
        }
    }

    @Test
    void shouldBehaveAsAHashMapUnderRandomChanges() {
        compare(20_000, 500, false);
    }

    @Test
    void shouldKeepKeysApartWhoseHashesAreEqual() {
        compare(20_000, 200, true);
    }

    @Test
    void shouldLeaveOldVersionsAsTheyWere() {
        PersistentMap<String, Integer> empty = PersistentMap.empty();
        PersistentMap<String, Integer> one = empty.with("a", 1);
        PersistentMap<String, Integer> two = one.with("a", 2).with("b", 3);
        assertNull(empty.get("a"));
        assertEquals(1, one.get("a"));
        assertEquals(2, two.get("a"));
        assertEquals(1, one.size());
        assertEquals(2, two.size());
        assertEquals(3, two.without("a").get("b"));
        assertSame(two, two.without("c"));
    }

    private static void compare(int steps, int keys, boolean badHashes) {
        Random random = new Random(SEED);
        Map<Object, Integer> expected = new HashMap<>();
        PersistentMap<Object, Integer> actual = PersistentMap.empty();
        for (int step = 0; step < steps; step++) {
            int number = random.nextInt(keys);
            Object key = badHashes ? new Key(number) : "topic-" + number;
            if (random.nextInt(5) < 2) {
                expected.remove(key);
                actual = actual.without(key);
            } else {
                expected.put(key, step);
                actual = actual.with(key, step);
            }
            assertEquals(expected.get(key), actual.get(key), "seed " + SEED + " step " + step);
            assertEquals(expected.size(), actual.size(), "seed " + SEED + " step " + step);
        }
        Map<Object, Integer> visited = new HashMap<>();
        actual.forEach(visited::put);
        assertEquals(expected, visited);
    }
}
