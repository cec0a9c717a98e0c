package io.ottla.broker.partition;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Does the same to many logs, several at a time: opening them at the start and flushing them at the end waits for the disk more than
 * it computes. The threads live as long as the work.
 */
final class LogThreads {

    /** Fewer are done before a thread has started. */
    private static final int MIN_ITEMS_PER_THREAD = 4;

    private LogThreads() {}

    /**
     * Returns when the work is done for all items.
     *
     * @param threads how many threads, the caller's included
     * @param work does not throw
     */
    static <T> void forEach(List<T> items, int threads, String threadName, Consumer<T> work) {
        AtomicInteger next = new AtomicInteger();
        Runnable loop = () -> {
            for (int i = next.getAndIncrement(); i < items.size(); i = next.getAndIncrement()) {
                work.accept(items.get(i));
            }
        };
        List<Thread> helpers = new ArrayList<>();
        for (int i = 1; i < Math.min(threads, items.size() / MIN_ITEMS_PER_THREAD); i++) {
            Thread helper = new Thread(loop, threadName + "-" + i);
            helper.setDaemon(true);
            helper.start();
            helpers.add(helper);
        }
        loop.run();
        boolean interrupted = false;
        for (Thread helper : helpers) {
            while (helper.isAlive()) {
                try {
                    helper.join();
                } catch (InterruptedException e) {
                    // The logs are in the helpers' hands: nobody else may have them yet.
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
