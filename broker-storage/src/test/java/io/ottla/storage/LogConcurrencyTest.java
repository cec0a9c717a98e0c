package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class LogConcurrencyTest {

    private static final int APPENDS = 20_000;

    @TempDir
    Path path;

    @Test
    @Timeout(120)
    void shouldReadWhileOthersAppendRollAndDelete() throws Exception {
        TestScheduler scheduler = new TestScheduler();
        LogDirectory directory = LogDirectory.open(path, TestLogs.options(new ManualClock(START_MS), scheduler));
        LogConfig config = LogConfig.builder()
                .segmentBytes(20_000)
                .indexIntervalBytes(500)
                .retentionBytes(100_000)
                .build();
        Log log = directory.open("topic", 0, Uuid.ZERO, config);
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(6);
        List<Future<Long>> futures = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            futures.add(threads.submit(() -> {
                for (int n = 0; n < APPENDS; n++) {
                    append(log, batch(START_MS, "value"));
                }
                return 0L;
            }));
        }
        List<Callable<Long>> others = List.of(
                () -> consume(log, done, true), () -> consume(log, done, false), () -> retain(log, scheduler, done));
        List<Future<Long>> background = new ArrayList<>();
        for (Callable<Long> other : others) {
            background.add(threads.submit(other));
        }
        for (Future<Long> future : futures) {
            future.get();
        }
        done.set(true);
        for (Future<Long> future : background) {
            assertTrue(future.get() > 0);
        }
        threads.shutdown();
        assertTrue(threads.awaitTermination(10, TimeUnit.SECONDS));
        assertEquals(2 * APPENDS, log.logEndOffset());
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(path));
    }

    /** Reads from the log's start, or its end, to its end again and again; checks that offsets follow each other. */
    private static long consume(Log log, AtomicBoolean done, boolean fromStart) {
        long next = 0;
        long seen = 0;
        while (!done.get() || next < log.logEndOffset()) {
            try {
                long endOffset = log.highWatermark();
                LogRead read = log.read(next, 3000, endOffset, true);
                ByteBuffer copy = ByteBuffer.allocate(read.records().sizeBytes());
                if (copy.capacity() > 0) {
                    read.records().readInto(copy);
                }
                read.records().release();
                for (RecordBatch batch : RecordBatches.iterate(copy.flip())) {
                    assertTrue(batch.isCrcValid());
                    assertEquals(next, batch.baseOffset());
                    next = batch.nextOffset();
                    assertTrue(next <= endOffset, "read behind the bound");
                    seen++;
                }
            } catch (ApiException e) {
                assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, e.error());
                next = fromStart ? log.logStartOffset() : log.highWatermark();
            }
        }
        return seen;
    }

    private static long retain(Log log, TestScheduler scheduler, AtomicBoolean done) throws IOException {
        long deleted = 0;
        while (!done.get() || deleted == 0) {
            deleted += log.enforceRetention();
            scheduler.runAll();
            log.flush();
        }
        return deleted;
    }
}
