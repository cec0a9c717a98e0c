package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether the benchmarks measure what they say: that all frames are found, and that answers have records. */
class NetworkBenchmarksTest {

    @ParameterizedTest
    @ValueSource(ints = {100, 64_000})
    void shouldFindEveryFrame(int sizeBytes) {
        FrameDecodeBenchmark frames = new FrameDecodeBenchmark();
        frames.sizeBytes = sizeBytes;
        frames.setUp();
        frames.pipelined();
        frames.pipelined();
        assertEquals(64, frames.count());
        frames.tearDown();
    }

    @Test
    void shouldFindTheRecordsOfAllActivePartitions() {
        int one = fetchedBytes(1);
        int ten = fetchedBytes(10);
        assertTrue(one > 100, one + " bytes");
        assertTrue(ten > 8 * one && ten < 10 * one, ten + " bytes beside " + one);
        assertEquals(ten, fetchedBytes(20), "partitions without news are not in the answer");
    }

    private static int fetchedBytes(int partitions) {
        FetchResponseBenchmark fetches = new FetchResponseBenchmark();
        fetches.partitions = partitions;
        try {
            fetches.setUp();
            int first = fetches.fetch();
            assertEquals(first, fetches.fetch());
            return first;
        } finally {
            fetches.tearDown();
        }
    }
}
