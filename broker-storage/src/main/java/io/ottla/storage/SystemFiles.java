package io.ottla.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The file system of the machine, passed through. */
final class SystemFiles implements StorageFiles {

    static final SystemFiles INSTANCE = new SystemFiles(true);

    /** For what nobody will look for after a power failure. */
    static final SystemFiles UNSYNCED = new SystemFiles(false);

    private static final boolean CAN_SYNC_DIRECTORIES =
            !System.getProperty("os.name", "").startsWith("Windows");

    private final boolean syncs;

    private SystemFiles(boolean syncs) {
        this.syncs = syncs;
    }

    @Override
    public boolean isSynced() {
        return syncs;
    }

    @Override
    public Closeable lock(Path path) throws IOException {
        return lock(path, FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE), false);
    }

    /** Takes a file that is there against those who {@link #lock} it; changes nothing, and needs to read only. */
    static Closeable lockShared(Path path) throws IOException {
        return lock(path, FileChannel.open(path, StandardOpenOption.READ), true);
    }

    private static Closeable lock(Path path, FileChannel channel, boolean shared) throws IOException {
        boolean locked = false;
        try {
            locked = channel.tryLock(0L, Long.MAX_VALUE, shared) != null;
            if (!locked) {
                throw new IOException("The data directory " + path.getParent() + " is used by another process");
            }
        } catch (OverlappingFileLockException e) {
            throw new IOException(
                    "The data directory " + path.getParent() + " is used by another broker of this process", e);
        } finally {
            if (!locked) {
                channel.close();
            }
        }
        return channel;
    }

    @Override
    public StorageFile openForWriting(Path path) throws IOException {
        return new ChannelFile(path, true, true, syncs);
    }

    @Override
    public StorageFile openExisting(Path path) throws IOException {
        return new ChannelFile(path, false, true, syncs);
    }

    @Override
    public StorageFile openForReading(Path path) throws IOException {
        return new ChannelFile(path, false, false, syncs);
    }

    @Override
    public boolean exists(Path path) {
        return Files.exists(path);
    }

    @Override
    public boolean isDirectory(Path path) {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public long sizeBytes(Path path) throws IOException {
        return Files.size(path);
    }

    @Override
    public long lastModifiedMs(Path path) throws IOException {
        return Files.getLastModifiedTime(path).toMillis();
    }

    @Override
    public List<Path> list(Path directory) throws IOException {
        List<Path> list = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                list.add(entry);
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return list;
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        Files.createDirectories(directory);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Override
    public boolean deleteIfExists(Path path) throws IOException {
        return Files.deleteIfExists(path);
    }

    @Override
    public VolumeSpace space(Path path) throws IOException {
        FileStore store = Files.getFileStore(path);
        return new VolumeSpace(notNegative(store.getTotalSpace()), notNegative(store.getUsableSpace()));
    }

    /** The JDK wraps around for file systems of more than 2^63-1 bytes (JDK-8162520). */
    private static long notNegative(long sizeBytes) {
        return sizeBytes < 0 ? Long.MAX_VALUE : sizeBytes;
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        if (syncs && CAN_SYNC_DIRECTORIES) {
            try (FileChannel channel = openForSync(directory)) {
                channel.force(true);
            }
        }
    }

    private static FileChannel openForSync(Path directory) throws IOException {
        try {
            return FileChannel.open(directory, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new OpenFailedException(e);
        }
    }

    /**
     * An open channel that is opened again when a thread is interrupted while it uses it: the JDK closes the channel then, and
     * an interrupted thread of the application must not cost the broker its log. The interrupt stays set.
     */
    private static final class ChannelFile implements StorageFile {

        private volatile Path path;
        private final OpenOption[] options;
        private final boolean syncs;
        private volatile FileChannel channel;
        private boolean closed;

        ChannelFile(Path path, boolean create, boolean write, boolean syncs) throws IOException {
            this.path = path;
            this.syncs = syncs;
            this.options = write
                    ? new OpenOption[] {StandardOpenOption.READ, StandardOpenOption.WRITE}
                    : new OpenOption[] {StandardOpenOption.READ};
            this.channel = create
                    ? FileChannel.open(
                            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)
                    : FileChannel.open(path, options);
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int at = target.position();
            FileChannel used = channel;
            try {
                return used.read(target, position);
            } catch (ClosedChannelException e) {
                target.position(at);
                return reopened(used, e, next -> (long) next.read(target, position))
                        .intValue();
            }
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            int start = source.position();
            FileChannel used = channel;
            try {
                writeFully(used, source, position);
            } catch (ClosedChannelException e) {
                source.position(start);
                reopened(used, e, next -> {
                    writeFully(next, source, position);
                    return 0L;
                });
            }
        }

        private static void writeFully(FileChannel channel, ByteBuffer source, long position) throws IOException {
            long at = position;
            while (source.hasRemaining()) {
                at += channel.write(source, at);
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            FileChannel used = channel;
            try {
                used.truncate(sizeBytes);
            } catch (ClosedChannelException e) {
                reopened(used, e, next -> next.truncate(sizeBytes).size());
            }
        }

        @Override
        public void sync() throws IOException {
            if (!syncs) {
                return;
            }
            FileChannel used = channel;
            try {
                used.force(true);
            } catch (ClosedChannelException e) {
                reopened(used, e, next -> {
                    next.force(true);
                    return 0L;
                });
            }
        }

        @Override
        public long sizeBytes() throws IOException {
            FileChannel used = channel;
            try {
                return used.size();
            } catch (ClosedChannelException e) {
                return reopened(used, e, FileChannel::size);
            }
        }

        @Override
        public FileChannel channel() {
            return channel;
        }

        @Override
        public void renamed(Path newPath) {
            path = newPath;
        }

        @Override
        public synchronized void close() throws IOException {
            closed = true;
            channel.close();
        }

        private Long reopened(FileChannel broken, ClosedChannelException cause, ChannelUse use) throws IOException {
            boolean interrupted = Thread.interrupted();
            try {
                return use.apply(reopen(broken, cause));
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        private synchronized FileChannel reopen(FileChannel broken, ClosedChannelException cause) throws IOException {
            if (closed) {
                throw cause;
            }
            if (channel == broken) {
                channel = FileChannel.open(path, options);
            }
            return channel;
        }
    }

    private interface ChannelUse {
        Long apply(FileChannel channel) throws IOException;
    }
}
