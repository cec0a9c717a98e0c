package io.ottla.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class CleanerKeyMapTest {

    private static ByteBuffer key(int number) {
        return ByteBuffer.wrap(TestLogs.bytes("key-" + number));
    }

    @Test
    void shouldHoldTheLastOffsetOfEachKeyAndGrowWithThem() {
        CleanerKeyMap keys = new CleanerKeyMap(64L << 20, 0.9);
        long first = keys.sizeBytes();
        for (int i = 0; i < 100_000; i++) {
            assertTrue(keys.put(key(i % 50_000), i));
        }
        assertEquals(50_000, keys.size());
        for (int i = 0; i < 50_000; i++) {
            assertEquals(50_000 + i, keys.offset(key(i)));
        }
        assertEquals(-1, keys.offset(key(50_000)));
        assertTrue(first < 32_000, first + " bytes");
        assertTrue(keys.sizeBytes() < 4_000_000, keys.sizeBytes() + " bytes");
    }

    @Test
    void shouldStayBelowItsBound() {
        long bound = 1000L * CleanerKeyMap.SLOT_SIZE_BYTES;
        CleanerKeyMap keys = new CleanerKeyMap(bound, 0.9);
        int count = 0;
        while (keys.put(key(count), count)) {
            count++;
        }
        assertEquals(900, count);
        assertEquals(bound, keys.sizeBytes());
        assertTrue(keys.put(key(3), 5000), "a known key needs no room");
        assertEquals(5000, keys.offset(key(3)));
        assertFalse(keys.put(key(count), count));
        assertEquals(-1, keys.offset(key(count)));
    }
}
