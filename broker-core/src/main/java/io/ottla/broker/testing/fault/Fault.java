package io.ottla.broker.testing.fault;

import io.ottla.broker.handler.RequestContext;
import io.ottla.protocol.ApiMessage;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fault that was armed: what it has done so far, and the way to end it.
 *
 * <pre>{@code
 * Fault fault = broker.faults().on(ApiKey.PRODUCE).topic("orders").error(ErrorCode.NOT_LEADER_OR_FOLLOWER).times(2);
 * producer.send(record).get(); // the third attempt succeeds
 * assertEquals(2, fault.fired());
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class Fault implements AutoCloseable {

    private final Faults faults;
    private final FaultMatcher matcher;
    private final FaultAction action;
    private final Trigger trigger;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    private long matched;
    private long fired;
    private boolean armed = true;

    Fault(Faults faults, FaultMatcher matcher, FaultAction action, Trigger trigger) {
        this.faults = faults;
        this.matcher = matcher;
        this.action = action;
        this.trigger = trigger;
    }

    /** How many requests matched while the fault was armed, those among them for which it did not fire. */
    public long matched() {
        lock.lock();
        try {
            return matched;
        } finally {
            lock.unlock();
        }
    }

    /** How many times the fault fired. */
    public long fired() {
        lock.lock();
        try {
            return fired;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the fault may still fire: it is not disarmed, and its trigger is not spent. */
    public boolean isArmed() {
        lock.lock();
        try {
            return armed;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the fault has fired at least once.
     *
     * @param timeout how long at most, by the clock of the machine
     * @throws AssertionError if it has not fired by then; the message says what the fault is
     * @throws InterruptedException if the thread is interrupted
     */
    public void awaitFired(Duration timeout) throws InterruptedException {
        awaitFired(1, timeout);
    }

    /**
     * Waits until the fault has fired a number of times.
     *
     * @param times how often at least
     * @param timeout how long at most, by the clock of the machine
     * @throws AssertionError if it has not fired as often by then; the message says how often it has
     * @throws InterruptedException if the thread is interrupted
     */
    public void awaitFired(long times, Duration timeout) throws InterruptedException {
        lock.lock();
        try {
            long leftNanos = timeout.toNanos();
            while (fired < times) {
                if (leftNanos <= 0) {
                    throw new AssertionError("Fired " + fired + " of " + times + " times within " + timeout.toMillis()
                            + " ms (" + matched + " requests matched): " + this);
                }
                leftNanos = changed.awaitNanos(leftNanos);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Keeps the fault from firing again. What it has done to requests and connections stays. Has no effect on a fault that is not armed. */
    public void disarm() {
        lock.lock();
        try {
            armed = false;
        } finally {
            lock.unlock();
        }
        faults.disarmed(this);
    }

    /**
     * Disarms the fault; so a fault can be armed for the length of a {@code try} block.
     *
     * @throws AssertionError if faults are {@linkplain Faults#strict(boolean) strict} and this one never fired
     */
    @Override
    public void close() {
        disarm();
        if (faults.isStrict() && fired() == 0) {
            throw new AssertionError("Never fired: " + report());
        }
    }

    FaultMatcher matcher() {
        return matcher;
    }

    FaultAction action() {
        return action;
    }

    /** Looks at a request; true if the fault fires for it. */
    boolean firesFor(RequestContext context, ApiMessage request, FaultHost host) {
        if (!isArmed() || !action.fits(request) || !matcher.matches(context, request, host)) {
            return false;
        }
        boolean spent;
        boolean fires;
        lock.lock();
        try {
            if (!armed) {
                return false;
            }
            matched++;
            fires = trigger.fires(matched);
            spent = trigger.isSpentAfter(matched);
            if (fires) {
                fired++;
                changed.signalAll();
            }
            armed = !spent;
        } finally {
            lock.unlock();
        }
        if (spent) {
            faults.disarmed(this);
        }
        return fires;
    }

    /** The fault with its counts. */
    String report() {
        return this + " (matched " + matched() + ", fired " + fired() + ")";
    }

    /** What the fault is about, what it does and when: {@code PRODUCE of topic orders: answer with NOT_LEADER_OR_FOLLOWER, once}. */
    @Override
    public String toString() {
        return matcher + ": " + action.description() + ", " + trigger;
    }
}
