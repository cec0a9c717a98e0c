package io.ottla.protocol.record;

import java.io.IOException;
import java.io.InputStream;

/** A stream over a format that is decompressed block by block. */
abstract class BlockInputStream extends InputStream {
    /** The bytes of the block that is being read. */
    byte[] block = new byte[0];

    /** How many bytes of {@link #block} count. */
    int blockEnd;

    private int next;

    /** Puts the next block into {@link #block}, which may turn out empty; false if there is none. */
    abstract boolean nextBlock() throws IOException;

    /** Makes room for a block of that size, throwing away the old one. */
    final void ensureCapacity(int sizeBytes) {
        if (block.length < sizeBytes) {
            block = new byte[sizeBytes];
        }
    }

    @Override
    public final int read() throws IOException {
        return hasBlock() ? block[next++] & 0xff : -1;
    }

    @Override
    public final int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!hasBlock()) {
            return -1;
        }
        int count = Math.min(length, blockEnd - next);
        System.arraycopy(block, next, target, offset, count);
        next += count;
        return count;
    }

    private boolean hasBlock() throws IOException {
        while (next == blockEnd) {
            next = 0;
            blockEnd = 0;
            if (!nextBlock()) {
                return false;
            }
        }
        return true;
    }
}
