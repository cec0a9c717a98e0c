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
 *   &lt;topic&gt;-&lt;partition&gt;.&lt;id&gt;-future/    the copy of a log that is being moved here
 *   &lt;topic&gt;-&lt;partition&gt;.&lt;id&gt;-delete/    a log that waits to be deleted
 *   &lt;topic&gt;-&lt;partition&gt;.&lt;id&gt;-stray/     a log that no topic claims; for its owner to look at
 * </pre>
 *
 * <p>Thread-safe.
 */
public final class LogDirectory implements AutoCloseable {

    static final String LOCK_FILE = ".lock";
    static final String CLEAN_SHUTDOWN_FILE = ".kafka_cleanshutdown";
    static final String CLEAN_SHUTDOWN_CONTENT = "{\"version\":0,\"brokerEpoch\":-1}";

    private final Path path;
    private final StorageOptions options;
    private final StorageFiles files;
    private final Closeable lock;
    private final DirectoryCheckpoints checkpoints;
    private final DirectoryMoves moves;
    private final Map<String, Log> logs = new ConcurrentHashMap<>();
    private final Map<String, PartitionDirectory> unopened = new ConcurrentHashMap<>();
    private final Set<String> opening = new HashSet<>();
    private final Set<Path> retired = ConcurrentHashMap.newKeySet();

    /** What is wrong with partitions of which not even the topic is known. */
    private final Map<String, LogDamageException> damaged = new ConcurrentHashMap<>();

    private final boolean clean;

    /** Whether {@code a-0} and {@code A-0} are the same file here, as is usual on macOS and Windows. */
    private final boolean ignoresCase;

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
        this.checkpoints = new DirectoryCheckpoints(files, path);
        this.moves = new DirectoryMoves(this, logs, checkpoints);
        findPartitions();
        // From here on, until close() writes it again, a death of the process is an unclean stop.
        this.clean = files.deleteIfExists(path.resolve(CLEAN_SHUTDOWN_FILE));
        if (clean || metaProperties != null) {
            // An earlier start may have died before the name of meta.properties was on the device.
            files.syncDirectory(path);
        }
    }

    private void findPartitions() throws IOException {
        List<Path> deleted = new ArrayList<>();
        for (Path entry : files.list(path)) {
            String name = entry.getFileName().toString();
            String future = PartitionDirectory.nameOfFuture(name);
            if (name.endsWith(PartitionDirectory.DELETE_SUFFIX) && files.isDirectory(entry)) {
                deleted.add(entry);
            } else if (PartitionDirectory.dash(name) > 0 && files.isDirectory(entry)) {
                unopened.put(name, PartitionDirectory.of(name, topicId(name, entry), entry));
            } else if (future != null && files.isDirectory(entry)) {
                moves.found(PartitionDirectory.of(future, topicId(name, entry), entry));
            }
        }
        if (!deleted.isEmpty()) {
            options.scheduler().schedule(() -> deleted.forEach(this::deleteTree), 0L);
        }
    }

    /** A damaged file keeps its own partition closed, not the others. */
    private Uuid topicId(String name, Path directory) throws IOException {
        try {
            Uuid found = PartitionMetadataFile.read(files, directory);
            return found == null ? Uuid.ZERO : found;
        } catch (LogDamageException e) {
            damaged.put(name, e);
            return Uuid.ZERO;
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
     * <p>After a crash, files with records that do not say to which topic they belong may be an older one's of the same name: they
     * are set aside, as Apache Kafka does, and the log begins anew.
     *
     * @param topicId the topic's id; {@link Uuid#ZERO} for no {@code partition.metadata} file, and whatever is there belongs to it
     * @param leaderEpoch the newest leader epoch that the partition has had, as far as is known; larger if it is not
     * @return the log; the same as before if it is open
     * @throws LogDamageException if its files hold what no crash can have left; the others can still be opened
     * @throws IOException also if it is new, and its name is that of another partition for a file system that ignores case
     * @throws ApiException INCONSISTENT_TOPIC_ID if the directory belongs to another topic of that name
     */
    public Log open(String topic, int partition, Uuid topicId, LogConfig config, int leaderEpoch) throws IOException {
        String name = PartitionDirectory.name(topic, partition);
        Log open = logs.get(name);
        return open != null ? open : openOrCreate(name, topicId, config, leaderEpoch);
    }

    /** As {@link #open(String, int, Uuid, LogConfig, int)}, where nobody knows of leader epochs. */
    public Log open(String topic, int partition, Uuid topicId, LogConfig config) throws IOException {
        return open(topic, partition, topicId, config, Integer.MAX_VALUE);
    }

    private Log openOrCreate(String name, Uuid topicId, LogConfig config, int leaderEpoch) throws IOException {
        PartitionDirectory found;
        synchronized (this) {
            awaitOpened(name);
            ensureOpen();
            Log other = logs.get(name);
            if (other != null) {
                return other;
            }
            LogDamageException damage = damaged.get(name);
            if (damage != null) {
                throw damage;
            }
            found = usable(unopened.get(name), topicId);
            if (found == null) {
                create(name);
            }
            opening.add(name);
        }
        // Not under the lock: after a crash this may take long, and other logs can be opened meanwhile.
        Log log = null;
        try {
            log = recover(name, found, topicId, config, leaderEpoch);
        } finally {
            opened(name, log);
        }
        return log;
    }

    /** Null if the log has to be made anew, also because nobody can tell whose the files are that have its name. */
    private PartitionDirectory usable(PartitionDirectory found, Uuid topicId) throws IOException {
        if (found == null) {
            return null;
        }
        found.ensureTopic(topicId);
        // The metadata's topic, as Apache Kafka calls it, is never made a second time.
        boolean known = !found.topicId().equals(Uuid.ZERO) || topicId.equals(Uuid.ZERO) || topicId.equals(Uuid.ONE);
        if (known || clean || !(checkpoints.isUsed(found.path().getFileName().toString()) || found.isUsed(files))) {
            return found;
        }
        Path aside = setAside(found.topic(), found.partition());
        StorageLog.LOG.warn(
                "{} does not say which topic its records belong to: it is set aside as {}, the topic with the id {} begins"
                        + " without them",
                found.path(),
                aside.getFileName(),
                topicId);
        return null;
    }

    /** Makes the directory of a new log. */
    private void create(String name) throws IOException {
        if (ignoresCase) {
            for (Set<String> others : List.of(logs.keySet(), unopened.keySet(), opening)) {
                PartitionDirectory.ensureNotTheSame(path, name, others);
            }
        }
        Path directory = path.resolve(name);
        if (PartitionDirectory.isUsed(files, directory)) {
            // Left of a deletion that could not rename it.
            Path aside = rename(name, PartitionDirectory.STRAY_SUFFIX);
            StorageLog.LOG.warn("{} is in the way of a new log: it is set aside as {}", directory, aside.getFileName());
        }
        checkpoints.forget(name);
        if (checkpoints.isWritten(name)) {
            // A new log must not be measured by the checkpoints of an old one of the same name.
            checkpoint();
        }
        files.createDirectories(directory);
    }

    private Log recover(String name, PartitionDirectory found, Uuid topicId, LogConfig config, int leaderEpoch)
            throws IOException {
        Path directory = path.resolve(name);
        Log log = null;
        try {
            log = LogRecovery.open(directory, config, options, known(name, found == null, leaderEpoch));
            boolean isNameless = found == null || found.topicId().equals(Uuid.ZERO);
            if (!topicId.equals(Uuid.ZERO) && isNameless) {
                // With records, it has to be there after a power failure. That of a new log is synced with its other
                // files.
                PartitionMetadataFile.write(files, directory, topicId, log.logEndOffset() > 0);
            }
            if (isNameless) {
                log.flusher().directoryAdded();
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

    private LogRecovery.Known known(String name, boolean isNew, int leaderEpoch) {
        return isNew
                ? new LogRecovery.Known(true, 0L, 0L, LogRecovery.UNKNOWN_OFFSET, leaderEpoch)
                : new LogRecovery.Known(
                        clean,
                        checkpoints.recoveryPoint(name),
                        checkpoints.startOffset(name),
                        checkpoints.isCompacted(name) ? checkpoints.cleanedOffset(name) : LogRecovery.UNKNOWN_OFFSET,
                        leaderEpoch);
    }

    /** A log that could not be opened leaves nothing open, and nothing behind if it was new. */
    private void giveUp(Path directory, Log log, boolean isNew) {
        if (log != null) {
            log.abandon();
        }
        if (isNew) {
            try {
                // Without looking into it, which takes a file descriptor: there may be none, and that be the reason for
                // all this.
                files.deleteIfExists(directory);
            } catch (IOException e) {
                deleteTree(directory);
            }
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
            retired.add(waiting);
            options.scheduler().schedule(() -> deleteTree(waiting), delayMs);
        }
    }

    /** Has the directories of deleted partitions go as soon as possible, whatever {@code file.delete.delay.ms} says. Does not wait for that. */
    public void hastenDeletion() {
        if (!retired.isEmpty()) {
            List<Path> waiting = List.copyOf(retired);
            options.scheduler().schedule(() -> waiting.forEach(this::deleteTree), 0L);
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

    /**
     * Puts an empty log of the same topic in the place of one, and keeps its files: file systems take longer to make files than to empty
     * them. Crashes of the machine are not provided for.
     *
     * @param leaderEpoch the newest that the partition has had
     * @return false, and nothing has changed, if it is not open or not as simple as that
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public synchronized boolean empty(String topic, int partition, Uuid topicId, LogConfig config, int leaderEpoch) {
        String name = PartitionDirectory.name(topic, partition);
        Log log = logs.get(name);
        if (log == null || files.isSynced() || !EmptiedLog.isPossible(log)) {
            return false;
        }
        logs.remove(name);
        log.letGo();
        checkpoints.forget(name);
        unopened.put(name, new PartitionDirectory(topic, partition, topicId, log.directory()));
        opened(name, EmptiedLog.inPlaceOf(log, config, leaderEpoch));
        return true;
    }

    /** Whether the checkpoint files have an entry for a partition, or had one when they were last read. */
    public boolean isCheckpointed(String topic, int partition) {
        return checkpoints.isWritten(PartitionDirectory.name(topic, partition));
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
        checkpoints.forget(name);
        return exists ? rename(name, end) : null;
    }

    private Path rename(String name, String end) {
        Path retired = path.resolve(PartitionDirectory.retiredName(name, end));
        try {
            files.rename(path.resolve(name), retired);
        } catch (IOException e) {
            throw Log.storageError("Renaming " + name + " to " + retired.getFileName() + " failed", e);
        }
        return retired;
    }

    void deleteTree(Path directory) {
        retired.remove(directory);
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
        try {
            checkpoints.write(logs.values(), moves.withExpected(unopened.keySet()), ends, starts);
        } catch (IOException e) {
            throw Log.storageError("Writing the checkpoints of " + path + " failed", e);
        }
    }

    /** Up to where the log has been compacted, 0 if it has not. */
    long cleanedOffset(String name) {
        return checkpoints.cleanedOffset(name);
    }

    /** Remembers up to where a log has been compacted; false if it is not here any more, or the directory is closed. */
    synchronized boolean cleaned(Log log, long endOffset) {
        boolean known = !closed && logs.get(log.name()) == log;
        if (known) {
            checkpoints.cleaned(log.name(), endOffset);
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
        moves.close();
        try {
            lock.close();
        } catch (IOException e) {
            StorageLog.LOG.warn("Unlocking {} failed", path, e);
        }
    }

    /** How much room its volume has. */
    public VolumeSpace space() throws IOException {
        return files.space(path);
    }

    public Path path() {
        return path;
    }

    /** The logs that come from other directories and go to them. */
    public DirectoryMoves moves() {
        return moves;
    }

    synchronized boolean isClosed() {
        return closed;
    }

    private void ensureOpen() {
        if (closed) {
            throw new ApiException(ErrorCode.KAFKA_STORAGE_ERROR, path + " is closed");
        }
    }
}
