package io.ottla.broker.testing;

import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataListener;
import io.ottla.broker.partition.AppendWaiter;
import io.ottla.broker.partition.Partition;
import io.ottla.storage.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Waits in real time until something is so. Looks again whenever records are appended anywhere, those of the coordinators included, or the
 * metadata changes; and now and then besides, as not all that happens in a broker leaves a record. For one thread.
 */
final class Waiting {

    /** For what leaves no record. */
    private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final Clock REAL_TIME = Clock.system();

    private final Supplier<BrokerParts> broker;
    private final Duration limit;
    private String seenLast;

    /** Looks whether it is so. */
    @FunctionalInterface
    interface Probe {

        /** Null if it is; what there is instead, for the message, if it is not. */
        String look(BrokerParts broker);
    }

    Waiting(Supplier<BrokerParts> broker, Duration limit) {
        this.broker = broker;
        this.limit = limit;
    }

    /** Returns when it is so; throws if that takes too long. */
    void await(String what, Probe probe) {
        if (!comesTrue(probe)) {
            throw new AssertionError("Waited " + limit.toMillis() + " ms until " + what + ", but " + seenLast);
        }
    }

    /** Whether it is so before the time is up. */
    boolean comesTrue(Probe probe) {
        long deadlineNanos = REAL_TIME.nanoTime() + limit.toNanos();
        seenLast = look(probe);
        if (seenLast == null) {
            return true;
        }
        Signals signals = new Signals();
        try {
            while (true) {
                signals.follow(parts());
                long seen = signals.count();
                seenLast = look(probe);
                long leftNanos = deadlineNanos - REAL_TIME.nanoTime();
                if (seenLast == null || leftNanos <= 0) {
                    return seenLast == null;
                }
                signals.awaitMore(seen, Math.min(leftNanos, LOOK_AGAIN_NANOS));
            }
        } finally {
            signals.follow(null);
        }
    }

    private BrokerParts parts() {
        try {
            return broker.get();
        } catch (IllegalStateException e) {
            return null; // it may be started again
        }
    }

    private String look(Probe probe) {
        BrokerParts parts = parts();
        return parts == null ? "the broker does not run" : probe.look(parts);
    }

    /** Counts what happens in a broker. */
    private static final class Signals implements AppendWaiter, MetadataListener {

        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final Set<Partition> followed = new HashSet<>();
        private BrokerParts source;
        private long count;

        /** Listens to this broker, and to all partitions that it has by now. */
        @SuppressWarnings("ReferenceEquality") // after a restart the parts are others, however alike
        void follow(BrokerParts broker) {
            if (broker != source) {
                if (source != null) {
                    source.metadata().removeListener(this);
                }
                followed.forEach(partition -> partition.removeWaiter(this));
                followed.clear();
                source = broker;
                if (broker != null) {
                    broker.metadata().addListener(this);
                }
            }
            if (broker != null) {
                for (Partition partition : broker.partitions().all()) {
                    if (followed.add(partition)) {
                        partition.addWaiter(this);
                    }
                }
            }
        }

        long count() {
            lock.lock();
            try {
                return count;
            } finally {
                lock.unlock();
            }
        }

        @SuppressWarnings("WaitNotInLoop") // the caller looks again whatever woke it
        void awaitMore(long seen, long nanos) {
            lock.lock();
            try {
                if (count == seen) {
                    changed.awaitNanos(nanos);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while waiting for the broker", e);
            } finally {
                lock.unlock();
            }
        }

        private void signal() {
            lock.lock();
            try {
                count++;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void appended(Partition partition, int sizeBytes) {
            signal();
        }

        @Override
        public void startMoved(Partition partition) {
            signal();
        }

        @Override
        public void leadershipChanged(Partition partition) {
            signal();
        }

        @Override
        public void onChange(MetadataImage before, MetadataImage after) {
            signal();
        }
    }
}
