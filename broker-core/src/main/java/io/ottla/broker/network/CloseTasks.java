package io.ottla.broker.network;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is to be done when a connection ends. Thread-safe. */
final class CloseTasks {

    private static final Logger LOG = LoggerFactory.getLogger(CloseTasks.class);

    /** Guarded by this, with the flag below. */
    private final List<Runnable> tasks = new ArrayList<>();

    private boolean run;

    /** Adds a task; runs it at once if the connection has ended. */
    void add(Runnable task) {
        synchronized (this) {
            if (!run) {
                tasks.add(task);
                return;
            }
        }
        task.run();
    }

    /** The connection has ended. */
    void run(Connection connection) {
        List<Runnable> all;
        synchronized (this) {
            run = true;
            all = List.copyOf(tasks);
            tasks.clear();
        }
        for (Runnable task : all) {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.error("A task for the end of connection {} failed", connection, e);
            }
        }
    }
}
