package io.ottla.broker.metadata;

import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatches;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * All metadata up to an offset, in a file of batches beside the log: {@code <end offset>-<epoch>.checkpoint} (KIP-630). Apache
 * Kafka drops the beginning of its metadata log once there is one.
 *
 * @param path the file
 * @param endOffset the offset that the log goes on from
 */
record MetadataSnapshot(Path path, long endOffset) {

    private static final Pattern NAME = Pattern.compile("(\\d{20})-(\\d{10})\\.checkpoint");

    /** The latest snapshot in the directory, null if there is none. */
    static MetadataSnapshot latest(Path directory) {
        MetadataSnapshot latest = null;
        for (Path file : files(directory)) {
            Matcher matcher = NAME.matcher(file.getFileName().toString());
            if (matcher.matches()) {
                long endOffset = Long.parseLong(matcher.group(1));
                if (latest == null || endOffset > latest.endOffset) {
                    latest = new MetadataSnapshot(file, endOffset);
                }
            }
        }
        return latest;
    }

    private static List<Path> files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Shows all batches of the file; each is valid only until the next. */
    void forEachBatch(Consumer<RecordBatch> action) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path));
            if (RecordBatches.wholeSizeBytes(bytes) != bytes.remaining()) {
                throw new IllegalStateException("The metadata snapshot " + path + " is cut off");
            }
            for (RecordBatch batch : RecordBatches.iterate(bytes)) {
                batch.ensureValid();
                action.accept(batch);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
