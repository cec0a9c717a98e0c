package io.ottla.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Makes the files of a log those of an empty one. File systems take some ten times as long to make a file as to empty one, and as long to
 * give many pages free as to make a file: so a file of records is emptied as long as it is small, and a large one gets another name and goes
 * later.
 */
final class EmptiedLog {

    /** Where emptying begins to take longer than renaming and making anew. */
    static final int MAX_EMPTIED_SIZE_BYTES = 1 << 20;

    private EmptiedLog() {}

    /** Whether the log has one segment, the first there was. Nobody else has a link to that, see {@link DirectorySnapshots}. */
    static boolean isPossible(Log log) {
        LogSegment[] segments = log.segments();
        return segments.length == 1 && segments[0].baseOffset() == 0 && !log.isBeingCleaned() && log.failure() == null;
    }

    /**
     * Empties the files of a log that is closed, and makes an empty log of them, without another look at what is known.
     *
     * @param leaderEpoch the newest that the partition has had
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR
     */
    static Log inPlaceOf(Log log, LogConfig config, int leaderEpoch) {
        try {
            empty(log);
            return LogRecovery.openEmptied(log, config, leaderEpoch);
        } catch (IOException e) {
            throw Log.storageError("Emptying " + log.name() + " failed", e);
        }
    }

    /** The leader epochs stay in their file until there are others: those that begin where a log ends do not count. */
    private static void empty(Log log) throws IOException {
        StorageFiles files = log.options().files();
        for (Path file : files.list(log.directory())) {
            String name = file.getFileName().toString();
            if (LogFileNames.offset(file, LogFileNames.LOG) == 0) {
                emptyRecords(log, file);
            } else if (isIndexOfFirstSegment(file)) {
                // An index without entries is that of an empty log.
                truncate(files, file);
            } else if (!isKept(name)) {
                files.deleteIfExists(file);
            }
        }
    }

    private static boolean isKept(String name) {
        return name.equals(LeaderEpochs.FILE_NAME)
                || name.equals(PartitionMetadataFile.FILE_NAME)
                || name.endsWith(LogFileNames.DELETED);
    }

    private static void emptyRecords(Log log, Path path) throws IOException {
        StorageFiles files = log.options().files();
        if (log.segments()[0].sizeBytes() <= MAX_EMPTIED_SIZE_BYTES) {
            truncate(files, path);
            return;
        }
        // A name that is free, as the one before may still be there; a start deletes what ends like this.
        Path waiting = path.resolveSibling(path.getFileName() + "." + UUID.randomUUID() + LogFileNames.DELETED);
        files.rename(path, waiting);
        log.options().scheduler().schedule(() -> delete(files, waiting), 0L);
    }

    private static void delete(StorageFiles files, Path path) {
        try {
            files.deleteIfExists(path);
        } catch (IOException e) {
            StorageLog.LOG.warn("Deleting {} failed", path, e);
        }
    }

    private static boolean isIndexOfFirstSegment(Path file) {
        for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
            if (LogFileNames.offset(file, suffix) == 0) {
                return true;
            }
        }
        return false;
    }

    /** Through a handle of its own: file systems write a file out when one is closed that has emptied it and written to it. */
    private static void truncate(StorageFiles files, Path path) throws IOException {
        try (StorageFile file = files.openExisting(path)) {
            file.truncate(0L);
        }
    }
}
