package io.ottla.storage;

import java.nio.file.Path;
import java.util.Random;
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

/** Finds places in the sparse indexes of a segment. One operation is one lookup, each of another, random place. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class IndexLookupBenchmark {

    private static final int RECORDS_PER_ENTRY = 40;
    private static final int INTERVAL_BYTES = 4096;
    private static final int LOOKUPS = 1 << 14;

    /** How many entries the indexes have: 262,144 are those of a segment of 1 GB. */
    @Param({"1000", "262144"})
    public int entries;

    private final long[] wanted = new long[LOOKUPS];
    private OffsetIndex offsets;
    private TimeIndex times;
    private int next;

    /** Fills the indexes, which are in memory: nothing is written. */
    @Setup
    public void setUp() {
        Path nowhere = Path.of("nowhere");
        offsets = new OffsetIndex(StorageFiles.system(), () -> nowhere, 0);
        times = new TimeIndex(StorageFiles.system(), () -> nowhere, 0);
        for (int i = 1; i <= entries; i++) {
            long offset = (long) i * RECORDS_PER_ENTRY;
            offsets.append(offset, i * INTERVAL_BYTES);
            times.maybeAppend(offset, offset);
        }
        Random random = new Random(1);
        for (int i = 0; i < LOOKUPS; i++) {
            wanted[i] = (long) (random.nextDouble() * entries * RECORDS_PER_ENTRY);
        }
    }

    private long nextWanted() {
        return wanted[next++ & (LOOKUPS - 1)];
    }

    /** An offset to a position. */
    @Benchmark
    public int offset() {
        return offsets.floorPosition(nextWanted());
    }

    /** A timestamp to an offset. */
    @Benchmark
    public long timestamp() {
        return times.floorOffset(nextWanted());
    }
}
