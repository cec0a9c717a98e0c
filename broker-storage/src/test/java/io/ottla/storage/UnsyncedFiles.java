package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/** The machine's files without fsync, for tests that open hundreds of logs. */
final class UnsyncedFiles implements StorageFiles {

    private final StorageFiles files = StorageFiles.system();

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

    private record UnsyncedFile(StorageFile file) implements StorageFile {

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            file.write(source, position);
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            file.truncate(sizeBytes);
        }

        @Override
        public void sync() {}

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
