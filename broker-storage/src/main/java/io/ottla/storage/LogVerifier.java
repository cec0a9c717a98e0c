package io.ottla.storage;

import io.ottla.protocol.message.ProducerSnapshot;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Reads a data directory and says what in it cannot be right: batches and their CRCs, offsets that overlap, indexes that do not
 * agree with the log, snapshots, checkpoints. Changes nothing. The directory should not be in use.
 *
 * <p>After a crash, a torn tail and an index that lacks its end are found here, too, until the log has been opened again.
 */
public final class LogVerifier {

    /**
     * Something that is wrong.
     *
     * @param file the file it is wrong in
     * @param position where, in bytes from the file's start
     * @param what what is wrong
     */
    public record Finding(Path file, long position, String what) {
        @Override
        public String toString() {
            return file + " at position " + position + ": " + what;
        }
    }

    private final StorageFiles files;
    private final List<Finding> findings = new ArrayList<>();
    private int logCount;
    private long sizeBytes;

    private LogVerifier(StorageFiles files) {
        this.files = files;
    }

    /**
     * What {@link #examine} saw.
     *
     * @param findings what is wrong, by file; empty if nothing is
     * @param logCount how many logs were read
     * @param sizeBytes how many bytes of records they have
     * @param closedCleanly whether the directory was closed cleanly; if not, the next start recovers it, and may mend some of
     *     the findings
     */
    public record Report(List<Finding> findings, int logCount, long sizeBytes, boolean closedCleanly) {}

    /**
     * Verifies a data directory with all its logs, and keeps brokers from opening it meanwhile. Reads all that is in it.
     *
     * @throws IOException if it is no data directory, cannot be read, or is used by a broker
     */
    public static Report examine(Path dataDirectory) throws IOException {
        if (!Files.isDirectory(dataDirectory)) {
            throw new IOException(dataDirectory + " is no folder");
        }
        Closeable lock = LogDirectory.lockUnused(dataDirectory);
        try {
            LogVerifier verifier = new LogVerifier(StorageFiles.system());
            verifier.verifyDirectory(dataDirectory);
            if (verifier.logCount == 0 && !Files.exists(dataDirectory.resolve(MetaProperties.FILE_NAME))) {
                throw new IOException(
                        dataDirectory + " is no data folder: it has neither " + MetaProperties.FILE_NAME + " nor logs");
            }
            return new Report(
                    List.copyOf(verifier.findings),
                    verifier.logCount,
                    verifier.sizeBytes,
                    LogDirectory.isClosedCleanly(StorageFiles.system(), dataDirectory));
        } finally {
            lock.close();
        }
    }

    /**
     * Verifies a data directory with all its logs.
     *
     * @return what is wrong, by file; empty if nothing is
     * @throws IOException if the directory cannot be read
     */
    public static List<Finding> verify(Path dataDirectory) throws IOException {
        return verify(dataDirectory, StorageFiles.system());
    }

    static List<Finding> verify(Path dataDirectory, StorageFiles files) throws IOException {
        LogVerifier verifier = new LogVerifier(files);
        verifier.verifyDirectory(dataDirectory);
        return verifier.findings;
    }

    /**
     * Verifies one partition's directory; offsets may be missing where records were compacted away.
     *
     * @return what is wrong, by file; empty if nothing is
     * @throws IOException if the directory cannot be read
     */
    public static List<Finding> verifyLog(Path logDirectory) throws IOException {
        LogVerifier verifier = new LogVerifier(StorageFiles.system());
        verifier.verifyPartition(logDirectory, true, false);
        return verifier.findings;
    }

    private void verifyDirectory(Path directory) throws IOException {
        try {
            MetaProperties.read(files, directory);
        } catch (LogDamageException e) {
            find(e.file(), e.position(), e.getMessage());
        }
        boolean clean = LogDirectory.isClosedCleanly(files, directory);
        Map<String, Long> cleaned = verifyCheckpoint(directory, OffsetCheckpoint.CLEANER_OFFSET);
        Map<String, Long> synced = verifyCheckpoint(directory, OffsetCheckpoint.RECOVERY_POINT);
        NavigableMap<String, Long> ends = new TreeMap<>();
        List<Path> entries = new ArrayList<>(files.list(directory));
        entries.sort(Comparator.naturalOrder());
        for (Path entry : entries) {
            String name = entry.getFileName().toString();
            if (PartitionDirectory.dash(name) > 0 && files.isDirectory(entry)) {
                // The checkpoint has a line for every log that has been compacted, before the first record goes.
                boolean mayBeNew =
                        clean ? Long.valueOf(0L).equals(synced.get(name)) : synced.getOrDefault(name, 0L) == 0;
                ends.put(name, verifyPartition(entry, cleaned.containsKey(name), mayBeNew));
            }
        }
        verifyEnds(directory, OffsetCheckpoint.CLEANER_OFFSET, cleaned, ends, false);
        verifyEnds(directory, OffsetCheckpoint.RECOVERY_POINT, synced, ends, clean);
        String replicated = OffsetCheckpoint.REPLICATION_OFFSET;
        verifyEnds(directory, replicated, verifyCheckpoint(directory, replicated), ends, clean);
        String starts = OffsetCheckpoint.LOG_START_OFFSET;
        verifyEnds(directory, starts, verifyCheckpoint(directory, starts), ends, false);
    }

    /** The offsets of a checkpoint; none if it is missing or none. */
    private Map<String, Long> verifyCheckpoint(Path directory, String fileName) throws IOException {
        Path path = directory.resolve(fileName);
        Map<String, Long> offsets = new TreeMap<>();
        List<String[]> entries = files.exists(path) ? TextCheckpoint.parse(files, path, 3) : List.of();
        if (entries == null) {
            find(path, 0, "it is no checkpoint");
            return offsets;
        }
        for (String[] entry : entries) {
            try {
                offsets.put(PartitionDirectory.name(entry[0], Integer.parseInt(entry[1])), Long.parseLong(entry[2]));
            } catch (NumberFormatException e) {
                find(path, 0, "not a number: " + e.getMessage());
            }
        }
        return offsets;
    }

    /** An offset of a checkpoint lies within its log, or is its end. */
    private void verifyEnds(
            Path directory, String fileName, Map<String, Long> offsets, Map<String, Long> ends, boolean exact) {
        for (Map.Entry<String, Long> entry : offsets.entrySet()) {
            Long end = ends.get(entry.getKey());
            long offset = entry.getValue();
            if (end != null && (offset < 0 || offset > end || (exact && offset != end))) {
                find(directory.resolve(fileName), 0, entry.getKey() + " ends at offset " + end + ", not at " + offset);
            }
        }
    }

    /**
     * Verifies one log and returns its end offset.
     *
     * @param mayBeNew whether the process may have died between making the directory and its first segment, or the power have taken that
     */
    private long verifyPartition(Path directory, boolean gapsAllowed, boolean mayBeNew) throws IOException {
        try {
            PartitionMetadataFile.read(files, directory);
        } catch (LogDamageException e) {
            find(e.file(), e.position(), e.getMessage());
        }
        NavigableMap<Long, Path> logs = new TreeMap<>();
        NavigableMap<Long, Path> snapshots = new TreeMap<>();
        List<Path> metadataSnapshots = new ArrayList<>();
        for (Path path : files.list(directory)) {
            long offset = LogFileNames.offset(path, LogFileNames.LOG);
            long snapshotOffset = LogFileNames.offset(path, LogFileNames.SNAPSHOT);
            if (offset >= 0) {
                logs.put(offset, path);
                sizeBytes += files.sizeBytes(path);
            } else if (snapshotOffset >= 0) {
                snapshots.put(snapshotOffset, path);
            } else if (path.getFileName().toString().endsWith(".checkpoint")) {
                metadataSnapshots.add(path);
            }
        }
        logCount++;
        if (logs.isEmpty()) {
            if (mayBeNew) {
                return 0L;
            }
            find(directory, 0, "there is no segment");
            return 0L;
        }
        SegmentVerifier.LogWalk walk =
                new SegmentVerifier.LogWalk(files, directory, gapsAllowed, verifyEpochs(directory));
        for (long base : logs.keySet()) {
            new SegmentVerifier(walk, base).verify(base != logs.lastKey());
        }
        findings.addAll(walk.findings());
        for (Map.Entry<Long, Path> snapshot : snapshots.entrySet()) {
            verifySnapshot(snapshot.getKey(), snapshot.getValue(), walk.nextOffset());
        }
        for (Path snapshot : metadataSnapshots) {
            verifyMetadataSnapshot(snapshot);
        }
        verifyEpochEnds(directory, walk.nextOffset());
        return walk.nextOffset();
    }

    /** A snapshot of the metadata is a file of batches (KIP-630). */
    private void verifyMetadataSnapshot(Path path) throws IOException {
        try (StorageFile file = files.openForReading(path)) {
            BatchCursor cursor = BatchCursor.scan(file, 0, (int) Math.min(Integer.MAX_VALUE, file.sizeBytes()));
            while (cursor.next()) {
                if (!cursor.wholeBatch().isCrcValid()) {
                    find(path, cursor.position(), "the CRC of the batch does not fit");
                }
            }
            if (cursor.fault() != null) {
                find(path, cursor.position(), cursor.fault());
            }
        }
    }

    private void verifySnapshot(long offset, Path path, long endOffset) throws IOException {
        if (offset > endOffset) {
            find(path, 0, "it is of offset " + offset + ", but the log ends at " + endOffset);
        }
        ProducerSnapshot snapshot = ProducerSnapshots.read(files, path);
        if (snapshot == null) {
            find(path, 0, "it is no producer snapshot, or its CRC does not fit");
            return;
        }
        for (ProducerSnapshot.ProducerEntry entry : snapshot.producerEntries()) {
            if (entry.lastOffset() >= offset || entry.currentTxnFirstOffset() >= offset) {
                find(path, 0, "producer " + entry.producerId() + " has written behind offset " + offset);
            }
        }
    }

    /** The leader epochs if the file has them; null if it is missing, empty or wrong. */
    private LeaderEpochs verifyEpochs(Path directory) throws IOException {
        Path path = directory.resolve(LeaderEpochs.FILE_NAME);
        if (!files.exists(path)) {
            return null;
        }
        List<String[]> entries = TextCheckpoint.parse(files, path, 2);
        if (entries == null) {
            find(path, 0, "it is no checkpoint");
            return null;
        }
        long lastEpoch = -1;
        long lastStart = -1;
        for (String[] entry : entries) {
            try {
                long epoch = Integer.parseInt(entry[0]);
                long start = Long.parseLong(entry[1]);
                if (epoch <= lastEpoch || start < lastStart) {
                    find(path, 0, "epoch " + epoch + " cannot start at offset " + start);
                    return null;
                }
                lastEpoch = epoch;
                lastStart = start;
            } catch (NumberFormatException e) {
                find(path, 0, "not a number: " + e.getMessage());
                return null;
            }
        }
        LeaderEpochs epochs = new LeaderEpochs(files, directory);
        epochs.load();
        return epochs.isEmpty() ? null : epochs;
    }

    private void verifyEpochEnds(Path directory, long endOffset) throws IOException {
        LeaderEpochs epochs = new LeaderEpochs(files, directory);
        Path path = directory.resolve(LeaderEpochs.FILE_NAME);
        boolean readable = files.exists(path) && TextCheckpoint.parse(files, path, 2) != null && epochs.load();
        if (readable && epochs.latestStartOffset() > endOffset) {
            find(path, 0, "an epoch starts at offset " + epochs.latestStartOffset() + ", the log ends at " + endOffset);
        }
    }

    private void find(Path file, long position, String what) {
        findings.add(new Finding(file, position, what));
    }
}
