package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/** The machine's files without fsync: something can be done after each change of a file or a name, or all fail from one on. */
final class WatchedFiles implements StorageFiles {

    private final StorageFiles files = new UnsyncedFiles();
    private Runnable afterChange = () -> {};
    private int changesLeft = Integer.MAX_VALUE;

    void afterEachChange(Runnable action) {
        afterChange = action;
    }

    /** So many changes succeed, all later ones fail. */
    void failAfter(int changes) {
        changesLeft = changes;
    }

    private void beforeChange() throws IOException {
        if (changesLeft == 0) {
            throw new IOException("Input/output error");
        }
        changesLeft--;
    }

    @Override
    public StorageFile openForWriting(Path path) throws IOException {
        beforeChange();
        StorageFile file = new WatchedFile(files.openForWriting(path));
        afterChange.run();
        return file;
    }

    @Override
    public StorageFile openExisting(Path path) throws IOException {
        return new WatchedFile(files.openExisting(path));
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
        beforeChange();
        files.rename(from, to);
        afterChange.run();
    }

    @Override
    public boolean deleteIfExists(Path path) throws IOException {
        beforeChange();
        boolean deleted = files.deleteIfExists(path);
        if (deleted) {
            afterChange.run();
        }
        return deleted;
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        beforeChange();
    }

    private final class WatchedFile implements StorageFile {

        private final StorageFile file;

        WatchedFile(StorageFile file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            beforeChange();
            file.write(source, position);
            afterChange.run();
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            beforeChange();
            file.truncate(sizeBytes);
            afterChange.run();
        }

        @Override
        public void sync() throws IOException {
            beforeChange();
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
        public void renamed(Path newPath) {
            file.renamed(newPath);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
