package io.ottla.broker.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.storage.Clock;
import io.ottla.storage.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WheelTimerTest {

    private static final int PATIENCE_SECONDS = 20;

    private final ManualClock clock = new ManualClock(0);
    private final WheelTimer timer = new WheelTimer(clock, "ottla-test-timer");
    private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        timer.close();
    }

    @Test
    void shouldRunATaskWhenItsDelayHasPassed() throws Exception {
        timer.schedule(() -> ran.add("task"), 50);
        clock.advance(Duration.ofMillis(49));
        settle();
        assertNull(ran.poll());
        clock.advance(Duration.ofMillis(1));
        assertEquals("task", ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    @Test
    void shouldNotRunATaskAFractionOfAMillisecondEarly() throws Exception {
        clock.advance(Duration.ofNanos(900_000));
        timer.schedule(() -> ran.add("task"), 10);
        clock.advance(Duration.ofNanos(9_500_000));
        settle();
        assertNull(ran.poll());
        clock.advance(Duration.ofMillis(1));
        assertEquals("task", ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    @Test
    void shouldNotRunACancelledTask() throws Exception {
        TimerTask cancelled = timer.schedule(() -> ran.add("cancelled"), 100);
        timer.schedule(() -> ran.add("kept"), 100);
        assertTrue(cancelled.cancel());
        assertFalse(cancelled.cancel());
        clock.advance(Duration.ofDays(1));
        assertEquals("kept", ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
        settle();
        assertNull(ran.poll());
    }

    @Test
    void shouldSayThatATaskThatRanCannotBeCancelled() throws Exception {
        TimerTask task = timer.schedule(() -> ran.add("task"), 1);
        clock.advance(Duration.ofMillis(5));
        assertEquals("task", ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertFalse(task.cancel());
    }

    @Test
    void shouldGoOnAfterATaskFailed() throws Exception {
        timer.schedule(
                () -> {
                    throw new IllegalStateException("on purpose");
                },
                1);
        timer.schedule(() -> ran.add("next"), 2);
        clock.advance(Duration.ofMillis(5));
        assertEquals("next", ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    @Test
    void shouldRunEveryTaskAtItsTimeWhateverTheStepsOfTheClock() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        record Run(long dueMs, long ranMs) {}
        List<Run> runs = Collections.synchronizedList(new ArrayList<>());
        List<TimerTask> cancellable = new ArrayList<>();
        int expected = 0;
        for (int step = 0; step < 300; step++) {
            for (int i = 0; i < 20; i++) {
                long delayMs = (long) Math.pow(10, random.nextDouble() * 9) - 1;
                long dueMs = clock.timeMs() + delayMs;
                TimerTask task = timer.schedule(() -> runs.add(new Run(dueMs, clock.timeMs())), delayMs);
                expected++;
                if (random.nextInt(4) == 0) {
                    cancellable.add(task);
                }
            }
            if (!cancellable.isEmpty()
                    && random.nextBoolean()
                    && cancellable.remove(random.nextInt(cancellable.size())).cancel()) {
                expected--;
            }
            clock.advance(Duration.ofMillis((long) Math.pow(10, random.nextDouble() * 7)));
            settle();
            long nowMs = clock.timeMs();
            for (Run run : List.copyOf(runs)) {
                assertTrue(run.dueMs <= run.ranMs, () -> run + " ran early, seed " + seed);
            }
            assertTrue(runs.stream().allMatch(run -> run.ranMs <= nowMs));
        }
        clock.advance(Duration.ofDays(365));
        settle();
        assertEquals(expected, runs.size(), () -> "seed " + seed);
    }

    @Test
    void shouldSayWhenAllIsDoneThatIsDue() {
        assertEquals(0, timer.awaitIdle());
        for (int round = 1; round <= 100; round++) {
            timer.schedule(
                    () -> {
                        ran.add("first");
                        timer.schedule(() -> ran.add("at once"), 0);
                        timer.schedule(() -> ran.add("later"), 1);
                    },
                    5);
            clock.advance(Duration.ofMillis(5));
            assertEquals(3L * round - 1, timer.awaitIdle());
            assertEquals(List.of("first", "at once"), List.of(ran.remove(), ran.remove()));
            assertNull(ran.poll());
            clock.advance(Duration.ofMillis(1));
            assertEquals(3L * round, timer.awaitIdle());
            assertEquals("later", ran.remove());
        }
        timer.close();
        assertEquals(300, timer.awaitIdle());
    }

    @Test
    void shouldFollowTheClockOfTheMachine() throws Exception {
        try (WheelTimer real = new WheelTimer(Clock.system(), "ottla-test-real-timer")) {
            long startNanos = Clock.system().nanoTime();
            // Far enough apart that a pause between the two calls does not change their order.
            real.schedule(() -> ran.add("later"), 500);
            real.schedule(() -> ran.add("sooner"), 10);
            assertEquals("sooner", ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
            assertEquals("later", ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
            assertTrue(Clock.system().nanoTime() - startNanos >= TimeUnit.MILLISECONDS.toNanos(500));
        }
    }

    @Test
    void shouldLeaveNoThreadWhenClosed() {
        timer.schedule(() -> ran.add("never"), 1);
        timer.close();
        assertTrue(Thread.getAllStackTraces().keySet().stream()
                .noneMatch(t -> t.getName().equals("ottla-test-timer")));
        clock.advance(Duration.ofSeconds(1));
        timer.schedule(() -> ran.add("never"), 0);
        assertNull(ran.poll());
    }

    /** Waits until the timer has run all that is due: a task without delay runs after them. */
    private void settle() throws InterruptedException {
        CountDownLatch behindAll = new CountDownLatch(1);
        timer.schedule(behindAll::countDown, 0);
        assertTrue(behindAll.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }
}
