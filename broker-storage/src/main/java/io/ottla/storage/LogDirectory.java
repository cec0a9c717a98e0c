package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A data directory: one entry of {@code log.dirs}, laid out as Apache Kafka's.
 *
 * <pre>
 *   .lock                              held while a broker uses the directory
 *   meta.properties                    whose it is
 *   .kafka_cleanshutdown               there while it is closed cleanly
 *   recovery-point-offset-checkpoint   up to where each log is on the device
 *   log-start-offset-checkpoint        where logs start whose records have been deleted
 *   replication-offset-checkpoint      the high watermarks
 *   cleaner-offset-checkpoint          up to where logs have been compacted
 *   &lt;topic&gt;-&lt;partition&gt;/                one log
 *   &lt;topic&gt;-&lt;partition&gt;.&lt;id&gt;-delete/    a log that waits to be deleted
 *   &lt;topic&gt;-&lt;partition&gt;.&lt;id&gt;-stray/     a log that no topic claims; for its owner to look at
 * </pre>
 *
 * <p>Thread-safe.
 */
public final class LogDirectory implements AutoCloseable {

    private static final String LOCK_FILE = ".lock";
    private static final String CLEAN_SHUTDOWN_FILE = ".kafka_cleanshutdown";
    private static final String CLEAN_SHUTDOWN_CONTENT = "{\"version\":0,\"brokerEpoch\":-1}";

    private final Path path;
    private final StorageOptions options;
    private final StorageFiles files;
    private final Closeable lock;
    private final OffsetCheckpoint recoveryPoints;
    private final OffsetCheckpoint startOffsets;
    private final OffsetCheckpoint highWatermarks;
    private final OffsetCheckpoint cleanerOffsets;
    private final Map<String, Long> cleanedOffsets = new ConcurrentHashMap<>();
    private final Map<String, Log> logs = new ConcurrentHashMap<>();
    private final Map<String, Long> foundRecoveryPoints;
    private final Map<String, Long> foundStartOffsets;
    private final Map<String, Long> foundHighWatermarks;
    private final Map<String, PartitionDirectory> unopened = new ConcurrentHashMap<>();
    private final Set<String> opening = new HashSet<>();

    /** What is wrong with partitions of which not even the topic is known. */
    private final Map<String, LogDamageException> damaged = new ConcurrentHashMap<>();

    private final boolean clean;

    /** Whether {@code a-0} and {@code A-0} are the same file here, as is usual on macOS and Windows. */
    private final boolean ignoresCase;

    private Set<String> checkpointed;
    private MetaProperties metaProperties;
    private boolean closed;

    /**
     * Opens a data directory for this process alone, and makes it if it is missing. The logs in it are opened one by one.
     *
     * @throws IOException if another broker uses it, or it cannot be read or written
     */
    public static LogDirectory open(Path path, StorageOptions options) throws IOException {
        StorageFiles files = options.files();
        create(path, options);
        Closeable lock = files.lock(path.resolve(LOCK_FILE));
        try {
            return new LogDirectory(path, options, lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Keeps brokers from using a data directory until what is returned is closed; changes nothing in it.
     *
     * @throws IOException if a broker uses it
     */
    static Closeable lockUnused(Path path) throws IOException {
        Path lockPath = path.resolve(LOCK_FILE);
        return Files.exists(lockPath) ? SystemFiles.lockShared(lockPath) : () -> {};
    }

    /** Whether nobody has opened the directory since it was closed cleanly. */
    static boolean isClosedCleanly(StorageFiles files, Path path) {
        return files.exists(path.resolve(CLEAN_SHUTDOWN_FILE));
    }

    private static void create(Path path, StorageOptions options) throws IOException {
        StorageFiles files = options.files();
        List<Path> missing = new ArrayList<>();
        for (Path each = path.toAbsolutePath(); each != null && !files.exists(each); each = each.getParent()) {
            missing.add(each);
        }
        files.createDirectories(path);
        if (options.flushPolicy() == FlushPolicy.POWER_SAFE) {
            for (Path each : missing) {
                files.syncDirectory(each.getParent());
            }
        }
    }

    private LogDirectory(Path path, StorageOptions options, Closeable lock) throws IOException {
        this.path = path;
        this.options = options;
        this.files = options.files();
        this.lock = lock;
        // The lock file is there: if it has another name, too, the file system does not tell upper case from lower
        // case.
        this.ignoresCase = files.exists(path.resolve(LOCK_FILE.toUpperCase(Locale.ROOT)));
        this.metaProperties = MetaProperties.read(files, path);
        this.recoveryPoints = new OffsetCheckpoint(files, path.resolve(OffsetCheckpoint.RECOVERY_POINT));
        this.startOffsets = new OffsetCheckpoint(files, path.resolve(OffsetCheckpoint.LOG_START_OFFSET));
        this.highWatermarks = new OffsetCheckpoint(files, path.resolve(OffsetCheckpoint.REPLICATION_OFFSET));
        this.cleanerOffsets = new OffsetCheckpoint(files, path.resolve(OffsetCheckpoint.CLEANER_OFFSET));
        this.cleanedOffsets.putAll(cleanerOffsets.read());
        this.foundRecoveryPoints = new ConcurrentHashMap<>(recoveryPoints.read());
        this.foundStartOffsets = new ConcurrentHashMap<>(startOffsets.read());
        this.foundHighWatermarks = new ConcurrentHashMap<>(highWatermarks.read());
        this.checkpointed = new TreeSet<>(foundRecoveryPoints.keySet());
        checkpointed.addAll(foundStartOffsets.keySet());
        checkpointed.addAll(cleanedOffsets.keySet());
        findPartitions();
        // From here on, until close() writes it again, a death of the process is an unclean stop.
        this.clean = files.deleteIfExists(path.resolve(CLEAN_SHUTDOWN_FILE));
        if (clean) {
            files.syncDirectory(path);
        }
    }

    private void findPartitions() throws IOException {
        List<Path> deleted = new ArrayList<>();
        for (Path entry : files.list(path)) {
            String name = entry.getFileName().toString();
            int dash = PartitionDirectory.dash(name);
            if (name.endsWith(PartitionDirectory.DELETE_SUFFIX) && files.isDirectory(entry)) {
                deleted.add(entry);
            } else if (dash > 0 && files.isDirectory(entry)) {
                Uuid topicId = topicId(name, entry);
                unopened.put(
                        name,
                        new PartitionDirectory(
                                name.substring(0, dash),
                                Integer.parseInt(name.substring(dash + 1)),
                                topicId == null ? Uuid.ZERO : topicId,
                                entry));
            }
        }
        if (!deleted.isEmpty()) {
            options.scheduler().schedule(() -> deleted.forEach(this::deleteTree), 0L);
        }
    }

    /** A damaged file keeps its own partition closed, not the others. */
    private Uuid topicId(String name, Path directory) throws IOException {
        try {
            return PartitionMetadataFile.read(files, directory);
        } catch (LogDamageException e) {
            damaged.put(name, e);
            return null;
        }
    }

    /** The content of {@code meta.properties}; null in a directory that is new. */
    public synchronized MetaProperties metaProperties() {
        return metaProperties;
    }

    /**
     * Says whose directory it is.
     *
     * @throws IOException if it belongs to another cluster or node, or cannot be written
     */
    public synchronized void metaProperties(MetaProperties properties) throws IOException {
        if (metaProperties == null) {
            properties.write(files, path);
            metaProperties = properties;
        } else if (!metaProperties.clusterId().equals(properties.clusterId())
                || metaProperties.nodeId() != properties.nodeId()) {
            throw new IOException("The data directory " + path + " belongs to node " + metaProperties.nodeId()
                    + " of cluster " + metaProperties.clusterId() + ", not to node " + properties.nodeId()
                    + " of cluster " + properties.clusterId());
        }
    }

    /** The partitions that are on disk and have not been opened, by name. */
    public List<PartitionDirectory> unopenedPartitions() {
        return new ArrayList<>(new TreeMap<>(unopened).values());
    }

    /** Whether the directory was closed cleanly before this opening; if not, logs are recovered when they are opened. */
    public boolean wasClosedCleanly() {
        return clean;
    }

    /**
     * Opens a partition's log, and makes it if it is missing. May take long after a crash; several threads may open different
     * logs at a time.
     *
     * @param topicId the topic's id; {@link Uuid#ZERO} for no {@code partition.metadata} file
     * @return the log; the same as before if it is open
     * @throws LogDamageException if its files hold what no crash can have left; the others can still be opened
     * @throws IOException also if it is new, and its name is that of another partition for a file system that ignores case
     * @throws ApiException INCONSISTENT_TOPIC_ID if the directory belongs to another topic of that name
     */
    public Log open(String topic, int partition, Uuid topicId, LogConfig config) throws IOException {
        String name = PartitionDirectory.name(topic, partition);
        Log open = logs.get(name);
        return open != null ? open : openOrCreate(name, topicId, config);
    }

    private Log openOrCreate(String name, Uuid topicId, LogConfig config) throws IOException {
        PartitionDirectory found;
        synchronized (this) {
            awaitOpened(name);
            ensureOpen();
            Log other = logs.get(name);
            if (other != null) {
                return other;
            }
            found = unopened.get(name);
            LogDamageException damage = damaged.get(name);
            if (damage != null) {
                throw damage;
            }
            if (found == null) {
                ensureNotTheSameFile(name);
                cleanedOffsets.remove(name);
                forgetCheckpoints(name);
                files.createDirectories(path.resolve(name));
            } else {
                ensureTopic(found, topicId);
            }
            opening.add(name);
        }
        // Not under the lock: after a crash this may take long, and other logs can be opened meanwhile.
        Log log = null;
        try {
            log = recover(name, found, topicId, config);
        } finally {
            opened(name, log);
        }
        return log;
    }

    /** Two logs in one directory would destroy each other. */
    private void ensureNotTheSameFile(String name) throws IOException {
        if (ignoresCase) {
            Set<String> others = new TreeSet<>(logs.keySet());
            others.addAll(unopened.keySet());
            others.addAll(opening);
            for (String other : others) {
                if (other.equalsIgnoreCase(name) && !other.equals(name)) {
                    throw new IOException(path.resolve(name) + " would be the directory of " + other
                            + ": this file system does not tell upper case from lower case");
                }
            }
        }
    }

    private static void ensureTopic(PartitionDirectory found, Uuid topicId) {
        if (!found.topicId().equals(Uuid.ZERO)
                && !topicId.equals(Uuid.ZERO)
                && !found.topicId().equals(topicId)) {
            throw new ApiException(
                    ErrorCode.INCONSISTENT_TOPIC_ID,
                    found.path() + " belongs to a topic with the id " + found.topicId() + ", not " + topicId);
        }
    }

    private Log recover(String name, PartitionDirectory found, Uuid topicId, LogConfig config) throws IOException {
        Path directory = path.resolve(name);
        Log log = null;
        try {
            log = LogRecovery.open(
                    directory,
                    config,
                    options,
                    clean || found == null,
                    found == null ? 0L : foundRecoveryPoints.getOrDefault(name, LogRecovery.UNKNOWN_OFFSET),
                    found == null ? 0L : foundStartOffsets.getOrDefault(name, 0L),
                    cleanedOffset(name));
            if (found == null) {
                log.flusher().directoryAdded();
            }
            if (!topicId.equals(Uuid.ZERO) && (found == null || found.topicId().equals(Uuid.ZERO))) {
                // That of a new log is synced with its other files.
                PartitionMetadataFile.write(files, directory, topicId, found != null && log.isPowerSafe());
            }
            if (log.isPowerSafe()) {
                log.syncNewFiles();
            }
        } catch (IOException | RuntimeException e) {
            giveUp(directory, log, found == null);
            throw e;
        }
        return log;
    }

    /** A log that could not be opened leaves nothing open, and nothing behind if it was new. */
    private void giveUp(Path directory, Log log, boolean isNew) {
        if (log != null) {
            log.abandon();
        }
        if (isNew) {
            deleteTree(directory);
        }
    }

    private synchronized void opened(String name, Log log) {
        opening.remove(name);
        if (log != null) {
            unopened.remove(name);
            logs.put(name, log);
        }
        notifyAll();
    }

    /** Returns when no other thread is about to open the log, or any log if there is no name. */
    private synchronized void awaitOpened(String name) {
        boolean interrupted = false;
        while (name == null ? !opening.isEmpty() : opening.contains(name)) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * A new log must not be measured by the checkpoints of an old one of the same name: they are gone from the files before
     * there is a directory.
     */
    private void forgetCheckpoints(String name) {
        if (checkpointed.contains(name)) {
            checkpoint();
        }
    }

    /** The log of a partition; null if it is not open. */
    public Log log(String topic, int partition) {
        return logs.get(PartitionDirectory.name(topic, partition));
    }

    /** The open logs, in no order; a view. */
    public Collection<Log> logs() {
        return logs.values();
    }

    /**
     * Deletes a partition: its directory has another name when the method returns, and goes after {@code file.delete.delay.ms}.
     * Does nothing if there is none.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public synchronized void delete(String topic, int partition) {
        String name = PartitionDirectory.name(topic, partition);
        Log log = logs.get(name);
        Path waiting = retire(name, PartitionDirectory.DELETE_SUFFIX);
        if (waiting != null) {
            long delayMs = log == null ? 0L : log.config().fileDeleteDelayMs();
            options.scheduler().schedule(() -> deleteTree(waiting), delayMs);
        }
    }

    /**
     * Takes a partition out of use and keeps its files: its directory has a name that no topic can have, and stays. Does nothing
     * if there is none.
     *
     * @return the new name of its directory; null if there is none
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public synchronized Path setAside(String topic, int partition) {
        return retire(PartitionDirectory.name(topic, partition), PartitionDirectory.STRAY_SUFFIX);
    }

    /** Closes and renames; null if there is no such partition. */
    private Path retire(String name, String end) {
        awaitOpened(name);
        Log log = logs.remove(name);
        boolean exists = unopened.remove(name) != null || log != null;
        damaged.remove(name);
        if (log != null) {
            log.letGo();
        }
        foundRecoveryPoints.remove(name);
        foundStartOffsets.remove(name);
        foundHighWatermarks.remove(name);
        cleanedOffsets.remove(name);
        if (!exists) {
            return null;
        }
        Path retired = path.resolve(PartitionDirectory.retiredName(name, hex(Uuid.random()), end));
        try {
            files.rename(path.resolve(name), retired);
        } catch (IOException e) {
            throw Log.storageError("Renaming " + name + " to " + retired.getFileName() + " failed", e);
        }
        return retired;
    }

    /** 32 digits: file names may differ in case only on few file systems, so base64 would not be unique. */
    private static String hex(Uuid id) {
        return new UUID(id.mostSignificantBits(), id.leastSignificantBits())
                .toString()
                .replace("-", "");
    }

    private void deleteTree(Path directory) {
        try {
            files.deleteTree(directory);
        } catch (IOException e) {
            // The next start deletes what has this name.
            StorageLog.LOG.warn("Deleting {} failed", directory, e);
        }
    }

    /**
     * Writes recovery points, log start offsets and high watermarks to their files; syncs no log. To be called from time to
     * time, so that a start after a crash has less to read. Does nothing in a closed directory: it may be another's by now.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public synchronized void checkpoint() {
        checkpoint(true, true);
    }

    /** As {@link #checkpoint}, but leaves log start offsets out. */
    public synchronized void checkpointRecoveryPoints() {
        checkpoint(true, false);
    }

    /** As {@link #checkpoint}, for log start offsets only. */
    public synchronized void checkpointStartOffsets() {
        checkpoint(false, true);
    }

    private void checkpoint(boolean ends, boolean starts) {
        if (closed) {
            return;
        }
        Map<String, Long> recovery = new TreeMap<>(foundRecoveryPoints);
        Map<String, Long> start = new TreeMap<>(foundStartOffsets);
        Map<String, Long> high = new TreeMap<>(foundHighWatermarks);
        recovery.keySet().retainAll(unopened.keySet());
        start.keySet().retainAll(unopened.keySet());
        high.keySet().retainAll(unopened.keySet());
        logs.forEach((name, log) -> {
            recovery.put(name, log.recoveryPoint());
            high.put(name, log.highWatermark());
            // Also where a segment begins: a power failure may bring those before it back.
            if (log.logStartOffset() > 0) {
                start.put(name, log.logStartOffset());
            }
        });
        try {
            checkpointed.addAll(recovery.keySet());
            if (ends) {
                recoveryPoints.write(recovery);
                highWatermarks.write(high);
                writeCleanedOffsets();
            }
            if (starts) {
                startOffsets.write(start);
            }
            if (ends && starts) {
                checkpointed = new TreeSet<>(recovery.keySet());
                checkpointed.addAll(cleanedOffsets.keySet());
            }
        } catch (IOException e) {
            throw Log.storageError("Writing the checkpoints of " + path + " failed", e);
        }
    }

    private void writeCleanedOffsets() throws IOException {
        Map<String, Long> cleaned = new TreeMap<>(cleanedOffsets);
        cleaned.keySet().removeIf(name -> !logs.containsKey(name) && !unopened.containsKey(name));
        // Most directories never have a compacted log, and no need for the file.
        if (!cleaned.isEmpty() || files.exists(path.resolve(OffsetCheckpoint.CLEANER_OFFSET))) {
            cleanerOffsets.write(cleaned);
        }
    }

    /** Up to where the log has been compacted, 0 if it has not. */
    long cleanedOffset(String name) {
        return cleanedOffsets.getOrDefault(name, 0L);
    }

    /** Remembers up to where a log has been compacted; false if it is not here any more, or the directory is closed. */
    synchronized boolean cleaned(Log log, long endOffset) {
        boolean known = !closed && logs.get(log.name()) == log;
        if (known) {
            cleanedOffsets.put(log.name(), endOffset);
            checkpoint();
        }
        return known;
    }

    StorageOptions options() {
        return options;
    }

    /**
     * Flushes and closes all logs, says that the stop is clean, and gives the directory free. If a log could not be flushed, or
     * a log that needs recovery has not been opened, the stop is not clean.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR; the directory is free nevertheless
     */
    @Override
    public synchronized void close() {
        awaitOpened(null);
        if (closed) {
            return;
        }
        ApiException failure = null;
        try {
            for (Log log : logs.values()) {
                try {
                    log.close();
                } catch (ApiException e) {
                    failure = e;
                }
            }
            checkpoint();
            if (failure == null && (clean || unopened.isEmpty())) {
                files.replace(
                        path.resolve(CLEAN_SHUTDOWN_FILE),
                        CLEAN_SHUTDOWN_CONTENT.getBytes(StandardCharsets.UTF_8),
                        true);
            }
        } catch (IOException e) {
            throw Log.storageError("Closing " + path + " failed", e);
        } finally {
            abandon();
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Gives everything free and leaves the files as they are, as if the process had died. */
    public synchronized void abandon() {
        awaitOpened(null);
        if (closed) {
            return;
        }
        closed = true;
        logs.values().forEach(Log::abandon);
        try {
            lock.close();
        } catch (IOException e) {
            StorageLog.LOG.warn("Unlocking {} failed", path, e);
        }
    }

    public Path path() {
        return path;
    }

    private void ensureOpen() {
        if (closed) {
            throw new ApiException(ErrorCode.KAFKA_STORAGE_ERROR, path + " is closed");
        }
    }
}
