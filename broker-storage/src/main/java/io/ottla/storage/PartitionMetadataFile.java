package io.ottla.storage;

import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The file {@code partition.metadata}, which says which topic a partition's directory belongs to.
 *
 * <pre>
 *   version: 0
 *   topic_id: 22 characters of base64
 * </pre>
 */
final class PartitionMetadataFile {

    static final String FILE_NAME = "partition.metadata";

    private static final String PREFIX = "version: 0\ntopic_id: ";

    private static final int ID_CHARACTERS = Uuid.ZERO.toString().length();

    private PartitionMetadataFile() {}

    /** @param sync whether to return only when the file is on the device */
    static void write(StorageFiles files, Path logDirectory, Uuid topicId, boolean sync) throws IOException {
        files.replace(logDirectory.resolve(FILE_NAME), (PREFIX + topicId).getBytes(StandardCharsets.UTF_8), sync);
    }

    /**
     * The topic's id; null if there is no file, or one that a power failure has left without its content or the end of it.
     *
     * @throws LogDamageException if it holds something else
     */
    static Uuid read(StorageFiles files, Path logDirectory) throws IOException {
        Path path = logDirectory.resolve(FILE_NAME);
        if (!files.exists(path)) {
            return null;
        }
        String text = withoutZerosAtTheEnd(new String(files.readAll(path), StandardCharsets.UTF_8));
        if (isCutOff(text)) {
            return null;
        }
        if (!text.startsWith(PREFIX)) {
            throw new LogDamageException(path, 0, "it does not begin with a version and a topic id");
        }
        try {
            return Uuid.fromString(text.substring(PREFIX.length()).trim());
        } catch (IllegalArgumentException e) {
            throw new LogDamageException(path, PREFIX.length(), "it holds no topic id");
        }
    }

    private static String withoutZerosAtTheEnd(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == 0) {
            end--;
        }
        return text.substring(0, end);
    }

    private static boolean isCutOff(String text) {
        return PREFIX.startsWith(text)
                || (text.startsWith(PREFIX) && text.stripTrailing().length() < PREFIX.length() + ID_CHARACTERS);
    }
}
