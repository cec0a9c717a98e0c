package io.ottla.protocol.record;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What is asked of a batch before a log believes it. One operation is one batch of records of 100 bytes, in a direct buffer. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BatchValidationBenchmark {

    private static final int VALUE_SIZE_BYTES = 100;

    /** Size of the batch before compression. */
    @Param({"1000", "64000", "900000"})
    public int sizeBytes;

    private final RecordBatchSummary summary = new RecordBatchSummary();
    private final RecordBatch view = new RecordBatch();
    private ByteBuffer batch;

    /** Builds the batch. */
    @Setup
    public void setUp() {
        RecordBatchBuilder builder = new RecordBatchBuilder();
        for (int written = 0; written < sizeBytes; written += VALUE_SIZE_BYTES) {
            builder.append(written, null, new byte[VALUE_SIZE_BYTES]);
        }
        ByteBuffer built = builder.build();
        batch = ByteBuffer.allocateDirect(built.remaining()).put(built).flip();
    }

    /** Header and CRC: what every produced batch costs. */
    @Benchmark
    public RecordBatchSummary headerAndCrc() {
        return RecordBatchValidator.validateProduced(batch, summary);
    }

    /** A walk over all records: what topics with compaction cost besides. */
    @Benchmark
    public long everyRecord() {
        return RecordBatchValidator.validateRecordFraming(view.wrap(batch, 0));
    }
}
