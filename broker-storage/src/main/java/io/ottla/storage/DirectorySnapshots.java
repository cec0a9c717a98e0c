package io.ottla.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.ToLongFunction;

/**
 * Copies of data directories, made while they are in use and put back later, any number of times.
 *
 * <p>What never changes is linked, not copied: a sealed segment and its indexes are never written to, and all other files are replaced
 * rather than changed. An active segment is appended to, so it is copied; a large one is sealed first. So a copy takes as long as there
 * are files, however large they are. Where the file system has no hard links, or the copy lies on another one, all is copied.
 *
 * <p>A copy is a data directory that was closed cleanly. Nothing is synced: a copy is not made to survive a power failure.
 */
public final class DirectorySnapshots {

    /** From here on, sealing a segment costs less than copying it. */
    private static final int MAX_COPIED_SIZE_BYTES = 256 << 10;

    private static final List<String> REPLACED_FILES = List.of(PartitionMetadataFile.FILE_NAME, LeaderEpochs.FILE_NAME);

    /** The one log with files of its owner beside the segments. */
    private static final String METADATA_LOG = "__cluster_metadata-";

    private static final String METADATA_SNAPSHOT = ".checkpoint";

    private DirectorySnapshots() {}

    /**
     * Copies all open logs of a data directory as they are at one moment: whoever appends meanwhile waits. No log may be compacted meanwhile.
     *
     * @param target made if it is missing; must be empty
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR where a log takes no appends
     * @throws IOException if the copy cannot be made
     */
    public static void take(LogDirectory source, Path target) throws IOException {
        Files.createDirectories(target);
        List<Log> logs = new ArrayList<>(source.logs());
        logs.sort(Comparator.comparing(Log::name));
        int locked = 0;
        try {
            for (; locked < logs.size(); locked++) {
                logs.get(locked).lock().lock();
            }
            // One that is closed belongs to a topic that has just been deleted.
            List<Log> open = logs.stream().filter(log -> !log.isClosed()).toList();
            for (Log log : open) {
                log.ensureWritable();
                copyLog(log, target.resolve(log.name()));
            }
            checkpoint(open, target, OffsetCheckpoint.RECOVERY_POINT, Log::logEndOffset);
            checkpoint(open, target, OffsetCheckpoint.REPLICATION_OFFSET, Log::logEndOffset);
            checkpoint(open, target, OffsetCheckpoint.LOG_START_OFFSET, Log::logStartOffset);
            checkpoint(open, target, OffsetCheckpoint.CLEANER_OFFSET, log -> source.cleanedOffset(log.name()));
        } finally {
            while (locked > 0) {
                logs.get(--locked).lock().unlock();
            }
        }
        Files.copy(source.path().resolve(MetaProperties.FILE_NAME), target.resolve(MetaProperties.FILE_NAME));
        Files.writeString(
                target.resolve(LogDirectory.CLEAN_SHUTDOWN_FILE),
                LogDirectory.CLEAN_SHUTDOWN_CONTENT,
                StandardCharsets.UTF_8);
    }

    private static void checkpoint(List<Log> logs, Path target, String name, ToLongFunction<Log> offset)
            throws IOException {
        List<String> entries = new ArrayList<>();
        for (Log log : logs) {
            int dash = PartitionDirectory.dash(log.name());
            entries.add(log.name().substring(0, dash) + " " + log.name().substring(dash + 1) + " "
                    + offset.applyAsLong(log));
        }
        TextCheckpoint.write(StorageFiles.system(), target.resolve(name), entries, false);
    }

    private static void copyLog(Log log, Path target) throws IOException {
        if (log.activeSegment().sizeBytes() > MAX_COPIED_SIZE_BYTES) {
            log.roller().roll();
        } else {
            log.activeSegment().writeIndexes();
            log.snapshots().write(log.producerStates());
        }
        log.epochs().writeIfChanged();
        Files.createDirectory(target);
        Path directory = log.directory();
        LogSegment[] segments = log.segments();
        for (LogSegment segment : segments) {
            boolean active = segment == log.activeSegment();
            for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
                String name = LogFileNames.name(segment.baseOffset(), suffix);
                if (!active) {
                    linkIfThere(directory.resolve(name), target.resolve(name));
                } else if (suffix.equals(LogFileNames.LOG)) {
                    // It may be longer than what is in it.
                    copy(directory.resolve(name), target.resolve(name), segment.sizeBytes());
                } else if (Files.exists(directory.resolve(name))) {
                    Files.copy(directory.resolve(name), target.resolve(name));
                }
            }
        }
        for (long offset : log.snapshots().offsets()) {
            String name = LogFileNames.name(offset, LogFileNames.SNAPSHOT);
            linkIfThere(directory.resolve(name), target.resolve(name));
        }
        for (String name : REPLACED_FILES) {
            linkIfThere(directory.resolve(name), target.resolve(name));
        }
        if (directory.getFileName().toString().startsWith(METADATA_LOG)) {
            linkMetadataSnapshots(directory, target);
        }
    }

    private static void linkMetadataSnapshots(Path directory, Path target) throws IOException {
        for (Path file : StorageFiles.system().list(directory)) {
            String name = file.getFileName().toString();
            if (name.endsWith(METADATA_SNAPSHOT)) {
                linkIfThere(file, target.resolve(name));
            }
        }
    }

    private static void copy(Path from, Path to, long sizeBytes) throws IOException {
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long position = 0;
            while (position < sizeBytes) {
                long copied = in.transferTo(position, sizeBytes - position, out);
                if (copied <= 0) {
                    throw new IOException(from + " is shorter than " + sizeBytes + " bytes");
                }
                position += copied;
            }
        }
    }

    private static void linkIfThere(Path from, Path to) throws IOException {
        if (Files.exists(from)) {
            link(from, to);
        }
    }

    private static void link(Path from, Path to) throws IOException {
        try {
            Files.createLink(to, from);
        } catch (IOException | UnsupportedOperationException e) {
            // Another file system, or one without links.
            Files.copy(from, to);
        }
    }

    /**
     * Puts a copy in the place of what a data directory holds. What was there is renamed as a deleted partition is; whoever opens the
     * directory next deletes it in the background.
     *
     * @param snapshot what {@link #take} made; stays as it is
     * @param directory a data directory that nobody has open
     * @throws IOException if it cannot be done; the directory may then hold a part of either
     */
    public static void restore(Path snapshot, Path directory) throws IOException {
        Files.createDirectories(directory);
        clear(directory);
        Path marker = null;
        for (Path entry : StorageFiles.system().list(snapshot)) {
            Path target = directory.resolve(entry.getFileName().toString());
            if (Files.isDirectory(entry)) {
                restoreLog(entry, target);
            } else if (entry.getFileName().toString().equals(LogDirectory.CLEAN_SHUTDOWN_FILE)) {
                marker = entry;
            } else {
                Files.copy(entry, target);
            }
        }
        if (marker != null) {
            // The last: without it, the directory is not believed to be whole.
            Files.copy(marker, directory.resolve(LogDirectory.CLEAN_SHUTDOWN_FILE));
        }
    }

    private static void clear(Path directory) throws IOException {
        for (Path entry : StorageFiles.system().list(directory)) {
            String name = entry.getFileName().toString();
            if (!Files.isDirectory(entry)) {
                if (!name.equals(LogDirectory.LOCK_FILE)) {
                    Files.delete(entry);
                }
            } else if (PartitionDirectory.dash(name) > 0) {
                String unique = UUID.randomUUID().toString().replace("-", "");
                Files.move(
                        entry,
                        directory.resolve(
                                PartitionDirectory.retiredName(name, unique, PartitionDirectory.DELETE_SUFFIX)));
            }
        }
    }

    private static void restoreLog(Path snapshot, Path target) throws IOException {
        Files.createDirectory(target);
        Map<String, Path> files = new TreeMap<>();
        String active = "";
        for (Path file : StorageFiles.system().list(snapshot)) {
            String name = file.getFileName().toString();
            files.put(name, file);
            if (name.endsWith(LogFileNames.LOG) && name.compareTo(active) > 0) {
                active = name;
            }
        }
        String activeBase = active.isEmpty() ? "-" : active.substring(0, active.length() - LogFileNames.LOG.length());
        for (Map.Entry<String, Path> file : files.entrySet()) {
            String name = file.getKey();
            if (name.startsWith(activeBase) && !name.endsWith(LogFileNames.SNAPSHOT)) {
                Files.copy(file.getValue(), target.resolve(name));
            } else {
                link(file.getValue(), target.resolve(name));
            }
        }
    }

    /**
     * Deletes a copy.
     *
     * @throws IOException if something of it is still there
     */
    public static void delete(Path snapshot) throws IOException {
        if (Files.notExists(snapshot)) {
            return;
        }
        Files.walkFileTree(snapshot, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
