package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/** The machine's files without fsync, for tests that open hundreds of logs; writes and fsyncs fail on demand. */
final class UnsyncedFiles implements StorageFiles {

    private final StorageFiles files = StorageFiles.system();
    private volatile int roomBytes = Integer.MAX_VALUE;
    private volatile boolean syncFails;
    private volatile boolean truncateFails;

    /** How many bytes of the next write to a log still fit; it and all later ones fail until there is room again. */
    void roomBytes(int bytes) {
        roomBytes = bytes;
    }

    void syncFails(boolean fails) {
        syncFails = fails;
    }

    void truncateFails(boolean fails) {
        truncateFails = fails;
    }

    @Override
    public StorageFile openForWriting(Path path) throws IOException {
        return new UnsyncedFile(files.openForWriting(path));
    }

    @Override
    public StorageFile openExisting(Path path) throws IOException {
        return new UnsyncedFile(files.openExisting(path));
    }

    @Override
    public StorageFile openForReading(Path path) throws IOException {
        return files.openForReading(path);
    }

    @Override
    public boolean exists(Path path) {
        return files.exists(path);
    }

    @Override
    public boolean isDirectory(Path path) {
        return files.isDirectory(path);
    }

    @Override
    public long sizeBytes(Path path) throws IOException {
        return files.sizeBytes(path);
    }

    @Override
    public long lastModifiedMs(Path path) throws IOException {
        return files.lastModifiedMs(path);
    }

    @Override
    public List<Path> list(Path directory) throws IOException {
        return files.list(directory);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        files.createDirectories(directory);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        files.rename(from, to);
    }

    @Override
    public boolean deleteIfExists(Path path) throws IOException {
        return files.deleteIfExists(path);
    }

    @Override
    public void syncDirectory(Path directory) {}

    private final class UnsyncedFile implements StorageFile {

        private final StorageFile file;

        UnsyncedFile(StorageFile file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            int limit = source.limit();
            boolean full = source.remaining() > roomBytes;
            if (full) {
                source.limit(source.position() + roomBytes);
            }
            file.write(source, position);
            source.limit(limit);
            if (full) {
                throw new IOException("No space left on device");
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            if (truncateFails) {
                throw new IOException("Input/output error");
            }
            file.truncate(sizeBytes);
        }

        @Override
        public void sync() throws IOException {
            if (syncFails) {
                throw new IOException("Input/output error");
            }
        }

        @Override
        public long sizeBytes() throws IOException {
            return file.sizeBytes();
        }

        @Override
        public FileChannel channel() {
            return file.channel();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
