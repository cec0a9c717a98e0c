package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The logs that come to a data directory from others and go to them, see {@link LogMove}. Thread-safe, by the directory's monitor. */
public final class DirectoryMoves {

    /** The file that says of a log that it is newer than another that may be there of the same partition. */
    static final String MARKER = "moved-here";

    private final LogDirectory directory;
    private final StorageFiles files;
    private final Map<String, Log> logs;
    private final DirectoryCheckpoints checkpoints;
    private final List<PartitionDirectory> found = new ArrayList<>();
    private final Set<String> expected = new TreeSet<>();

    /** Those whose files are open for those who still read from them. */
    private final Set<Log> departed = new HashSet<>();

    /** @param logs those that are open in the directory */
    DirectoryMoves(LogDirectory directory, Map<String, Log> logs, DirectoryCheckpoints checkpoints) {
        this.directory = directory;
        this.files = directory.options().files();
        this.logs = logs;
        this.checkpoints = checkpoints;
    }

    /** An earlier process has left the copy of a log. */
    void found(PartitionDirectory copy) {
        found.add(copy);
    }

    /** The copies of moves that were begun before the directory was opened. */
    public List<PartitionDirectory> unfinished() {
        synchronized (directory) {
            return List.copyOf(found);
        }
    }

    /** Whether the log came from another directory, where a crash may have left it as well: then this is the one that counts. */
    public boolean hasArrived(PartitionDirectory partition) {
        return files.exists(partition.path().resolve(MARKER));
    }

    /** Takes an unopened log away that has gone to another directory, and has that on the device. */
    void leftBehind(PartitionDirectory log) throws IOException {
        try {
            directory.delete(log.topic(), log.partition());
        } catch (ApiException e) {
            throw new IOException(e.getMessage(), e);
        }
        files.syncDirectory(directory.path());
    }

    /** Says that a log is the only one of its partition now. */
    public void settled(PartitionDirectory partition) throws IOException {
        forgetArrival(files, partition.path());
    }

    static void forgetArrival(StorageFiles files, Path log) throws IOException {
        if (files.deleteIfExists(log.resolve(MARKER))) {
            files.syncDirectory(log);
        }
    }

    /** Takes an unfinished copy away. */
    public void discard(PartitionDirectory copy) {
        synchronized (directory) {
            found.remove(copy);
        }
        discard(copy.path());
    }

    /** Keeps an unfinished copy under another name; for its owner to look at. */
    public Path setAside(PartitionDirectory copy) throws IOException {
        synchronized (directory) {
            found.remove(copy);
            return rename(copy.path(), copy.topic() + "-" + copy.partition(), PartitionDirectory.STRAY_SUFFIX);
        }
    }

    private Path rename(Path log, String name, String end) throws IOException {
        Path renamed = directory.path().resolve(PartitionDirectory.retiredName(name, end));
        files.rename(log, renamed);
        return renamed;
    }

    /** Deletes a copy in the background; what is left of it when the process dies, the next start deletes. */
    void discard(Path copy) {
        String name = copy.getFileName().toString();
        Path waiting = copy;
        try {
            waiting = rename(copy, name.substring(0, name.lastIndexOf('.')), PartitionDirectory.DELETE_SUFFIX);
        } catch (IOException e) {
            StorageLog.LOG.debug("{} cannot be renamed, and is deleted as it is", copy, e);
        }
        Path deleted = waiting;
        directory.options().scheduler().schedule(() -> directory.deleteTree(deleted), 0L);
    }

    /** Makes the directory for a copy. */
    Path begin(String name, Uuid topicId) throws IOException {
        Path place = directory.path().resolve(name);
        if (files.exists(place)) {
            throw new IOException(place + " is in the way");
        }
        Path copy = directory.path().resolve(PartitionDirectory.retiredName(name, PartitionDirectory.FUTURE_SUFFIX));
        files.createDirectories(copy);
        PartitionMetadataFile.write(files, copy, topicId, true);
        files.syncDirectory(directory.path());
        return copy;
    }

    /** Up to where a log has been compacted, {@link LogRecovery#UNKNOWN_OFFSET} if that was never begun. */
    long cleanedOffset(String name) {
        return checkpoints.isCompacted(name) ? checkpoints.cleanedOffset(name) : LogRecovery.UNKNOWN_OFFSET;
    }

    /** Writes down what a start must know of a log that will be here. */
    void expect(String name, long recoveryPoint, long startOffset, long cleanedOffset) {
        synchronized (directory) {
            if (directory.isClosed()) {
                throw new ApiException(ErrorCode.KAFKA_STORAGE_ERROR, directory.path() + " is closed");
            }
            checkpoints.expect(name, recoveryPoint, startOffset, cleanedOffset);
            expected.add(name);
            directory.checkpoint();
        }
    }

    /** The log does not come. */
    void expectNoMore(String name) {
        synchronized (directory) {
            if (expected.remove(name)) {
                checkpoints.forget(name);
            }
        }
    }

    /** Those of which the checkpoints have to speak though they are not open: what is here and what is expected. */
    Set<String> withExpected(Set<String> unopened) {
        Set<String> all = new TreeSet<>(unopened);
        all.addAll(expected);
        return all;
    }

    /** The log is here. */
    void arrived(Log log) {
        synchronized (directory) {
            expected.remove(log.name());
            logs.put(log.name(), log);
        }
    }

    /** The log is elsewhere, and its files go after {@code file.delete.delay.ms}. */
    void departed(Log log, boolean deleted) throws IOException {
        synchronized (directory) {
            departed(log);
            if (!deleted || directory.isClosed()) {
                return;
            }
            Path waiting = rename(log.directory(), log.name(), PartitionDirectory.DELETE_SUFFIX);
            for (LogSegment segment : log.segments()) {
                segment.file()
                        .renamed(waiting.resolve(segment.path(LogFileNames.LOG).getFileName()));
            }
            files.syncDirectory(directory.path());
            directory
                    .options()
                    .scheduler()
                    .schedule(() -> delete(log, waiting), log.config().fileDeleteDelayMs());
        }
    }

    /** The log is elsewhere; its files stay. */
    void departed(Log log) {
        synchronized (directory) {
            logs.remove(log.name(), log);
            checkpoints.forget(log.name());
            departed.add(log);
        }
    }

    private void delete(Log log, Path waiting) {
        synchronized (directory) {
            if (!departed.remove(log)) {
                return;
            }
        }
        for (LogSegment segment : log.segments()) {
            segment.release();
        }
        directory.deleteTree(waiting);
    }

    /** Closes what is open of logs that are elsewhere. */
    void close() {
        for (Log log : departed) {
            for (LogSegment segment : log.segments()) {
                segment.closeFile();
            }
        }
        departed.clear();
    }
}
