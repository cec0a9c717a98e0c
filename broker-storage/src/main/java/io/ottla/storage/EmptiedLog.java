package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Makes the files of a log those of an empty one, without making any. */
final class EmptiedLog {

    /** What {@link LeaderEpochs} writes when there are none: the version and the count. */
    private static final byte[] NO_EPOCHS = {'0', '\n', '0', '\n'};

    private EmptiedLog() {}

    /** Whether the log has one segment, the first there was. Nobody else has a link to that, see {@link DirectorySnapshots}. */
    static boolean isPossible(Log log) {
        LogSegment[] segments = log.segments();
        return segments.length == 1 && segments[0].baseOffset() == 0 && !log.isBeingCleaned() && log.failure() == null;
    }

    /**
     * Empties the files of a log that is closed.
     *
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR
     */
    static void empty(Log log) {
        StorageFiles files = log.options().files();
        try {
            for (Path file : files.list(log.directory())) {
                String name = file.getFileName().toString();
                if (isOfFirstSegment(file)) {
                    // Its indexes, too: an index without entries is that of an empty log.
                    overwrite(files, file, new byte[0]);
                } else if (name.equals(LeaderEpochs.FILE_NAME)) {
                    overwrite(files, file, NO_EPOCHS);
                } else if (!name.equals(PartitionMetadataFile.FILE_NAME)) {
                    files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw Log.storageError("Emptying " + log.name() + " failed", e);
        }
    }

    private static boolean isOfFirstSegment(Path file) {
        for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
            if (LogFileNames.offset(file, suffix) == 0) {
                return true;
            }
        }
        return false;
    }

    private static void overwrite(StorageFiles files, Path path, byte[] content) throws IOException {
        try (StorageFile file = files.openExisting(path)) {
            file.write(ByteBuffer.wrap(content), 0);
            file.truncate(content.length);
        }
    }
}
