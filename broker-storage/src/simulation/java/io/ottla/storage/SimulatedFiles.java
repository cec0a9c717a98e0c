package io.ottla.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A file system in memory that can lose its process or its power at any call, and whose disk can fail: for tests of what a store
 * promises. It is given a source of chance, and does the same again when that is seeded the same.
 *
 * <p>It keeps apart what has been written and what is on the device. Bytes and file sizes get there by {@link StorageFile#sync},
 * names by {@link #syncDirectory}; neither brings the other along. Whatever is not there yet may be lost with the power, each
 * sector, each size and each name for itself, within the bounds of a journaling file system: {@link SimulatedInode} and
 * {@link SimulatedNames} say which.
 *
 * <p>Thread-safe. There is no {@link StorageFile#channel()}.
 */
public final class SimulatedFiles implements StorageFiles {

    /** The process is dead: whoever calls after that gets it again, until {@link #restart}. */
    public static final class Crash extends Error {

        private static final long serialVersionUID = 1L;

        Crash() {
            super("the process has died", null, false, false);
        }
    }

    private final Clock clock;
    private final Random random;
    private final SimulatedNames names = new SimulatedNames();
    private final Set<Path> locked = new TreeSet<>();
    private int generation;
    private long changeCount;
    private long changesLeft = Long.MAX_VALUE;
    private long changesToFork = Long.MAX_VALUE;
    private Consumer<SimulatedFiles> forkTaker;
    private boolean dead;
    private long roomBytes = Long.MAX_VALUE;
    private int failingWrites;
    private int failingSyncs;

    /**
     * An empty file system.
     *
     * @param clock tells when files were written
     * @param random decides what a crash leaves
     */
    public SimulatedFiles(Clock clock, Random random) {
        this.clock = clock;
        this.random = random;
    }

    /** How many calls have changed something, or tried to. */
    public synchronized long changeCount() {
        return changeCount;
    }

    /** Lets so many changing calls succeed; the process dies in the next: before it, behind it or, if it writes, within it. */
    public synchronized void crashAfter(long changes) {
        changesLeft = changes;
    }

    /** The process lives until further notice. */
    public void crashNever() {
        crashAfter(Long.MAX_VALUE);
    }

    /**
     * Lets so many changing calls succeed, and hands out a file system in the state that a crash in the next would leave: before it,
     * behind it or, if it writes, within it. Whoever takes it has to {@link #restart} it; this one goes on.
     *
     * @param taker is called within the call, and leaves these files alone
     */
    public synchronized void forkAfter(long changes, Consumer<SimulatedFiles> taker) {
        changesToFork = changes;
        forkTaker = taker;
    }

    private void fork() {
        SimulatedFiles fork = new SimulatedFiles(clock, new Random(random.nextLong()));
        names.forkTo(fork.names);
        Consumer<SimulatedFiles> taker = forkTaker;
        forkAfter(Long.MAX_VALUE, null);
        taker.accept(fork);
    }

    /** How many bytes files may grow by from now on. What finds no room is written in part and fails. */
    public synchronized void roomBytes(long bytes) {
        roomBytes = bytes;
    }

    /** Lets the next writes fail, each with some of its bytes written. */
    public synchronized void failWrites(int count) {
        failingWrites = count;
    }

    /**
     * Lets the next fsyncs of files and directories fail. Of a file, some of what was unsynced gets to the device, and what does not
     * never will: as on Linux, later fsyncs do not try again.
     */
    public synchronized void failSyncs(int count) {
        failingSyncs = count;
    }

    /**
     * Ends the process if it still lives, and makes room for the next; nothing fails any more.
     *
     * @param powerLost whether what is not on the device may be gone
     */
    public synchronized void restart(boolean powerLost) {
        generation++;
        dead = false;
        locked.clear();
        crashNever();
        roomBytes = Long.MAX_VALUE;
        failingWrites = 0;
        failingSyncs = 0;
        if (powerLost) {
            int sectorBytes = random.nextBoolean() ? 512 : 4096;
            names.losePower(random);
            names.forEachFile(file -> file.losePower(random, sectorBytes));
        }
    }

    /** What {@link LogVerifier} finds in a data directory. */
    public List<LogVerifier.Finding> verify(Path dataDirectory) throws IOException {
        return LogVerifier.verify(dataDirectory, this);
    }

    /** Changes one byte of a file for good, as a failing device does. */
    public synchronized void damage(Path path, int position, int xor) throws IOException {
        existing(path).flip(position, xor);
    }

    /** A copy of all files and names as they are now, all of it on the device. */
    public synchronized SimulatedFiles copy(Random otherRandom) {
        SimulatedFiles copy = new SimulatedFiles(clock, otherRandom);
        names.copyTo(copy.names);
        return copy;
    }

    private void ensureAlive() {
        if (dead) {
            throw new Crash();
        }
    }

    /** Counts a change; true if the process dies in it. */
    private boolean diesNow() {
        ensureAlive();
        changeCount++;
        return changesLeft-- == 0;
    }

    private Crash die() {
        dead = true;
        return new Crash();
    }

    private interface Change {
        void run() throws IOException;
    }

    /** Makes a change that happens whole or not at all. */
    private void change(Change change) throws IOException {
        if (diesNow()) {
            if (random.nextBoolean()) {
                change.run();
            }
            throw die();
        }
        boolean forks = changesToFork-- == 0;
        boolean before = forks && random.nextBoolean();
        if (before) {
            fork();
        }
        change.run();
        if (forks && !before) {
            fork();
        }
    }

    private SimulatedInode existing(Path path) throws NoSuchFileException {
        SimulatedInode found = names.find(path);
        if (found == null) {
            throw new NoSuchFileException(path.toString());
        }
        return found;
    }

    @Override
    public synchronized Closeable lock(Path path) throws IOException {
        ensureAlive();
        if (!locked.add(path)) {
            throw new IOException("The data directory " + path.getParent() + " is used by another broker");
        }
        int owner = generation;
        return () -> unlock(path, owner);
    }

    private synchronized void unlock(Path path, int owner) {
        if (owner == generation) {
            locked.remove(path);
        }
    }

    @Override
    public synchronized StorageFile openForWriting(Path path) throws IOException {
        ensureAlive();
        if (names.find(path) == null) {
            if (roomBytes == 0) {
                throw new IOException("No space left on device");
            }
            change(() -> names.link(path, SimulatedInode.file(clock.timeMs())));
        }
        return openExisting(path);
    }

    @Override
    public synchronized StorageFile openExisting(Path path) throws IOException {
        ensureAlive();
        return new OpenFile(existing(path), generation);
    }

    @Override
    public StorageFile openForReading(Path path) throws IOException {
        return openExisting(path);
    }

    @Override
    public synchronized VolumeSpace space(Path path) throws IOException {
        ensureAlive();
        existing(path);
        return new VolumeSpace(Long.MAX_VALUE, roomBytes);
    }

    @Override
    public synchronized boolean exists(Path path) {
        ensureAlive();
        return names.find(path) != null;
    }

    @Override
    public synchronized boolean isDirectory(Path path) {
        ensureAlive();
        SimulatedInode found = names.find(path);
        return found != null && found.isDirectory();
    }

    @Override
    public synchronized long sizeBytes(Path path) throws IOException {
        ensureAlive();
        return existing(path).sizeBytes();
    }

    @Override
    public synchronized long lastModifiedMs(Path path) throws IOException {
        ensureAlive();
        return existing(path).modifiedMs();
    }

    @Override
    public synchronized List<Path> list(Path directory) throws IOException {
        ensureAlive();
        List<Path> entries = new ArrayList<>();
        for (String name : existing(directory).entries().keySet()) {
            entries.add(directory.resolve(name));
        }
        return entries;
    }

    @Override
    public synchronized void createDirectories(Path directory) throws IOException {
        ensureAlive();
        if (names.find(directory) == null) {
            Path parent = directory.getParent();
            if (parent != null && names.find(parent) == null) {
                createDirectories(parent);
            }
            change(() -> names.link(directory, SimulatedInode.directory(clock.timeMs())));
        } else if (!isDirectory(directory)) {
            throw new FileAlreadyExistsException(directory.toString());
        }
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        ensureAlive();
        existing(from);
        SimulatedInode replaced = names.find(to);
        if (replaced != null && !replaced.entries().isEmpty()) {
            throw new DirectoryNotEmptyException(to.toString());
        }
        change(() -> names.rename(from, to));
    }

    @Override
    public synchronized boolean deleteIfExists(Path path) throws IOException {
        ensureAlive();
        SimulatedInode found = names.find(path);
        if (found == null) {
            return false;
        }
        if (!found.entries().isEmpty()) {
            throw new DirectoryNotEmptyException(path.toString());
        }
        change(() -> names.unlink(path));
        return true;
    }

    @Override
    public synchronized void syncDirectory(Path directory) throws IOException {
        ensureAlive();
        SimulatedInode found = existing(directory);
        change(() -> {
            failSync();
            names.sync(found);
        });
    }

    private void failSync() throws IOException {
        if (failingSyncs > 0) {
            failingSyncs--;
            throw new IOException("Input/output error");
        }
    }

    private void write(SimulatedInode file, ByteBuffer source, long position) throws IOException {
        int at = Math.toIntExact(position);
        byte[] bytes = new byte[source.remaining()];
        source.get(bytes);
        if (diesNow()) {
            file.write(at, bytes, random.nextInt(bytes.length + 1), clock.timeMs());
            throw die();
        }
        if (failingWrites > 0) {
            failingWrites--;
            file.write(at, bytes, random.nextInt(bytes.length + 1), clock.timeMs());
            throw new IOException("Input/output error");
        }
        long growthBytes = Math.max(0L, position + bytes.length - file.sizeBytes());
        if (growthBytes > roomBytes) {
            int fitting = (int) Math.max(0L, bytes.length - growthBytes + roomBytes);
            file.write(at, bytes, fitting, clock.timeMs());
            roomBytes = 0;
            throw new IOException("No space left on device");
        }
        if (changesToFork-- == 0) {
            file.write(at, bytes, random.nextInt(bytes.length + 1), clock.timeMs());
            fork();
        }
        roomBytes -= roomBytes == Long.MAX_VALUE ? 0L : growthBytes;
        file.write(at, bytes, bytes.length, clock.timeMs());
    }

    private void sync(SimulatedInode file) throws IOException {
        change(() -> {
            if (failingSyncs > 0) {
                file.loseUnsynced(random);
            }
            failSync();
            file.sync();
        });
    }

    private final class OpenFile implements StorageFile {

        private final SimulatedInode inode;
        private final int owner;
        private boolean closed;

        OpenFile(SimulatedInode inode, int owner) {
            this.inode = inode;
            this.owner = owner;
        }

        private void ensureOpen() throws IOException {
            if (owner != generation) {
                throw new Crash();
            }
            ensureAlive();
            if (closed) {
                throw new IOException("the file is closed");
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            synchronized (SimulatedFiles.this) {
                ensureOpen();
                return inode.read(target, position);
            }
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            synchronized (SimulatedFiles.this) {
                ensureOpen();
                SimulatedFiles.this.write(inode, source, position);
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            synchronized (SimulatedFiles.this) {
                ensureOpen();
                if (sizeBytes < inode.sizeBytes()) {
                    change(() -> inode.truncate((int) sizeBytes, clock.timeMs()));
                }
            }
        }

        @Override
        public void sync() throws IOException {
            synchronized (SimulatedFiles.this) {
                ensureOpen();
                SimulatedFiles.this.sync(inode);
            }
        }

        @Override
        public long sizeBytes() throws IOException {
            synchronized (SimulatedFiles.this) {
                ensureOpen();
                return inode.sizeBytes();
            }
        }

        @Override
        public FileChannel channel() {
            throw new UnsupportedOperationException("a simulated file has no channel");
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /** All files and their content, for those who want to compare. */
    synchronized Map<Path, byte[]> contents() {
        Map<Path, byte[]> contents = new HashMap<>();
        names.forEachPath((path, inode) -> {
            if (!inode.isDirectory()) {
                contents.put(path, inode.content());
            }
        });
        return contents;
    }
}
