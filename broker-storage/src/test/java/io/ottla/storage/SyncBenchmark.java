package io.ottla.storage;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Measures how many appends a second {@link FlushPolicy#POWER_SAFE} acknowledges, with one and with 32 in flight. Not a test: run it by
 * hand, with a directory on the disk to measure as its argument.
 *
 * <pre>mvn -q -pl broker-storage test-compile exec:java -Dexec.classpathScope=test
 *     -Dexec.mainClass=io.ottla.storage.SyncBenchmark -Dexec.args=/var/tmp/bench</pre>
 */
public final class SyncBenchmark {

    private static final long ROUND_NANOS = 3_000_000_000L;
    private static final int[] IN_FLIGHT = {1, 32, 1, 32};

    private SyncBenchmark() {}

    /** Runs all measurements. */
    public static void main(String[] arguments) throws IOException {
        Path path = Path.of(arguments[0]);
        Clock clock = Clock.system();
        AtomicLong syncs = new AtomicLong();
        StorageOptions options = StorageOptions.of(clock, (task, delayMs) -> {})
                .withFlushPolicy(FlushPolicy.POWER_SAFE)
                .withFiles(new CountingFiles(syncs));
        ExecutorService executor = Executors.newFixedThreadPool(1);
        try (LogDirectory directory = LogDirectory.open(path, options)) {
            Log log = directory.open("topic", 0, Uuid.ZERO, LogConfig.DEFAULT);
            GroupCommit commits = new GroupCommit(log, executor, () -> {});
            for (int inFlight : IN_FLIGHT) {
                measure(log, commits, clock, inFlight, syncs);
            }
        } finally {
            executor.shutdown();
            StorageFiles.system().deleteTree(path);
        }
    }

    private static void measure(Log log, GroupCommit commits, Clock clock, int inFlight, AtomicLong syncs) {
        Semaphore free = new Semaphore(inFlight);
        long syncsBefore = syncs.get();
        long start = clock.nanoTime();
        long count = 0;
        while (clock.nanoTime() - start < ROUND_NANOS) {
            free.acquireUninterruptibly();
            ByteBuffer batch = new RecordBatchBuilder()
                    .append(clock.timeMs(), null, new byte[100])
                    .build();
            LogAppendResult result = log.append(batch, AppendOrigin.CLIENT, 0);
            commits.whenCommitted(result.lastOffset() + 1, failure -> free.release());
            count++;
        }
        free.acquireUninterruptibly(inFlight);
        double seconds = (clock.nanoTime() - start) / 1e9;
        long rounds = syncs.get() - syncsBefore;
        System.out.printf(
                "%2d in flight: %8.0f acknowledged/s, %6.0f fsyncs/s, %5.1f for one%n",
                inFlight, count / seconds, rounds / seconds, (double) count / rounds);
    }

    private static final class CountingFiles extends DelegatingFiles {

        private final AtomicLong syncs;

        CountingFiles(AtomicLong syncs) {
            super(StorageFiles.system());
            this.syncs = syncs;
        }

        @Override
        StorageFile opened(StorageFile file) {
            return new DelegatingFile(file) {
                @Override
                public void sync() throws IOException {
                    syncs.incrementAndGet();
                    super.sync();
                }
            };
        }
    }
}
