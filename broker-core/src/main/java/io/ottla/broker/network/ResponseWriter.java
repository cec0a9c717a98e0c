package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.BufferSource;
import io.ottla.protocol.MemoryRecords;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.Records;
import io.ottla.storage.FileRecords;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Encodes answers for the connections of one event loop.
 *
 * <p>An answer is encoded on the heap, then appended to what its connection will send with the next flush. Records in
 * between are woven in: small ones are copied, large ones in a file are handed to the kernel (sendfile).
 */
@SuppressWarnings("FutureReturnValueIgnored") // a channel whose write fails closes itself
final class ResponseWriter {

    /** File records from this size on go by sendfile; below it, one more system call and packet cost more than the copy. */
    private static final int SENDFILE_FROM_BYTES = 64 * 1024;

    /** In-memory records from this size on are sent from where they are. */
    private static final int WRAP_FROM_BYTES = 32 * 1024;

    private static final int SCRATCH_SIZE_BYTES = 4 * 1024;
    private static final int MAX_KEPT_SCRATCH_BYTES = 1024 * 1024;
    private static final int MIN_OUTBOUND_BYTES = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(ResponseWriter.class);

    private ProtocolWriter scratch = newScratch();

    /**
     * Appends an answer to the connection's outbound bytes.
     *
     * @param pending what the connection has not yet given to its channel, or null
     * @return what the connection has not yet given to its channel now
     * @throws io.ottla.protocol.ApiException if the records cannot be read; after any failure the pending bytes are released
     */
    ByteBuf write(ChannelHandlerContext ctx, ByteBuf pending, InFlightRequest request, ApiMessage response) {
        int splicesWritten = 0;
        ByteBuf out = pending;
        try {
            encode(scratch, request, response);
            int position = 0;
            for (ProtocolWriter.Splice splice : scratch.splices()) {
                out = append(ctx.alloc(), out, position, splice.position());
                position = splice.position();
                splicesWritten++;
                out = writeRecords(ctx, out, splice.records());
            }
            return append(ctx.alloc(), out, position, scratch.position());
        } catch (RuntimeException e) {
            if (out != null) {
                out.release();
            }
            throw e;
        } finally {
            releaseFrom(scratch, splicesWritten);
            reset();
        }
    }

    /** Lets go of the resources of an answer that nobody will read; a second call does nothing. */
    static void discard(InFlightRequest request) {
        ApiMessage response = request.takeResponse();
        if (response == null) {
            return;
        }
        ProtocolWriter writer = newScratch();
        try {
            encode(writer, request, response);
        } catch (RuntimeException e) {
            // Whoever ends a connection has more to do than this.
            LOG.error("Failed to discard the answer to {}", request, e);
        } finally {
            releaseFrom(writer, 0);
        }
    }

    private static void encode(ProtocolWriter out, InFlightRequest request, ApiMessage response) {
        out.writeInt(0);
        out.writeInt(request.correlationId());
        short version = request.apiVersion();
        if (response.apiKey().responseHeaderVersion(version) >= 1) {
            out.writeUnsignedVarint(0); // no tagged fields
        }
        response.write(out, version);
        out.setInt(0, out.sizeBytes() - RequestFrameDecoder.LENGTH_SIZE_BYTES);
    }

    private ByteBuf append(ByteBufAllocator allocator, ByteBuf out, int from, int to) {
        ByteBuffer bytes = scratch.buffer();
        ByteBuf target = roomFor(allocator, out, to - from);
        return target.writeBytes(bytes.array(), bytes.arrayOffset() + from, to - from);
    }

    private static ByteBuf roomFor(ByteBufAllocator allocator, ByteBuf out, int sizeBytes) {
        return out != null ? out : allocator.directBuffer(Math.max(MIN_OUTBOUND_BYTES, sizeBytes));
    }

    private static ByteBuf writeRecords(ChannelHandlerContext ctx, ByteBuf out, Records records) {
        int size = records.sizeBytes();
        if (records instanceof FileRecords inFile) {
            if (size >= SENDFILE_FROM_BYTES) {
                ctx.write(out, ctx.voidPromise());
                ctx.write(new FileRecordsRegion(inFile), ctx.voidPromise());
                return null;
            }
            try {
                ByteBuf target = out.ensureWritable(size);
                int start = target.writerIndex();
                inFile.readInto(target.internalNioBuffer(start, size));
                return target.writerIndex(start + size);
            } finally {
                inFile.release();
            }
        }
        ByteBuffer inMemory = ((MemoryRecords) records).buffer();
        if (size >= WRAP_FROM_BYTES) {
            ctx.write(out, ctx.voidPromise());
            ctx.write(Unpooled.wrappedBuffer(inMemory), ctx.voidPromise());
            return null;
        }
        return out.writeBytes(inMemory);
    }

    private static void releaseFrom(ProtocolWriter writer, int firstSplice) {
        for (int i = firstSplice; i < writer.splices().size(); i++) {
            if (writer.splices().get(i).records() instanceof FileRecords inFile) {
                inFile.release();
            }
        }
    }

    private void reset() {
        if (scratch.buffer().capacity() > MAX_KEPT_SCRATCH_BYTES) {
            scratch = newScratch();
        } else {
            scratch.clear();
        }
    }

    private static ProtocolWriter newScratch() {
        return new ProtocolWriter(BufferSource.HEAP, SCRATCH_SIZE_BYTES);
    }
}
