package io.ottla.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Whether the benchmarks measure what they say: that appends are new, that lookups and reads find something. */
class StorageBenchmarksTest {

    @Test
    void shouldAppendNewBatchesOnly() throws IOException {
        AppendBenchmark appends = new AppendBenchmark();
        appends.sizeBytes = 1000;
        appends.setUp();
        LogAppendResult last = appends.idempotent();
        for (int i = 0; i < 10; i++) {
            LogAppendResult result = i % 2 == 0 ? appends.plain() : appends.idempotent();
            assertFalse(result.duplicate());
            assertEquals(last.lastOffset() + 1, result.baseOffset());
            last = result;
        }
        appends.tearDown();
    }

    @Test
    void shouldFindPlacesInTheIndexes() {
        IndexLookupBenchmark lookups = new IndexLookupBenchmark();
        lookups.entries = 1000;
        lookups.setUp();
        assertTrue(lookups.offset() > 0);
        assertTrue(lookups.timestamp() > 0);
    }

    @Test
    void shouldReadRecords() throws IOException {
        ReadBenchmark reads = new ReadBenchmark();
        reads.setUp();
        assertTrue(reads.locateNewest() > 1000);
        assertTrue(reads.locateAnywhere() > 1000);
        assertEquals(0, reads.copyAnywhere());
        reads.tearDown();
    }
}
