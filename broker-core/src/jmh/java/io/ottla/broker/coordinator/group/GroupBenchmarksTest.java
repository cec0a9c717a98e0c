package io.ottla.broker.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Whether the benchmark measures what it says: that its requests are not refused. */
class GroupBenchmarksTest {

    @Test
    void shouldAnswerWithoutErrors() {
        GroupRequestBenchmark groups = new GroupRequestBenchmark();
        try {
            groups.setUp();
            assertEquals(0, groups.heartbeat());
            assertEquals(0, groups.consumerGroupHeartbeat());
            assertEquals(0, groups.offsetCommit());
        } finally {
            groups.tearDown();
        }
    }
}
