package io.ottla.storage;

import io.ottla.protocol.message.ProducerSnapshot;
import java.io.IOException;
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

    private LogVerifier(StorageFiles files) {
        this.files = files;
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
     * Verifies one partition's directory.
     *
     * @return what is wrong, by file; empty if nothing is
     * @throws IOException if the directory cannot be read
     */
    public static List<Finding> verifyLog(Path logDirectory) throws IOException {
        LogVerifier verifier = new LogVerifier(StorageFiles.system());
        verifier.verifyPartition(logDirectory);
        return verifier.findings;
    }

    private void verifyDirectory(Path directory) throws IOException {
        try {
            MetaProperties.read(files, directory);
        } catch (LogDamageException e) {
            find(e.file(), e.position(), e.getMessage());
        }
        NavigableMap<String, long[]> bounds = new TreeMap<>();
        List<Path> entries = new ArrayList<>(files.list(directory));
        entries.sort(Comparator.naturalOrder());
        for (Path entry : entries) {
            String name = entry.getFileName().toString();
            if (PartitionDirectory.dash(name) > 0 && files.isDirectory(entry)) {
                bounds.put(name, verifyPartition(entry));
            }
        }
        verifyCheckpoint(directory, OffsetCheckpoint.RECOVERY_POINT, bounds);
        verifyCheckpoint(directory, OffsetCheckpoint.LOG_START_OFFSET, bounds);
        verifyCheckpoint(directory, OffsetCheckpoint.REPLICATION_OFFSET, bounds);
        verifyCheckpoint(directory, OffsetCheckpoint.CLEANER_OFFSET, bounds);
    }

    /** An offset of a checkpoint lies within its log. */
    private void verifyCheckpoint(Path directory, String fileName, Map<String, long[]> bounds) throws IOException {
        Path path = directory.resolve(fileName);
        if (!files.exists(path)) {
            return;
        }
        if (TextCheckpoint.read(files, path, 3) == null) {
            find(path, 0, "it is no checkpoint");
            return;
        }
        for (Map.Entry<String, Long> entry :
                new OffsetCheckpoint(files, path).read().entrySet()) {
            long[] bound = bounds.get(entry.getKey());
            if (bound != null && (entry.getValue() < 0 || entry.getValue() > bound[1])) {
                find(path, 0, entry.getKey() + " ends at offset " + bound[1] + ", not at " + entry.getValue());
            }
        }
    }

    /** Verifies one log and returns its first and its end offset. */
    private long[] verifyPartition(Path directory) throws IOException {
        try {
            PartitionMetadataFile.read(files, directory);
        } catch (LogDamageException e) {
            find(e.file(), e.position(), e.getMessage());
        }
        NavigableMap<Long, Path> logs = new TreeMap<>();
        NavigableMap<Long, Path> snapshots = new TreeMap<>();
        for (Path path : files.list(directory)) {
            long offset = LogFileNames.offset(path, LogFileNames.LOG);
            if (offset >= 0) {
                logs.put(offset, path);
            }
            long snapshotOffset = LogFileNames.offset(path, LogFileNames.SNAPSHOT);
            if (snapshotOffset >= 0) {
                snapshots.put(snapshotOffset, path);
            }
        }
        if (logs.isEmpty()) {
            find(directory, 0, "there is no segment");
            return new long[] {0L, 0L};
        }
        long endOffset = -1L;
        for (Map.Entry<Long, Path> log : logs.entrySet()) {
            if (endOffset > log.getKey()) {
                find(log.getValue(), 0, "it begins below offset " + endOffset + ", where the one before ends");
            }
            SegmentVerifier segment = new SegmentVerifier(files, directory, log.getKey(), findings);
            boolean isLast = log.getKey().equals(logs.lastKey());
            endOffset = segment.verify(!isLast);
            if (!isLast && segment.isEmpty()) {
                find(log.getValue(), 0, "it is empty, but others follow");
            }
        }
        for (Map.Entry<Long, Path> snapshot : snapshots.entrySet()) {
            verifySnapshot(snapshot.getKey(), snapshot.getValue(), endOffset);
        }
        verifyEpochs(directory, endOffset);
        return new long[] {logs.firstKey(), endOffset};
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

    private void verifyEpochs(Path directory, long endOffset) throws IOException {
        Path path = directory.resolve(LeaderEpochs.FILE_NAME);
        if (!files.exists(path)) {
            return;
        }
        List<String[]> entries = TextCheckpoint.read(files, path, 2);
        if (entries == null) {
            find(path, 0, "it is no checkpoint");
            return;
        }
        long lastEpoch = -1;
        long lastStart = -1;
        for (String[] entry : entries) {
            try {
                long epoch = Integer.parseInt(entry[0]);
                long start = Long.parseLong(entry[1]);
                if (epoch <= lastEpoch || start < lastStart || start > endOffset) {
                    find(path, 0, "epoch " + epoch + " cannot start at offset " + start);
                }
                lastEpoch = epoch;
                lastStart = start;
            } catch (NumberFormatException e) {
                find(path, 0, "not a number: " + e.getMessage());
            }
        }
    }

    private void find(Path file, long position, String what) {
        findings.add(new Finding(file, position, what));
    }
}
