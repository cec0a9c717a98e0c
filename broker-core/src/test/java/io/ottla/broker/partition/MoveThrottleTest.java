package io.ottla.broker.partition;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.storage.ManualClock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MoveThrottleTest {

    private static final int STEP = 1000;

    private final ManualClock clock = new ManualClock(1_700_000_000_000L);
    private final AtomicLong rate = new AtomicLong(Long.MAX_VALUE);
    private final MoveThrottle throttle = new MoveThrottle(clock, rate::get);

    @Test
    void shouldNotHoldUpWithoutARate() {
        for (int i = 0; i < 100; i++) {
            assertEquals(STEP, throttle.allowedBytes(STEP));
            throttle.copied(STEP);
        }
    }

    @Test
    void shouldAllowASecondsWorthAtOnceAndThenTheRate() {
        rate.set(500);
        assertEquals(500, throttle.allowedBytes(STEP));
        throttle.copied(500);
        assertEquals(0, throttle.allowedBytes(STEP));
        assertEquals(2, throttle.waitMs());
        clock.advance(Duration.ofMillis(100));
        assertEquals(50, throttle.allowedBytes(STEP));
        clock.advance(Duration.ofMinutes(1));
        assertEquals(500, throttle.allowedBytes(STEP));
    }

    @Test
    void shouldWaitForWhatWasTooMuch() {
        rate.set(100);
        assertEquals(100, throttle.allowedBytes(STEP));
        // One batch is copied whole.
        throttle.copied(400);
        assertEquals(0, throttle.allowedBytes(STEP));
        assertEquals(1000, throttle.waitMs());
        clock.advance(Duration.ofSeconds(3));
        assertEquals(0, throttle.allowedBytes(STEP));
        assertEquals(10, throttle.waitMs());
        clock.advance(Duration.ofMillis(10));
        assertEquals(1, throttle.allowedBytes(STEP));
    }

    @Test
    void shouldFollowAnotherRate() {
        rate.set(0);
        assertEquals(0, throttle.allowedBytes(STEP));
        assertEquals(1000, throttle.waitMs());
        clock.advance(Duration.ofSeconds(1));
        assertEquals(0, throttle.allowedBytes(STEP));
        rate.set(200);
        clock.advance(Duration.ofMillis(500));
        assertEquals(100, throttle.allowedBytes(STEP));
        throttle.copied(10_000);
        rate.set(Long.MAX_VALUE);
        assertEquals(STEP, throttle.allowedBytes(STEP));
        rate.set(200);
        assertEquals(200, throttle.allowedBytes(STEP));
    }
}
