package io.ottla.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The checkpoint files of a data directory: what an earlier process has left in them, until the logs that it speaks of are open,
 * and what the open logs say.
 *
 * <p>What is known of one log may be asked for by any thread; for the rest the directory's lock is held.
 */
final class DirectoryCheckpoints {

    private final StorageFiles files;
    private final Path path;
    private final OffsetCheckpoint recoveryPoints;
    private final OffsetCheckpoint startOffsets;
    private final OffsetCheckpoint highWatermarks;
    private final OffsetCheckpoint cleanerOffsets;
    private final Map<String, Long> cleanedOffsets;
    private final Map<String, Long> foundRecoveryPoints;
    private final Map<String, Long> foundStartOffsets;
    private final Map<String, Long> foundHighWatermarks;

    /** The logs that the files on disk speak of. */
    private Set<String> written;

    /** Reads the files. */
    DirectoryCheckpoints(StorageFiles files, Path path) throws IOException {
        this.files = files;
        this.path = path;
        this.recoveryPoints = new OffsetCheckpoint(files, path.resolve(OffsetCheckpoint.RECOVERY_POINT));
        this.startOffsets = new OffsetCheckpoint(files, path.resolve(OffsetCheckpoint.LOG_START_OFFSET));
        this.highWatermarks = new OffsetCheckpoint(files, path.resolve(OffsetCheckpoint.REPLICATION_OFFSET));
        this.cleanerOffsets = new OffsetCheckpoint(files, path.resolve(OffsetCheckpoint.CLEANER_OFFSET));
        this.cleanedOffsets = new ConcurrentHashMap<>(cleanerOffsets.read());
        this.foundRecoveryPoints = new ConcurrentHashMap<>(recoveryPoints.read());
        this.foundStartOffsets = new ConcurrentHashMap<>(startOffsets.read());
        this.foundHighWatermarks = new ConcurrentHashMap<>(highWatermarks.read());
        this.written = new TreeSet<>(foundRecoveryPoints.keySet());
        written.addAll(foundStartOffsets.keySet());
        written.addAll(cleanedOffsets.keySet());
    }

    /** Up to where the log was on the device, {@link LogRecovery#UNKNOWN_OFFSET} if nothing is known. */
    long recoveryPoint(String name) {
        return foundRecoveryPoints.getOrDefault(name, LogRecovery.UNKNOWN_OFFSET);
    }

    /** Where the log started, 0 if nothing is known. */
    long startOffset(String name) {
        return foundStartOffsets.getOrDefault(name, 0L);
    }

    /** Up to where the log has been compacted, 0 if it has not. */
    long cleanedOffset(String name) {
        return cleanedOffsets.getOrDefault(name, 0L);
    }

    /** Whether compaction of the log has begun: it may be part of the way beyond the {@link #cleanedOffset}. */
    boolean isCompacted(String name) {
        return cleanedOffsets.containsKey(name);
    }

    /** Whether they say of the log that it has or had records. */
    boolean isUsed(String name) {
        return recoveryPoint(name) > 0 || startOffset(name) > 0 || isCompacted(name);
    }

    /** Learns of a log that will be here: what an earlier process would have left of it. */
    void expect(String name, long recoveryPoint, long startOffset, long cleanedOffset) {
        forget(name);
        foundRecoveryPoints.put(name, recoveryPoint);
        if (startOffset > 0) {
            foundStartOffsets.put(name, startOffset);
        }
        if (cleanedOffset >= 0) {
            cleanedOffsets.put(name, cleanedOffset);
        }
    }

    /** Remembers up to where a log has been compacted. */
    void cleaned(String name, long endOffset) {
        cleanedOffsets.put(name, endOffset);
    }

    /** Forgets a log that is not served any more; the files follow with the next {@link #write}. */
    void forget(String name) {
        foundRecoveryPoints.remove(name);
        foundStartOffsets.remove(name);
        foundHighWatermarks.remove(name);
        cleanedOffsets.remove(name);
    }

    /** Whether the files on disk speak of the log. */
    boolean isWritten(String name) {
        return written.contains(name);
    }

    /**
     * Writes the files.
     *
     * @param logs the open logs
     * @param unopened of which what was found stays
     * @param ends whether to write recovery points, high watermarks and cleaned offsets
     * @param starts whether to write log start offsets
     */
    void write(Collection<Log> logs, Set<String> unopened, boolean ends, boolean starts) throws IOException {
        Map<String, Long> recovery = new TreeMap<>(foundRecoveryPoints);
        Map<String, Long> start = new TreeMap<>(foundStartOffsets);
        Map<String, Long> high = new TreeMap<>(foundHighWatermarks);
        recovery.keySet().retainAll(unopened);
        start.keySet().retainAll(unopened);
        high.keySet().retainAll(unopened);
        Set<String> known = new TreeSet<>(unopened);
        for (Log log : logs) {
            known.add(log.name());
            recovery.put(log.name(), log.recoveryPoint());
            high.put(log.name(), log.highWatermark());
            // Also where a segment begins: a power failure may bring those before it back.
            if (log.logStartOffset() > 0) {
                start.put(log.name(), log.logStartOffset());
            }
        }
        written.addAll(recovery.keySet());
        if (ends) {
            recoveryPoints.write(recovery);
            highWatermarks.write(high);
            writeCleanedOffsets(known);
        }
        if (starts) {
            startOffsets.write(start);
        }
        if (ends && starts) {
            written = new TreeSet<>(recovery.keySet());
            written.addAll(cleanedOffsets.keySet());
        }
    }

    private void writeCleanedOffsets(Set<String> known) throws IOException {
        Map<String, Long> cleaned = new TreeMap<>(cleanedOffsets);
        cleaned.keySet().retainAll(known);
        // Most directories never have a compacted log, and no need for the file.
        if (!cleaned.isEmpty() || files.exists(path.resolve(OffsetCheckpoint.CLEANER_OFFSET))) {
            cleanerOffsets.write(cleaned);
        }
    }
}
