package io.ottla.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/** Passes everything on to another file system; those who extend it watch or break what they want. */
class DelegatingFiles implements StorageFiles {

    private final StorageFiles files;

    DelegatingFiles(StorageFiles files) {
        this.files = files;
    }

    /** Stands for a file that was opened for writing. */
    StorageFile opened(StorageFile file) {
        return file;
    }

    /** Comes before any change of a file or a name. */
    void beforeChange() throws IOException {}

    /** Comes after any change of a file or a name that was made. */
    void afterChange() {}

    @Override
    public Closeable lock(Path path) throws IOException {
        return files.lock(path);
    }

    @Override
    public StorageFile openForWriting(Path path) throws IOException {
        beforeChange();
        StorageFile file = opened(files.openForWriting(path));
        afterChange();
        return file;
    }

    @Override
    public StorageFile openExisting(Path path) throws IOException {
        return opened(files.openExisting(path));
    }

    @Override
    public StorageFile openForReading(Path path) throws IOException {
        return files.openForReading(path);
    }

    @Override
    public VolumeSpace space(Path path) throws IOException {
        return files.space(path);
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
        afterChange();
    }

    @Override
    public boolean deleteIfExists(Path path) throws IOException {
        beforeChange();
        boolean deleted = files.deleteIfExists(path);
        if (deleted) {
            afterChange();
        }
        return deleted;
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        beforeChange();
        files.syncDirectory(directory);
    }

    /** Passes everything on to another file. */
    class DelegatingFile implements StorageFile {

        private final StorageFile file;

        DelegatingFile(StorageFile file) {
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
            afterChange();
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            beforeChange();
            file.truncate(sizeBytes);
            afterChange();
        }

        @Override
        public void sync() throws IOException {
            beforeChange();
            file.sync();
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
