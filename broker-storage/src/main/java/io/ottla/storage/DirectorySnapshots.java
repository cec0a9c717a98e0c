package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
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
import java.util.function.ToLongFunction;

/**
 * Copies of data directories, made while they are in use and put back later, any number of times.
 *
 * <p>What never changes is linked, not copied: a sealed segment and its indexes, and the states of producers. An active segment is
 * appended to, so it is copied; a large one is sealed first. So a copy takes as long as there
 * are files, however large they are. Where the file system has no hard links, or the copy lies on another one, all is copied.
 *
 * <p>A copy is a data directory that was closed cleanly. Nothing is synced: a copy is not made to survive a power failure.
 */
public final class DirectorySnapshots {

    /** From here on, sealing a segment costs less than copying it. */
    private static final int MAX_COPIED_SIZE_BYTES = 256 << 10;

    private static final List<String> SMALL_FILES = List.of(PartitionMetadataFile.FILE_NAME, LeaderEpochs.FILE_NAME);

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
        for (String name : SMALL_FILES) {
            // Not linked: an EmptiedLog writes into them.
            if (Files.exists(directory.resolve(name))) {
                Files.copy(directory.resolve(name), target.resolve(name));
            }
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
     * Puts a copy in the place of what a data directory holds. What is there already is left as it is, and what has to be written goes into the
     * files that are there, where nobody else shares them: file systems take longer to make a file than to fill it.
     *
     * @param snapshot what {@link #take} made; stays as it is
     * @param directory a data directory that nobody has open
     * @throws IOException if it cannot be done; the directory may then hold a part of either
     */
    public static void restore(Path snapshot, Path directory) throws IOException {
        Files.createDirectories(directory);
        Map<String, Path> wanted = entries(snapshot);
        Path marker = wanted.remove(LogDirectory.CLEAN_SHUTDOWN_FILE);
        // The first to go and the last to come: without it, the directory is not believed to be whole.
        Files.deleteIfExists(directory.resolve(LogDirectory.CLEAN_SHUTDOWN_FILE));
        for (Path entry : entries(directory).values()) {
            String name = entry.getFileName().toString();
            boolean isPartition = (PartitionDirectory.dash(name) > 0 || PartitionDirectory.nameOfFuture(name) != null)
                    && Files.isDirectory(entry);
            if (!wanted.containsKey(name) && (isPartition || isCheckpoint(name))) {
                delete(entry);
            }
        }
        for (Map.Entry<String, Path> entry : wanted.entrySet()) {
            Path target = directory.resolve(entry.getKey());
            if (Files.isDirectory(entry.getValue())) {
                restoreLog(entry.getValue(), target);
            } else {
                overwrite(entry.getValue(), target);
            }
        }
        if (marker != null) {
            overwrite(marker, directory.resolve(LogDirectory.CLEAN_SHUTDOWN_FILE));
        }
    }

    private static boolean isCheckpoint(String name) {
        return name.endsWith("-checkpoint") || name.equals(MetaProperties.FILE_NAME);
    }

    private static Map<String, Path> entries(Path directory) throws IOException {
        Map<String, Path> entries = new TreeMap<>();
        for (Path entry : StorageFiles.system().list(directory)) {
            entries.put(entry.getFileName().toString(), entry);
        }
        return entries;
    }

    private static void restoreLog(Path snapshot, Path target) throws IOException {
        Map<String, Path> wanted = entries(snapshot);
        Map<String, Path> present = Files.isDirectory(target) ? entries(target) : Map.of();
        if (present.isEmpty()) {
            Files.createDirectories(target);
        }
        for (Map.Entry<String, Path> file : present.entrySet()) {
            if (!wanted.containsKey(file.getKey())) {
                delete(file.getValue());
            }
        }
        String active = activeBase(wanted);
        for (Map.Entry<String, Path> file : wanted.entrySet()) {
            String name = file.getKey();
            Path to = target.resolve(name);
            boolean ofActive = name.startsWith(active) && !name.endsWith(LogFileNames.SNAPSHOT);
            if (ofActive || SMALL_FILES.contains(name)) {
                overwrite(file.getValue(), to);
            } else if (!present.containsKey(name)) {
                link(file.getValue(), to);
            } else if (!Files.isSameFile(file.getValue(), to)) {
                Files.delete(to);
                link(file.getValue(), to);
            }
        }
    }

    /** What the names of the active segment's files begin with. */
    private static String activeBase(Map<String, Path> files) {
        String active = "";
        for (String name : files.keySet()) {
            if (name.endsWith(LogFileNames.LOG) && name.compareTo(active) > 0) {
                active = name;
            }
        }
        return active.isEmpty() ? "-" : active.substring(0, active.length() - LogFileNames.LOG.length());
    }

    /** A file that somebody else has, too, is another snapshot's: it gets out of the way, and stays as it is. */
    private static void overwrite(Path from, Path to) throws IOException {
        byte[] content = Files.readAllBytes(from);
        if (Files.exists(to) && !isUnshared(to)) {
            Files.delete(to);
        }
        // Not cut to nothing first: some file systems take that for the wish to have the new content on the device
        // soon.
        try (FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                out.write(left);
            }
            if (out.size() > content.length) {
                out.truncate(content.length);
            }
        }
    }

    private static boolean isUnshared(Path file) throws IOException {
        try {
            return (Integer) Files.getAttribute(file, "unix:nlink") == 1;
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            return false;
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
