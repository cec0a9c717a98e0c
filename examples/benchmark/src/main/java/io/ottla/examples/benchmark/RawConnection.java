package io.ottla.examples.benchmark;

import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ProtocolWriter;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;

/** A connection that costs its own process next to nothing: it sends bytes made before and does not look into answers. */
final class RawConnection implements AutoCloseable {
    private static final int PATIENCE_MS = 60_000;

    private final Socket socket;
    private final DataInputStream in;

    RawConnection(String bootstrapServers) throws IOException {
        int colon = bootstrapServers.lastIndexOf(':');
        socket = new Socket(
                bootstrapServers.substring(0, colon), Integer.parseInt(bootstrapServers.substring(colon + 1)));
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MS);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
    }

    /** The request with its size and header, as it goes over the wire. */
    static byte[] frame(ApiMessage request, short version) {
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeInt(0); // the size, known below
        writer.writeShort(request.apiKey().id());
        writer.writeShort(version);
        writer.writeInt(0); // the correlation id: answers come in the order of the requests
        writer.writeNullableString("benchmark", false);
        if (request.apiKey().requestHeaderVersion(version) >= 2) {
            writer.writeUnsignedVarint(0);
        }
        request.write(writer, version);
        writer.setInt(0, writer.sizeBytes() - Integer.BYTES);
        ByteBuffer bytes = writer.toByteBuffer();
        byte[] frame = new byte[bytes.remaining()];
        bytes.get(frame);
        return frame;
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** The next answer without its size. */
    byte[] receive() throws IOException {
        return in.readNBytes(in.readInt());
    }

    /** Sends a request and decodes the answer into {@code response}, which it returns. */
    <T extends ApiMessage> T ask(ApiMessage request, short version, T response) throws IOException {
        send(frame(request, version));
        return decode(receive(), version, response);
    }

    static <T extends ApiMessage> T decode(byte[] answer, short version, T response) {
        ProtocolReader reader =
                new ProtocolReader(ByteBuffer.wrap(answer, Integer.BYTES, answer.length - Integer.BYTES));
        if (response.apiKey().responseHeaderVersion(version) >= 1) {
            reader.readUnknownTaggedFields();
        }
        response.read(reader, version);
        return response;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
