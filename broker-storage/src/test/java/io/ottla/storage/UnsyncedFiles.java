package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** The machine's files without fsync, for tests that open hundreds of logs; writes and fsyncs fail on demand. */
final class UnsyncedFiles extends DelegatingFiles {

    private volatile int roomBytes = Integer.MAX_VALUE;
    private final AtomicInteger opensLeft = new AtomicInteger(Integer.MAX_VALUE);
    private volatile boolean syncFails;
    private volatile boolean truncateFails;

    UnsyncedFiles() {
        super(StorageFiles.system());
    }

    /** How many bytes of the next write to a log still fit; it and all later ones fail until there is room again. */
    void roomBytes(int bytes) {
        roomBytes = bytes;
    }

    /** How many files can still be opened for writing, or made. */
    void opensLeft(int opens) {
        opensLeft.set(opens);
    }

    @Override
    public StorageFile openForWriting(Path path) throws IOException {
        if (opensLeft.getAndUpdate(left -> left == Integer.MAX_VALUE ? left : left - 1) <= 0) {
            throw new IOException("Too many open files");
        }
        return super.openForWriting(path);
    }

    void syncFails(boolean fails) {
        syncFails = fails;
    }

    void truncateFails(boolean fails) {
        truncateFails = fails;
    }

    @Override
    StorageFile opened(StorageFile file) {
        return new UnsyncedFile(file);
    }

    @Override
    public void syncDirectory(Path directory) {}

    private final class UnsyncedFile extends DelegatingFile {

        UnsyncedFile(StorageFile file) {
            super(file);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            int limit = source.limit();
            boolean full = source.remaining() > roomBytes;
            if (full) {
                source.limit(source.position() + roomBytes);
            }
            super.write(source, position);
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
            super.truncate(sizeBytes);
        }

        @Override
        public void sync() throws IOException {
            if (syncFails) {
                throw new IOException("Input/output error");
            }
        }
    }
}
