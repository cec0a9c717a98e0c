package io.ottla.broker.time;

import io.ottla.storage.Clock;
import io.ottla.storage.ManualClock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A timer of hierarchical wheels: a task is scheduled and cancelled in constant time, and the thread sleeps until the next
 * slot that holds a task, or for ever while there is none.
 *
 * <p>There are {@value #LEVELS} levels of {@value #SLOTS} slots. A slot of level 0 is one tick, a millisecond; a slot of
 * the next level is as long as all slots of the level below:
 *
 * <pre>
 *   level 0   | 1 ms | 1 ms | ...                 64 ms in all
 *   level 1   | 64 ms | 64 ms | ...             4.096 s in all
 *   level 2   | 4.096 s | ...                   262 s in all
 *   ...
 * </pre>
 *
 * A task sits at the level of the highest digit, in base 64, in which its tick differs from the present one. When the
 * present reaches a slot of a higher level, the tasks of that slot move to lower levels; so a task moves at most once per
 * level, and the next slot to look at is found from one bit mask per level. After G. Varghese and T. Lauck, "Hashed and
 * hierarchical timing wheels", 1987.
 *
 * <p>Thread-safe. The thread is started by the first task.
 */
public final class WheelTimer implements BrokerTimer, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WheelTimer.class);
    private static final int LEVELS = 7;

    /** The row of the tasks that wait for the thread only. */
    private static final int AT_ONCE = LEVELS;

    private static final int SLOT_BITS = 6;
    private static final int SLOTS = 1 << SLOT_BITS;
    private static final long NANOS_PER_TICK = 1_000_000L;
    private static final long MAX_TICK = (1L << (LEVELS * SLOT_BITS)) - 1;
    private static final long NEVER = Long.MAX_VALUE;

    private final Clock clock;
    private final String threadName;
    private final long originNanos;
    private final MovableClock movable;
    private final Runnable wake = this::wake;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Condition idle = lock.newCondition();
    private final Entry[][] slots = new Entry[LEVELS + 1][SLOTS];
    private final long[] occupied = new long[LEVELS + 1];

    private long presentTick;
    private long plannedTick = NEVER;
    private Thread thread;
    private boolean running;
    private long tasksRun;
    private int idleWaiters;
    private boolean closed;

    /**
     * @param clock where all time comes from; a {@link ManualClock} or {@link MovableClock} makes due tasks run when it is moved
     * @param threadName the name of the timer's thread
     */
    public WheelTimer(Clock clock, String threadName) {
        this.clock = clock;
        this.threadName = threadName;
        this.originNanos = clock.nanoTime();
        this.movable = clock instanceof MovableClock given ? given : null;
        if (movable != null) {
            movable.onMove(wake);
        } else if (clock instanceof ManualClock manual) {
            manual.onAdvance(wake);
        }
    }

    @Override
    public TimerTask schedule(Runnable task, long delayMs) {
        Entry entry = new Entry(this, task);
        lock.lock();
        try {
            if (closed) {
                return entry;
            }
            entry.tick = delayMs <= 0 ? presentTick : dueTick(delayMs);
            insert(entry);
            if (thread == null) {
                start();
            } else if (entry.tick < plannedTick) {
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
        return entry;
    }

    private boolean movesByItself() {
        return movable == null ? !(clock instanceof ManualClock) : movable.isRunning();
    }

    /**
     * Returns when no task is due and none runs: after a move of the clock, when all has been done that was due by then. Must not be
     * called by a task.
     *
     * @return how many tasks have run since the timer was made
     */
    public long awaitIdle() {
        lock.lock();
        try {
            while (!closed && (running || isDue())) {
                idleWaiters++;
                changed.signal();
                try {
                    idle.awaitUninterruptibly();
                } finally {
                    idleWaiters--;
                }
            }
            return tasksRun;
        } finally {
            lock.unlock();
        }
    }

    private boolean isDue() {
        return occupied[AT_ONCE] != 0 || nextSlot() <= elapsedNanos() / NANOS_PER_TICK;
    }

    /** Makes the thread look at the clock again: it was moved by hand. */
    private void wake() {
        lock.lock();
        try {
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the thread; what still waits never runs. Must not be called by a task. */
    @Override
    public void close() {
        // A test's clock may outlive many brokers.
        if (movable != null) {
            movable.removeOnMove(wake);
        } else if (clock instanceof ManualClock manual) {
            manual.removeOnAdvance(wake);
        }
        Thread last;
        lock.lock();
        try {
            closed = true;
            last = thread;
            changed.signal();
            idle.signalAll();
        } finally {
            lock.unlock();
        }
        if (last != null) {
            boolean interrupted = false;
            while (last.isAlive()) {
                try {
                    last.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void start() {
        thread = new Thread(this::run, threadName);
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        List<Entry> due = new ArrayList<>();
        while (awaitDue(due)) {
            for (Entry entry : due) {
                try {
                    entry.task.run();
                } catch (RuntimeException | Error e) {
                    LOG.error("A timer task failed", e);
                }
            }
            due.clear();
        }
    }

    /** Waits until at least one task is due. False when the timer is closed. */
    private boolean awaitDue(List<Entry> due) {
        lock.lock();
        try {
            while (!closed) {
                collectDue(due);
                running = !due.isEmpty();
                if (running) {
                    tasksRun += due.size();
                    return true;
                }
                if (idleWaiters > 0) {
                    idle.signalAll();
                }
                plannedTick = occupied[AT_ONCE] != 0 ? presentTick : nextSlot();
                if (plannedTick == NEVER || !movesByItself()) {
                    changed.awaitUninterruptibly();
                } else {
                    sleepUntilPlanned();
                }
                plannedTick = NEVER;
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // the caller loops
    private void sleepUntilPlanned() {
        long nanos = plannedTick * NANOS_PER_TICK - elapsedNanos();
        if (nanos > 0) {
            try {
                changed.awaitNanos(nanos);
            } catch (InterruptedException e) {
                // Nobody has a reason to interrupt this thread; close() has its own flag.
                LOG.debug("The timer was interrupted", e);
            }
        }
    }

    /** Moves the present to what the clock says, and takes out all tasks up to it. */
    private void collectDue(List<Entry> due) {
        long nowTick = elapsedNanos() / NANOS_PER_TICK;
        for (long next = nextSlot(); next <= nowTick; next = nextSlot()) {
            presentTick = next;
            for (int level = LEVELS - 1; level >= 0; level--) {
                empty(level, slotOf(presentTick, level), due);
            }
        }
        presentTick = Math.max(presentTick, nowTick);
        empty(AT_ONCE, 0, due);
    }

    /** Empties a slot that starts at the present: what is due is taken out, the rest moves down. */
    private void empty(int level, int slot, List<Entry> due) {
        Entry entry = slots[level][slot];
        slots[level][slot] = null;
        occupied[level] &= ~(1L << slot);
        while (entry != null) {
            Entry next = entry.next;
            entry.unlinked();
            if (entry.tick <= presentTick) {
                due.add(entry);
            } else {
                insert(entry);
            }
            entry = next;
        }
    }

    /** The first tick at which a slot with tasks starts. */
    private long nextSlot() {
        for (int level = 0; level < LEVELS; level++) {
            // All tasks of a level lie in slots ahead of the present one, so the lowest bit is the next.
            if (occupied[level] != 0) {
                int shift = level * SLOT_BITS;
                long roundStart = presentTick >>> (shift + SLOT_BITS) << (shift + SLOT_BITS);
                return roundStart + ((long) Long.numberOfTrailingZeros(occupied[level]) << shift);
            }
        }
        return NEVER;
    }

    private void insert(Entry entry) {
        int highestBit = 63 - Long.numberOfLeadingZeros((entry.tick ^ presentTick) | (SLOTS - 1));
        boolean waits = entry.tick > presentTick;
        int level = waits ? highestBit / SLOT_BITS : AT_ONCE;
        int slot = waits ? slotOf(entry.tick, level) : 0;
        entry.level = level;
        entry.slot = slot;
        entry.previous = null;
        entry.next = slots[level][slot];
        if (entry.next != null) {
            entry.next.previous = entry;
        }
        slots[level][slot] = entry;
        occupied[level] |= 1L << slot;
    }

    private boolean cancel(Entry entry) {
        lock.lock();
        try {
            if (entry.level < 0) {
                return false;
            }
            if (entry.next != null) {
                entry.next.previous = entry.previous;
            }
            if (entry.previous != null) {
                entry.previous.next = entry.next;
            } else {
                slots[entry.level][entry.slot] = entry.next;
                if (entry.next == null) {
                    occupied[entry.level] &= ~(1L << entry.slot);
                }
            }
            entry.unlinked();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The first tick that is not before the delay has passed. */
    private long dueTick(long delayMs) {
        long wholeTicks = Math.floorDiv(elapsedNanos() + NANOS_PER_TICK - 1, NANOS_PER_TICK);
        return delayMs > MAX_TICK - wholeTicks ? MAX_TICK : wholeTicks + delayMs;
    }

    private long elapsedNanos() {
        return clock.nanoTime() - originNanos;
    }

    private static int slotOf(long tick, int level) {
        return (int) (tick >>> (level * SLOT_BITS)) & (SLOTS - 1);
    }

    /** A waiting task, a link of its slot's list. All but the task is guarded by the timer's lock. */
    private static final class Entry implements TimerTask {

        private static final int NOT_WAITING = -1;

        private final WheelTimer timer;
        private final Runnable task;
        private long tick;
        private int level = NOT_WAITING;
        private int slot;
        private Entry previous;
        private Entry next;

        Entry(WheelTimer timer, Runnable task) {
            this.timer = timer;
            this.task = task;
        }

        @Override
        public boolean cancel() {
            return timer.cancel(this);
        }

        void unlinked() {
            level = NOT_WAITING;
            previous = null;
            next = null;
        }
    }
}
