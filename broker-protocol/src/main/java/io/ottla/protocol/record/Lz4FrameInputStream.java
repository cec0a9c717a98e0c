package io.ottla.protocol.record;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * LZ4 as Kafka's clients write it: one frame of the LZ4 frame format, little-endian, with independent blocks.
 *
 * <pre>
 *   +------------+-----+-----+--------------+----+------------+-------+-----------+-----+----------+----------+
 *   | magic      | FLG | BD  | content size | HC | block size | block | block     | ... | end mark | content  |
 *   | 0x184d2204 | int8| int8| int64, if FLG|int8| int32      |       | checksum, |     | int32 0  | checksum,|
 *   | int32      |     |     | says so      |    |            |       | if FLG    |     |          | if FLG   |
 *   +------------+-----+-----+--------------+----+------------+-------+-----------+-----+----------+----------+
 *   FLG  bits 6-7 version 01, 5 blocks independent, 4 block checksums, 3 content size, 2 content checksum, 0 dictionary
 *   BD   bits 4-6 the largest block: 4 = 64 KB, 5 = 256 KB, 6 = 1 MB, 7 = 4 MB
 *   HC   second byte of the xxHash-32 of FLG to content size
 *   block size   highest bit set: the block is stored as it is
 * </pre>
 *
 * <p>Own code, because the library's stream copies its input and allocates two blocks of the largest size ahead. Source:
 * the LZ4 frame format description; KIP-57 for the header checksum.
 */
final class Lz4FrameInputStream extends BlockInputStream {
    private static final int MAGIC = 0x184d2204;
    private static final int VERSION_MASK = 0xc0;
    private static final int VERSION_BITS = 0x40;
    private static final int INDEPENDENT_BIT = 0x20;
    private static final int BLOCK_CHECKSUM_BIT = 0x10;
    private static final int CONTENT_SIZE_BIT = 0x08;
    private static final int CONTENT_CHECKSUM_BIT = 0x04;
    private static final int RESERVED_OR_DICTIONARY_BITS = 0x03;
    private static final int BLOCK_SIZE_RESERVED_BITS = 0x8f;
    private static final int SMALLEST_BLOCK_SIZE_ID = 4;
    private static final int STORED_BIT = 0x80000000;
    private static final int WRITTEN_BLOCK_SIZE_BYTES = 64 * 1024;

    /** One length byte of a match stands for at most 255 bytes. */
    private static final long MAX_EXPANSION = 255;

    private final ByteBuffer source;
    private final LZ4SafeDecompressor decompressor =
            LZ4Factory.fastestInstance().safeDecompressor();
    private final int flags;
    private final int maxBlockSizeBytes;
    private final StreamingXXHash32 contentHash;
    private boolean finished;

    Lz4FrameInputStream(ByteBuffer source) throws IOException {
        this.source = source.order(ByteOrder.LITTLE_ENDIAN);
        require(4 + 2 + 1);
        if (source.getInt() != MAGIC) {
            throw new IOException("no LZ4 frame begins here");
        }
        int descriptorPosition = source.position();
        this.flags = source.get() & 0xff;
        int blockDescriptor = source.get() & 0xff;
        if ((flags & VERSION_MASK) != VERSION_BITS || (flags & RESERVED_OR_DICTIONARY_BITS) != 0) {
            throw new IOException("LZ4 frame flags " + flags + " are not supported");
        }
        if ((flags & INDEPENDENT_BIT) == 0) {
            throw new IOException("LZ4 frames with dependent blocks are not supported");
        }
        int blockSizeId = blockDescriptor >>> 4;
        if ((blockDescriptor & BLOCK_SIZE_RESERVED_BITS) != 0 || blockSizeId < SMALLEST_BLOCK_SIZE_ID) {
            throw new IOException("LZ4 block descriptor " + blockDescriptor + " is not supported");
        }
        this.maxBlockSizeBytes = 1 << (2 * blockSizeId + 8);
        if ((flags & CONTENT_SIZE_BIT) != 0) {
            require(Long.BYTES + 1);
            source.getLong();
        }
        int descriptorSizeBytes = source.position() - descriptorPosition;
        int expected = (hash(descriptorPosition, descriptorSizeBytes) >> 8) & 0xff;
        if ((source.get() & 0xff) != expected) {
            throw new IOException("the checksum of the LZ4 frame's head does not fit");
        }
        this.contentHash = (flags & CONTENT_CHECKSUM_BIT) == 0
                ? null
                : XXHashFactory.fastestJavaInstance().newStreamingHash32(0);
    }

    @Override
    boolean nextBlock() throws IOException {
        if (finished) {
            return false;
        }
        require(Integer.BYTES);
        int sizeField = source.getInt();
        if (sizeField == 0) {
            finished = true;
            checkContent();
            return false;
        }
        int sizeBytes = sizeField & ~STORED_BIT;
        if (sizeBytes > maxBlockSizeBytes) {
            throw new IOException(
                    "an LZ4 block of " + sizeBytes + " bytes exceeds the frame's maximum of " + maxBlockSizeBytes);
        }
        boolean hasChecksum = (flags & BLOCK_CHECKSUM_BIT) != 0;
        require(sizeBytes + (hasChecksum ? Integer.BYTES : 0));
        int start = source.position();
        source.position(start + sizeBytes);
        if (hasChecksum && source.getInt() != hash(start, sizeBytes)) {
            throw new IOException("the checksum of an LZ4 block does not fit");
        }
        if ((sizeField & STORED_BIT) != 0) {
            ensureCapacity(sizeBytes);
            source.get(start, block, 0, sizeBytes);
            blockEnd = sizeBytes;
        } else {
            int capacity = (int) Math.min(maxBlockSizeBytes, sizeBytes * MAX_EXPANSION);
            ensureCapacity(capacity);
            blockEnd = decompressor.decompress(source, start, sizeBytes, ByteBuffer.wrap(block), 0, capacity);
        }
        if (contentHash != null) {
            contentHash.update(block, 0, blockEnd);
        }
        return true;
    }

    private void checkContent() throws IOException {
        if (contentHash != null) {
            require(Integer.BYTES);
            if (source.getInt() != contentHash.getValue()) {
                throw new IOException("the checksum of the LZ4 frame's content does not fit");
            }
        }
    }

    private int hash(int position, int sizeBytes) {
        return XXHashFactory.fastestJavaInstance().hash32().hash(source, position, sizeBytes, 0);
    }

    private void require(int sizeBytes) throws IOException {
        if (source.remaining() < sizeBytes) {
            throw new IOException("the LZ4 frame ends early");
        }
    }

    static void compress(byte[] bytes, int offset, int length, int level, OutputStream target) throws IOException {
        LZ4Factory factory = LZ4Factory.fastestInstance();
        // As Kafka: the default level is the fast compressor, any level that was asked for the high one.
        LZ4Compressor compressor =
                level == CompressionType.LZ4.defaultLevel() ? factory.fastCompressor() : factory.highCompressor(level);
        XXHash32 hasher = XXHashFactory.fastestJavaInstance().hash32();
        byte[] descriptor = {(byte) (VERSION_BITS | INDEPENDENT_BIT), (byte) (SMALLEST_BLOCK_SIZE_ID << 4)};
        ByteBuffer head = ByteBuffer.allocate(4 + 2 + 1).order(ByteOrder.LITTLE_ENDIAN);
        head.putInt(MAGIC).put(descriptor).put((byte) (hasher.hash(descriptor, 0, descriptor.length, 0) >> 8));
        target.write(head.array());

        byte[] out = new byte[compressor.maxCompressedLength(Math.min(length, WRITTEN_BLOCK_SIZE_BYTES))];
        ByteBuffer size = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int end = offset + length;
        for (int start = offset; start < end; start += WRITTEN_BLOCK_SIZE_BYTES) {
            int plainSizeBytes = Math.min(end - start, WRITTEN_BLOCK_SIZE_BYTES);
            int count = compressor.compress(bytes, start, plainSizeBytes, out, 0, out.length);
            if (count < plainSizeBytes) {
                target.write(size.putInt(0, count).array());
                target.write(out, 0, count);
            } else {
                target.write(size.putInt(0, plainSizeBytes | STORED_BIT).array());
                target.write(bytes, start, plainSizeBytes);
            }
        }
        target.write(size.putInt(0, 0).array());
    }
}
