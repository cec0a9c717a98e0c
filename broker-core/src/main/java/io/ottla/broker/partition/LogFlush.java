package io.ottla.broker.partition;

import io.ottla.protocol.ApiException;
import io.ottla.storage.Log;
import io.ottla.storage.LogDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forces all logs to the disk when the broker stops, several at a time, so that closing their directories afterwards finds nothing
 * to wait for: one after the other, a thousand logs take seconds.
 */
public final class LogFlush implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LogFlush.class);

    private final List<LogDirectory> directories;
    private final IntSupplier threadsPerDirectory;

    public LogFlush(List<LogDirectory> directories, IntSupplier threadsPerDirectory) {
        this.directories = List.copyOf(directories);
        this.threadsPerDirectory = threadsPerDirectory;
    }

    @Override
    public void close() {
        List<Log> logs = new ArrayList<>();
        for (LogDirectory directory : directories) {
            logs.addAll(directory.logs());
        }
        int threads = threadsPerDirectory.getAsInt() * directories.size();
        LogThreads.forEach(logs, threads, "ottla-log-flush", LogFlush::flush);
    }

    private static void flush(Log log) {
        try {
            log.flush();
        } catch (ApiException e) {
            // The directory's close() tries again, and says that the stop is not clean.
            LOG.debug("Flushing {} failed", log.name(), e);
        }
    }
}
