package io.ottla.storage;

import io.ottla.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Appends to a log whose files are in {@code java.io.tmpdir}. One operation is one batch: validated, given its offset, written to the
 * page cache, indexed. Each iteration has a new log.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AppendBenchmark {

    // Where the format of a batch has what changes from batch to batch of one producer.
    private static final int CRC_AT = 17;
    private static final int COVERED_BY_CRC_AT = 21;
    private static final int BASE_SEQUENCE_AT = 53;

    /** Size of a batch. */
    @Param({"1000", "64000"})
    public int sizeBytes;

    private final CRC32C crc = new CRC32C();
    private BenchmarkLog log;
    private ByteBuffer plain;
    private ByteBuffer idempotent;
    private ByteBuffer coveredByCrc;
    private int recordCount;
    private int sequence;

    /** Opens an empty log. */
    @Setup(Level.Iteration)
    public void setUp() throws IOException {
        log = new BenchmarkLog();
        plain = BenchmarkLog.batch(new RecordBatchBuilder(), sizeBytes);
        idempotent = BenchmarkLog.batch(new RecordBatchBuilder().producer(1_000L, (short) 0, 0), sizeBytes);
        coveredByCrc = idempotent.slice(COVERED_BY_CRC_AT, idempotent.limit() - COVERED_BY_CRC_AT);
        LogAppendResult first = log.append(idempotent);
        recordCount = (int) (first.lastOffset() - first.baseOffset() + 1);
        sequence = recordCount;
    }

    /** Deletes the log. */
    @TearDown(Level.Iteration)
    public void tearDown() throws IOException {
        log.close();
    }

    /** A batch of a producer that is not idempotent. */
    @Benchmark
    public LogAppendResult plain() {
        return log.append(plain);
    }

    /** A batch with producer id and sequence; the operation has the CRC that the producer computes in it, once more than the broker. */
    @Benchmark
    public LogAppendResult idempotent() {
        idempotent.putInt(BASE_SEQUENCE_AT, sequence);
        sequence = (sequence + recordCount) & Integer.MAX_VALUE;
        crc.reset();
        crc.update(coveredByCrc.rewind());
        idempotent.putInt(CRC_AT, (int) crc.getValue());
        return log.append(idempotent);
    }
}
