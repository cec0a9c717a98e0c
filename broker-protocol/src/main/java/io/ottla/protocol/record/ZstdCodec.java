package io.ottla.protocol.record;

import com.github.luben.zstd.RecyclingBufferPool;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Zstandard. A decompressing stream holds native memory; one that was dropped without being closed gives it back when
 * the next one is opened, which needs neither a finalizer nor a thread.
 */
final class ZstdCodec {
    private static final ReferenceQueue<Handle> DROPPED = new ReferenceQueue<>();
    private static final Set<NativeStream> OPEN = ConcurrentHashMap.newKeySet();

    private ZstdCodec() {}

    static InputStream decompressing(InputStream source) throws IOException {
        closeDropped();
        return new Handle(new ZstdInputStreamNoFinalizer(source, RecyclingBufferPool.INSTANCE));
    }

    static void compress(byte[] bytes, int offset, int length, int level, OutputStream target) throws IOException {
        byte[] out = new byte[Math.toIntExact(Zstd.compressBound(length))];
        long count = Zstd.compressByteArray(out, 0, out.length, bytes, offset, length, level);
        if (Zstd.isError(count)) {
            throw new IOException("zstd: " + Zstd.getErrorName(count));
        }
        target.write(out, 0, (int) count);
    }

    /** How many streams hold native memory now. */
    static int openStreams() {
        return OPEN.size();
    }

    private static void closeDropped() throws IOException {
        for (Reference<? extends Handle> dropped = DROPPED.poll(); dropped != null; dropped = DROPPED.poll()) {
            ((NativeStream) dropped).close();
        }
    }

    /** What users hold. */
    private static final class Handle extends FilterInputStream {
        private final NativeStream nativeStream;

        Handle(ZstdInputStreamNoFinalizer stream) {
            super(stream);
            this.nativeStream = new NativeStream(this, stream);
            OPEN.add(nativeStream);
        }

        @Override
        public void close() throws IOException {
            nativeStream.close();
        }
    }

    /** What must be closed; reachable for as long as it is open, other than the handle. */
    private static final class NativeStream extends WeakReference<Handle> {
        private final ZstdInputStreamNoFinalizer stream;

        NativeStream(Handle handle, ZstdInputStreamNoFinalizer stream) {
            super(handle, DROPPED);
            this.stream = stream;
        }

        void close() throws IOException {
            if (OPEN.remove(this)) {
                clear();
                stream.close();
            }
        }
    }
}
