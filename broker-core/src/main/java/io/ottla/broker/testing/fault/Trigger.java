package io.ottla.broker.testing.fault;

import java.util.Random;

/** On which of the requests that match a fault fires. Calls come one after the other. */
interface Trigger {

    /**
     * Whether the fault fires.
     *
     * @param call the how many-th matching request this is, from 1
     */
    boolean fires(long call);

    /** Whether the fault never fires again after this matching request. */
    default boolean isSpentAfter(long call) {
        return false;
    }

    /** On the calls from one to another. */
    record Range(long first, long last) implements Trigger {

        @Override
        public boolean fires(long call) {
            return call >= first && call <= last;
        }

        @Override
        public boolean isSpentAfter(long call) {
            return call >= last;
        }

        @Override
        public String toString() {
            if (last == Long.MAX_VALUE) {
                return "every time";
            }
            if (first == last) {
                return first == 1 ? "once" : "on call " + first;
            }
            return "the first " + last + " times";
        }
    }

    /** On every n-th call. */
    record Every(long n) implements Trigger {

        @Override
        public boolean fires(long call) {
            return call % n == 0;
        }

        @Override
        public String toString() {
            return "on every call number " + n;
        }
    }

    /** With a probability. */
    final class Chance implements Trigger {

        private final double probability;
        private final long seed;
        private final Random random;

        Chance(double probability, long seed) {
            this.probability = probability;
            this.seed = seed;
            this.random = new Random(seed);
        }

        @Override
        public boolean fires(long call) {
            return random.nextDouble() < probability;
        }

        @Override
        public String toString() {
            return "with probability " + probability + " (seed " + seed + ")";
        }
    }
}
