package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

class EventLoopsTest {

    @Test
    void shouldSleepWithoutATimerWhileNothingIsScheduled() {
        EventLoops loops = new EventLoops(1, "ottla-test-loop-");
        try {
            EventLoops.Loop loop = (EventLoops.Loop) loops.acceptor().eventLoop();
            long never = -1;
            assertEquals(
                    never,
                    loop.submit(loop::deadlineNanos).syncUninterruptibly().getNow());
            assertFalse(loop.isSuspensionSupported());
        } finally {
            loops.close();
        }
    }
}
