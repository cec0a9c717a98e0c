package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.record.BatchValidationBenchmark;
import org.junit.jupiter.api.Test;

/** Whether the benchmarks measure what they say: that whole messages and batches are read. */
class ProtocolBenchmarksTest {

    @Test
    void shouldDecodeAndEncodeWholeMessages() {
        ProduceMessageBenchmark messages = new ProduceMessageBenchmark();
        messages.partitions = 100;
        messages.setUp();
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    100,
                    messages.decodeRequest().topicData().get(0).partitionData().size());
            assertTrue(messages.encodeResponse() > 100 * 20);
        }
    }

    @Test
    void shouldAcceptTheBatch() {
        BatchValidationBenchmark batches = new BatchValidationBenchmark();
        batches.sizeBytes = 1000;
        batches.setUp();
        assertEquals(10, batches.headerAndCrc().recordCount());
        assertEquals(900, batches.everyRecord());
    }
}
