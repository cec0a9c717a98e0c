package io.ottla.storage;

import io.ottla.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Reads from a log of 64 MB in batches of 1 KB, in the page cache. One operation is one read. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ReadBenchmark {

    private static final int BATCH_SIZE_BYTES = 1000;
    private static final int LOG_SIZE_BYTES = 64 << 20;
    private static final int MAX_BYTES = 64 << 10;
    private static final int PLACES = 1 << 12;

    private final long[] startOffsets = new long[PLACES];
    private final ByteBuffer target = ByteBuffer.allocateDirect(MAX_BYTES);
    private BenchmarkLog written;
    private Log log;
    private long lastBatchOffset;
    private int next;

    /** Writes the log. */
    @Setup
    public void setUp() throws IOException {
        written = new BenchmarkLog();
        log = written.log();
        ByteBuffer batch = BenchmarkLog.batch(new RecordBatchBuilder(), BATCH_SIZE_BYTES);
        while (log.sizeBytes() < LOG_SIZE_BYTES) {
            lastBatchOffset = written.append(batch).baseOffset();
        }
        Random random = new Random(1);
        for (int i = 0; i < PLACES; i++) {
            startOffsets[i] = (long) (random.nextDouble() * lastBatchOffset);
        }
    }

    /** Deletes the log. */
    @TearDown
    public void tearDown() throws IOException {
        written.close();
    }

    private FileRecords read(long startOffset) {
        return log.read(startOffset, MAX_BYTES, log.highWatermark(), true).records();
    }

    private long nextStartOffset() {
        return startOffsets[next++ & (PLACES - 1)];
    }

    /** Finds the newest batch, as the fetch of a consumer that keeps up does; no byte of it is read. */
    @Benchmark
    public int locateNewest() {
        FileRecords records = read(lastBatchOffset);
        records.release();
        return records.sizeBytes();
    }

    /** Finds an offset anywhere: index, then a scan of the file up to the batch; the records are not read. */
    @Benchmark
    public int locateAnywhere() {
        FileRecords records = read(nextStartOffset());
        records.release();
        return records.sizeBytes();
    }

    /** The same, and copies 64 KB out of the page cache. */
    @Benchmark
    public byte copyAnywhere() {
        FileRecords records = read(nextStartOffset());
        records.readInto(target.clear());
        records.release();
        return target.get(0);
    }
}
