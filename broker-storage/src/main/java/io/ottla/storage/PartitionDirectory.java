package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;

/**
 * A partition's directory that was found in a data directory.
 *
 * @param topic name of the topic
 * @param partition number of the partition
 * @param topicId what its {@code partition.metadata} says, {@link Uuid#ZERO} if there is none
 * @param path the directory
 */
public record PartitionDirectory(String topic, int partition, Uuid topicId, Path path) {

    static final String DELETE_SUFFIX = "-delete";
    static final String STRAY_SUFFIX = "-stray";
    static final String FUTURE_SUFFIX = "-future";

    /** The longest file name that common file systems take. */
    private static final int MAX_NAME_LENGTH = 255;

    static String name(String topic, int partition) {
        return topic + "-" + partition;
    }

    /**
     * What a directory is called that is a partition's no more; another name each time. The topic's name is shortened if need be.
     *
     * @param end one of the suffixes
     */
    static String retiredName(String name, String end) {
        int dash = name.lastIndexOf('-');
        String suffix = name.substring(dash) + "." + hex(Uuid.random()) + end;
        return name.substring(0, Math.min(dash, MAX_NAME_LENGTH - suffix.length())) + suffix;
    }

    /** What was found under the name of a log, or the one that a copy is to have. */
    static PartitionDirectory of(String name, Uuid topicId, Path path) {
        int dash = dash(name);
        return new PartitionDirectory(
                name.substring(0, dash), Integer.parseInt(name.substring(dash + 1)), topicId, path);
    }

    /** The name that a copy is to have whose directory is called so; null if it is none. */
    static String nameOfFuture(String directoryName) {
        int dot = directoryName.lastIndexOf('.');
        boolean isFuture = dot > 0 && directoryName.endsWith(FUTURE_SUFFIX);
        return isFuture && dash(directoryName.substring(0, dot)) > 0 ? directoryName.substring(0, dot) : null;
    }

    /** 32 digits: file names may differ in case only on few file systems, so base64 would not be unique. */
    private static String hex(Uuid id) {
        return new UUID(id.mostSignificantBits(), id.leastSignificantBits())
                .toString()
                .replace("-", "");
    }

    /**
     * Makes sure that it may be opened for a topic; {@link Uuid#ZERO} stands for a topic without an id.
     *
     * @throws ApiException INCONSISTENT_TOPIC_ID if it is another's
     */
    void ensureTopic(Uuid expected) {
        if (!topicId.equals(Uuid.ZERO) && !expected.equals(Uuid.ZERO) && !topicId.equals(expected)) {
            throw new ApiException(
                    ErrorCode.INCONSISTENT_TOPIC_ID,
                    path + " belongs to a topic with the id " + topicId + ", not " + expected);
        }
    }

    /**
     * Where file names that differ in case only are the same: makes sure that a new log gets a directory of its own, as two in one would
     * destroy each other.
     */
    static void ensureNotTheSame(Path parent, String name, Iterable<String> others) throws IOException {
        for (String other : others) {
            if (other.equalsIgnoreCase(name) && !other.equals(name)) {
                throw new IOException(parent.resolve(name) + " would be the directory of " + other
                        + ": this file system does not tell upper case from lower case");
            }
        }
    }

    /** Whether there are records in it, or were: then it matters whose it is. */
    boolean isUsed(StorageFiles files) throws IOException {
        return isUsed(files, path);
    }

    /** Whether there is a directory, and there are records in it, or were. */
    static boolean isUsed(StorageFiles files, Path directory) throws IOException {
        if (!files.isDirectory(directory)) {
            return false;
        }
        for (Path file : files.list(directory)) {
            long base = LogFileNames.offset(file, LogFileNames.LOG);
            boolean begun = base > 0 || LogFileNames.offset(file, LogFileNames.SNAPSHOT) > 0;
            if (begun || (base == 0 && files.sizeBytes(file) > 0)) {
                return true;
            }
        }
        return false;
    }

    /** Where the dash between topic and partition lies, -1 if it is no such name. */
    static int dash(String name) {
        int dash = name.lastIndexOf('-');
        boolean waits = name.endsWith(DELETE_SUFFIX) || name.endsWith(STRAY_SUFFIX) || name.endsWith(FUTURE_SUFFIX);
        if (dash <= 0 || dash == name.length() - 1 || name.length() - dash > 11 || waits) {
            return -1;
        }
        for (int i = dash + 1; i < name.length(); i++) {
            if (name.charAt(i) < '0' || name.charAt(i) > '9') {
                return -1;
            }
        }
        return Long.parseLong(name.substring(dash + 1)) <= Integer.MAX_VALUE ? dash : -1;
    }
}
