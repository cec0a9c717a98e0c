package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a search for a timestamp costs: a client may ask for one in each of thousands of partitions. */
class TimestampSearchTest {

    private static final int BATCHES = 5000;

    @TempDir
    Path path;

    private final AtomicInteger reads = new AtomicInteger();
    private final AtomicLong askedBytes = new AtomicLong();
    private LogDirectory directory;
    private Log log;

    @BeforeEach
    void open() throws IOException {
        StorageOptions options = TestLogs.options(new ManualClock(START_MS), new TestScheduler())
                .withFiles(new DelegatingFiles(new UnsyncedFiles()) {
                    @Override
                    StorageFile opened(StorageFile file) {
                        return new DelegatingFile(file) {
                            @Override
                            public int read(ByteBuffer target, long position) throws IOException {
                                reads.incrementAndGet();
                                askedBytes.addAndGet(target.remaining());
                                return super.read(target, position);
                            }
                        };
                    }
                });
        directory = LogDirectory.open(path, options);
        log = directory.open("topic", 0, new Uuid(1, 2), LogConfig.DEFAULT);
    }

    @AfterEach
    void close() throws IOException {
        directory.close();
    }

    @Test
    void shouldReadLittleWhereTheIndexKnowsThePlace() {
        for (int i = 0; i < BATCHES; i++) {
            append(log, batch(START_MS + i, "a value of some length"));
        }
        for (int i = 1; i < BATCHES; i += 500) {
            askedBytes.set(0);
            assertEquals(i, log.offsetForTimestamp(START_MS + i).offset());
            assertTrue(askedBytes.get() <= 4 * BatchCursor.LOOKUP_WINDOW_BYTES, askedBytes + " bytes for one record");
        }
        askedBytes.set(0);
        assertEquals(BATCHES - 1, log.maxTimestampOffset().offset());
        assertTrue(
                askedBytes.get() <= 4 * BatchCursor.LOOKUP_WINDOW_BYTES, askedBytes + " bytes for the newest record");
    }

    @Test
    void shouldReadLittleForATimestampThatTheIndexHas() {
        for (int i = 0; i < BATCHES; i++) {
            append(log, batch(START_MS, "a value of some length"));
        }
        append(log, batch(START_MS + 5, "the next"));
        assertFindsFirstOfNewest("before the index has an entry");
        for (int i = 0; i < BATCHES; i++) {
            append(log, batch(START_MS + 5, "a value of some length"));
        }
        assertFindsFirstOfNewest("from the index");
    }

    private void assertFindsFirstOfNewest(String when) {
        askedBytes.set(0);
        assertEquals(BATCHES, log.offsetForTimestamp(START_MS + 5).offset());
        assertEquals(BATCHES, log.maxTimestampOffset().offset());
        assertTrue(askedBytes.get() <= 8 * BatchCursor.LOOKUP_WINDOW_BYTES, askedBytes + " bytes " + when);
    }

    @Test
    void shouldReadMuchAtATimeWhereItHasToWalk() {
        for (int i = 0; i < BATCHES; i++) {
            append(log, batch(START_MS, "a value of some length"));
        }
        append(log, batch(START_MS + 5, "the next"));
        reads.set(0);
        assertEquals(BATCHES, log.offsetForTimestamp(START_MS + 1).offset());
        assertTrue(reads.get() <= 16, reads + " reads through " + log.sizeBytes() + " bytes");
    }

    @Test
    void shouldReadHeadersOnlyWhereBatchesAreLarge() {
        String large = "x".repeat(100_000);
        for (int i = 0; i < 100; i++) {
            append(log, batch(START_MS, large));
        }
        append(log, batch(START_MS + 5, "the next"));
        askedBytes.set(0);
        assertEquals(100, log.offsetForTimestamp(START_MS + 1).offset());
        assertTrue(askedBytes.get() < 1_000_000, askedBytes + " bytes of " + log.sizeBytes());
    }
}
