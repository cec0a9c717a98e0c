package io.ottla.protocol.record;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * A compression type with its level, and the way to each codec. A codec's classes and native library are loaded when its
 * first byte is asked for, so that a broker that never meets zstd never pays for it.
 *
 * <p>Immutable.
 *
 * @param type the type
 * @param level the level, within the type's range; types without levels ignore it
 */
public record Compression(CompressionType type, int level) {
    /** No compression. */
    public static final Compression NONE = of(CompressionType.NONE);

    private static final int GZIP_BUFFER_SIZE_BYTES = 8 * 1024;

    public Compression {
        if (type.maxLevel() != 0 && !type.allowsLevel(level)) {
            throw new IllegalArgumentException(type + " has no compression level " + level);
        }
    }

    /** The type with its default level. */
    public static Compression of(CompressionType type) {
        return new Compression(type, type.defaultLevel());
    }

    /**
     * Reads what a producer compressed. Memory stays bounded by the codec's block size, whatever the data claims:
     *
     * <ul>
     *   <li>snappy: the stream format of snappy-java (8 bytes of magic, two versions, blocks with their length before
     *       them) or one raw block, as different clients write;
     *   <li>lz4: one frame of the LZ4 frame format with independent blocks (KIP-57);
     *   <li>zstd: frames with a window of up to 128 MiB, outside the heap.
     * </ul>
     *
     * @param type the type
     * @param compressed position to limit; its position does not move. The stream reads from it until it is closed
     * @return a stream that throws IOException, or an unchecked exception, on damaged data; close it
     * @throws IOException if the data's head is damaged
     * @throws ApiException UNSUPPORTED_COMPRESSION_TYPE if the codec cannot be loaded on this machine
     */
    public static InputStream decompressing(CompressionType type, ByteBuffer compressed) throws IOException {
        ByteBuffer source = compressed.duplicate();
        try {
            return switch (type) {
                case NONE -> new ByteBufferInputStream(source);
                case GZIP -> new GZIPInputStream(new ByteBufferInputStream(source), GZIP_BUFFER_SIZE_BYTES);
                case SNAPPY -> new SnappyBlockInputStream(source);
                case LZ4 -> new Lz4FrameInputStream(source);
                case ZSTD -> ZstdCodec.decompressing(new ByteBufferInputStream(source));
            };
        } catch (LinkageError e) {
            throw notLoadable(type, e);
        }
    }

    /**
     * Compresses a range of an array, as one piece.
     *
     * @throws IOException if the target throws it
     * @throws ApiException UNSUPPORTED_COMPRESSION_TYPE if the codec cannot be loaded on this machine
     */
    public void compress(byte[] source, int offset, int length, OutputStream target) throws IOException {
        try {
            switch (type) {
                case NONE -> target.write(source, offset, length);
                case GZIP -> gzip(source, offset, length, target);
                case SNAPPY -> SnappyBlockInputStream.compress(source, offset, length, target);
                case LZ4 -> Lz4FrameInputStream.compress(source, offset, length, level, target);
                case ZSTD -> ZstdCodec.compress(source, offset, length, level, target);
            }
        } catch (LinkageError e) {
            throw notLoadable(type, e);
        }
    }

    static ApiException notLoadable(CompressionType type, Throwable cause) {
        return new ApiException(
                ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
                "The " + type + " codec cannot be loaded on this machine: " + cause,
                cause);
    }

    private void gzip(byte[] source, int offset, int length, OutputStream target) throws IOException {
        try (LevelledGzipOutputStream gzip = new LevelledGzipOutputStream(target, level)) {
            gzip.write(source, offset, length);
        }
    }

    private static final class LevelledGzipOutputStream extends GZIPOutputStream {
        LevelledGzipOutputStream(OutputStream target, int level) throws IOException {
            super(target, GZIP_BUFFER_SIZE_BYTES);
            def.setLevel(level);
        }
    }
}
