package io.ottla.broker.testing.fault;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Says on which of the requests that match a fault fires, and arms it. A call is a request that matches while the fault is armed, and that no
 * fault armed earlier fired for.
 *
 * <pre>{@code
 * broker.faults().on(ApiKey.PRODUCE).topic("orders").loseAnswer().onCall(2);
 * broker.faults().on(ApiKey.FETCH).delayAnswer(Duration.ofSeconds(1)).withProbability(0.1, 42);
 * }</pre>
 */
public final class FaultTrigger {

    private final Faults faults;
    private final FaultMatcher matcher;
    private final FaultAction action;

    FaultTrigger(Faults faults, FaultMatcher matcher, FaultAction action) {
        this.faults = faults;
        this.matcher = matcher;
        this.action = action;
    }

    /** On the first call. */
    public Fault once() {
        return times(1);
    }

    /** On the first calls, so many of them. */
    public Fault times(long count) {
        return arm(new Trigger.Range(1, positive(count)));
    }

    /** On one call, counted from 1. */
    public Fault onCall(long number) {
        return arm(new Trigger.Range(positive(number), number));
    }

    /** On every n-th call: {@code every(3)} on the third, the sixth and so on, until it is disarmed. */
    public Fault every(long n) {
        return arm(new Trigger.Every(positive(n)));
    }

    /** On each call until it is disarmed. */
    public Fault everyTime() {
        return arm(new Trigger.Range(1, Long.MAX_VALUE));
    }

    /** As {@link #withProbability(double, long)}, with a seed that the description of the fault names. */
    public Fault withProbability(double probability) {
        return withProbability(probability, ThreadLocalRandom.current().nextLong());
    }

    /**
     * On each call with a probability, until it is disarmed.
     *
     * @param probability 0 to 1
     * @param seed the same seed fires on the same calls
     */
    public Fault withProbability(double probability, long seed) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("Not a probability: " + probability);
        }
        return arm(new Trigger.Chance(probability, seed));
    }

    private static long positive(long number) {
        if (number < 1) {
            throw new IllegalArgumentException("Less than 1: " + number);
        }
        return number;
    }

    private Fault arm(Trigger trigger) {
        Fault fault = new Fault(faults, matcher, action, trigger);
        faults.arm(fault);
        return fault;
    }
}
