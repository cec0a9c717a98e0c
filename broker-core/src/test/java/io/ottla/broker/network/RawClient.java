package io.ottla.broker.network;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ProtocolWriter;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;

/** A client that can say anything. */
final class RawClient implements AutoCloseable {

    private static final int PATIENCE_MS = 20_000;

    private final Socket socket = new Socket();
    private final OutputStream out;
    private final DataInputStream in;

    RawClient(int port) throws IOException {
        this(port, 0);
    }

    RawClient(int port, int receiveBufferBytes) throws IOException {
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        socket.setSoTimeout(PATIENCE_MS);
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress("localhost", port));
        out = socket.getOutputStream();
        in = new DataInputStream(socket.getInputStream());
    }

    static byte[] frame(ApiMessage request, int version, int correlationId) {
        ProtocolWriter writer = new ProtocolWriter();
        short v = (short) version;
        writer.writeInt(0);
        writer.writeShort(request.apiKey().id());
        writer.writeShort(v);
        writer.writeInt(correlationId);
        int headerVersion = request.apiKey().requestHeaderVersion(v);
        writer.writeNullableString("raw", false);
        if (headerVersion >= 2) {
            writer.writeUnsignedVarint(0);
        }
        request.write(writer, v);
        writer.setInt(0, writer.sizeBytes() - 4);
        ByteBuffer bytes = writer.toByteBuffer();
        byte[] frame = new byte[bytes.remaining()];
        bytes.get(frame);
        return frame;
    }

    static byte[] join(byte[]... frames) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] frame : frames) {
            all.writeBytes(frame);
        }
        return all.toByteArray();
    }

    void send(byte... bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    void send(ApiMessage request, int version, int correlationId) throws IOException {
        send(frame(request, version, correlationId));
    }

    /** The next answer without its length, from the correlation id on. */
    ByteBuffer receive() throws IOException {
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        return ByteBuffer.wrap(frame);
    }

    int receiveCorrelationId() throws IOException {
        return receive().getInt();
    }

    <T extends ApiMessage> T receive(T response, int version, int correlationId) throws IOException {
        ByteBuffer frame = receive();
        if (frame.getInt() != correlationId) {
            throw new IOException("the answer to " + frame.getInt(0) + " where " + correlationId + " was expected");
        }
        ProtocolReader reader = new ProtocolReader(frame);
        ApiKey apiKey = response.apiKey();
        if (apiKey.responseHeaderVersion((short) version) >= 1) {
            reader.readUnknownTaggedFields();
        }
        response.read(reader, (short) version);
        return response;
    }

    /** True when the broker closes the connection without another byte. */
    boolean isClosedByBroker() throws IOException {
        try {
            return in.read() < 0;
        } catch (SocketException e) {
            return true; // reset: it closed with our bytes unread
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
