package io.ottla.protocol.record;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.xerial.snappy.Snappy;
import org.xerial.snappy.SnappyError;

/**
 * Snappy as Kafka's clients write it. The Java client and most others use the stream format of snappy-java:
 *
 * <pre>
 *   +---------------------------+-----------+-------------+-------------+-----------+-----
 *   | 0x82 'S' 'N' 'A' 'P' 'P'  | version   | oldest      | block size  | raw block | ...
 *   | 'Y' 0x00                  | int32     | compatible  | int32       |           |
 *   +---------------------------+-----------+-------------+-------------+-----------+-----
 *   (big-endian; a stream may be appended to a stream, and then its head stands where a block size is expected)
 * </pre>
 *
 * Others write one raw block without a head. A raw block begins with its decompressed length, a varint.
 */
final class SnappyBlockInputStream extends BlockInputStream {
    private static final long MAGIC = 0x82534e4150505900L;
    private static final int MAGIC_FIRST_INT = (int) (MAGIC >>> 32);
    private static final int MAGIC_SECOND_INT = (int) MAGIC;
    private static final int VERSION = 1;
    private static final int OLDEST_COMPATIBLE_VERSION = 1;
    private static final int HEAD_SIZE_BYTES = 16;
    private static final int WRITTEN_BLOCK_SIZE_BYTES = 32 * 1024;

    /** The densest element of a raw block is a copy: 3 bytes that stand for 64. */
    private static final long MAX_EXPANSION = 22;

    private final ByteBuffer source;
    private final boolean isStream;
    private byte[] compressed = new byte[0];

    SnappyBlockInputStream(ByteBuffer source) throws IOException {
        this.source = source;
        this.isStream = source.remaining() >= Long.BYTES && source.getLong(source.position()) == MAGIC;
        if (isStream) {
            if (source.remaining() < HEAD_SIZE_BYTES) {
                throw new IOException("the snappy stream ends in its head");
            }
            source.getLong();
            readVersions();
        }
    }

    @Override
    boolean nextBlock() throws IOException {
        if (!source.hasRemaining()) {
            return false;
        }
        if (!isStream) {
            decompress(source.remaining());
            return true;
        }
        if (source.remaining() < Integer.BYTES) {
            throw new IOException("the snappy stream ends in a block size");
        }
        int sizeBytes = source.getInt();
        if (sizeBytes == MAGIC_FIRST_INT) {
            if (source.remaining() < HEAD_SIZE_BYTES - Integer.BYTES || source.getInt() != MAGIC_SECOND_INT) {
                throw new IOException("the snappy stream has a damaged head inside");
            }
            readVersions();
            return true;
        }
        if (sizeBytes < 0 || sizeBytes > source.remaining()) {
            throw new IOException("a snappy block of " + sizeBytes + " bytes goes beyond the end");
        }
        if (sizeBytes > 0) {
            decompress(sizeBytes);
        }
        return true;
    }

    private void readVersions() throws IOException {
        int version = source.getInt();
        int oldestCompatible = source.getInt();
        if (version < OLDEST_COMPATIBLE_VERSION || oldestCompatible > VERSION) {
            throw new IOException("snappy stream version " + version + " is not supported");
        }
    }

    private void decompress(int sizeBytes) throws IOException {
        long decompressedSizeBytes = decompressedSizeBytes(sizeBytes);
        if (decompressedSizeBytes > Math.min(sizeBytes * MAX_EXPANSION, Integer.MAX_VALUE - 16)) {
            throw new IOException("a snappy block of " + sizeBytes + " bytes claims to hold " + decompressedSizeBytes);
        }
        ensureCapacity((int) decompressedSizeBytes);
        int count;
        try {
            if (source.hasArray()) {
                int start = source.arrayOffset() + source.position();
                source.position(source.position() + sizeBytes);
                count = Snappy.uncompress(source.array(), start, sizeBytes, block, 0);
            } else {
                if (compressed.length < sizeBytes) {
                    compressed = new byte[sizeBytes];
                }
                source.get(compressed, 0, sizeBytes);
                count = Snappy.uncompress(compressed, 0, sizeBytes, block, 0);
            }
        } catch (SnappyError e) {
            throw Compression.notLoadable(CompressionType.SNAPPY, e);
        }
        if (count != decompressedSizeBytes) {
            throw new IOException("a snappy block holds " + count + " bytes, not " + decompressedSizeBytes);
        }
        blockEnd = count;
    }

    private long decompressedSizeBytes(int sizeBytes) throws IOException {
        long size = 0;
        for (int i = 0; i < Math.min(sizeBytes, 5); i++) {
            byte next = source.get(source.position() + i);
            size |= (next & 0x7fL) << (7 * i);
            if (next >= 0) {
                return size;
            }
        }
        throw new IOException("a snappy block has a damaged length");
    }

    static void compress(byte[] bytes, int offset, int length, OutputStream target) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(HEAD_SIZE_BYTES)
                .putLong(MAGIC)
                .putInt(VERSION)
                .putInt(OLDEST_COMPATIBLE_VERSION);
        target.write(head.array());
        try {
            byte[] out = new byte[Snappy.maxCompressedLength(Math.min(length, WRITTEN_BLOCK_SIZE_BYTES))];
            ByteBuffer size = ByteBuffer.allocate(Integer.BYTES);
            int end = offset + length;
            for (int start = offset; start < end; start += WRITTEN_BLOCK_SIZE_BYTES) {
                int count = Snappy.compress(bytes, start, Math.min(end - start, WRITTEN_BLOCK_SIZE_BYTES), out, 0);
                target.write(size.putInt(0, count).array());
                target.write(out, 0, count);
            }
        } catch (SnappyError e) {
            throw Compression.notLoadable(CompressionType.SNAPPY, e);
        }
    }
}
