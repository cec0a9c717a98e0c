package io.ottla.storage;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** A log as a broker has it, in a temporary directory of its own. */
final class BenchmarkLog implements AutoCloseable {

    private static final int VALUE_SIZE_BYTES = 100;

    private final Path path;
    private final LogDirectory directory;
    private final Log log;

    BenchmarkLog() throws IOException {
        path = Files.createTempDirectory("ottla-benchmark");
        directory = LogDirectory.open(path, StorageOptions.of(Clock.system(), (task, delayMs) -> {}));
        log = directory.open("topic", 0, Uuid.ZERO, LogConfig.DEFAULT);
    }

    Log log() {
        return log;
    }

    /** A batch of about this size in a direct buffer, as the network hands it over. */
    static ByteBuffer batch(RecordBatchBuilder builder, int sizeBytes) {
        for (int written = 0; written < sizeBytes; written += VALUE_SIZE_BYTES) {
            builder.append(Clock.system().timeMs(), null, new byte[VALUE_SIZE_BYTES]);
        }
        ByteBuffer built = builder.build();
        return ByteBuffer.allocateDirect(built.remaining()).put(built).flip();
    }

    /** Appends the batch as if it had just arrived: the last append has written its offset into it. */
    LogAppendResult append(ByteBuffer batch) {
        return log.append(batch.putLong(0, 0L), AppendOrigin.CLIENT, 0);
    }

    @Override
    public void close() throws IOException {
        directory.close();
        StorageFiles.system().deleteTree(path);
    }
}
