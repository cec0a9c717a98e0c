package io.ottla.storage;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Measures what one append and one tail read cost. Not a test: run it by hand, with the directory to write to as its argument.
 *
 * <pre>mvn -q -pl broker-storage test-compile exec:java -Dexec.classpathScope=test
 *     -Dexec.mainClass=io.ottla.storage.AppendBenchmark -Dexec.args=/dev/shm/bench</pre>
 */
public final class AppendBenchmark {

    private static final int WARM_UP = 200_000;
    private static final int ROUNDS = 1_000_000;

    private AppendBenchmark() {}

    /** Runs all measurements. */
    public static void main(String[] arguments) throws IOException {
        Clock clock = Clock.system();
        Path path = Path.of(arguments[0]);
        try (LogDirectory directory = LogDirectory.open(path, StorageOptions.of(clock, (task, delayMs) -> {}))) {
            LogConfig config = LogConfig.builder().segmentBytes(1 << 28).build();
            for (boolean idempotent : new boolean[] {false, true}) {
                Log log = directory.open(idempotent ? "idempotent" : "plain", 0, Uuid.ZERO, config);
                measure(log, clock, idempotent);
            }
        } finally {
            StorageFiles.system().deleteTree(path);
        }
    }

    private static void measure(Log log, Clock clock, boolean idempotent) {
        RecordBatchBuilder builder = new RecordBatchBuilder();
        if (idempotent) {
            builder.producer(1_000_000L, (short) 0, 0);
        }
        ByteBuffer built = builder.append(clock.timeMs(), null, new byte[100]).build();
        ByteBuffer batch = ByteBuffer.allocateDirect(built.remaining());
        batch.put(built).flip();
        run(log, clock, batch, idempotent, WARM_UP, 0, false);
        run(log, clock, batch, idempotent, ROUNDS, WARM_UP, true);
        read(log, clock, WARM_UP, false);
        read(log, clock, ROUNDS, true);
    }

    private static void run(
            Log log, Clock clock, ByteBuffer batch, boolean idempotent, int rounds, int sequence, boolean report) {
        CRC32C crc = new CRC32C();
        ByteBuffer covered = batch.slice(21, batch.limit() - 21);
        long allocated = allocatedBytes();
        long start = clock.nanoTime();
        for (int i = 0; i < rounds; i++) {
            batch.putLong(0, 0L);
            if (idempotent) {
                // As the producer would: the sequence is under the CRC.
                batch.putInt(53, sequence + i);
                crc.reset();
                crc.update(covered.rewind());
                batch.putInt(17, (int) crc.getValue());
            }
            log.append(batch, AppendOrigin.CLIENT, 0);
        }
        if (report) {
            report(log.name() + " append", clock.nanoTime() - start, allocatedBytes() - allocated, rounds);
        }
    }

    private static void read(Log log, Clock clock, int rounds, boolean report) {
        long allocated = allocatedBytes();
        long start = clock.nanoTime();
        for (int i = 0; i < rounds; i++) {
            log.read(log.logEndOffset() - 1 - i % 10, 1 << 20, log.highWatermark(), true)
                    .records()
                    .release();
        }
        if (report) {
            report(log.name() + " tail read", clock.nanoTime() - start, allocatedBytes() - allocated, rounds);
        }
    }

    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static void report(String what, long nanos, long bytes, int rounds) {
        System.out.printf("%-24s %6d ns %6d bytes allocated%n", what, nanos / rounds, bytes / rounds);
    }
}
