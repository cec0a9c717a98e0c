package io.ottla.broker;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.message.RequestHeader;
import io.ottla.protocol.message.ResponseHeader;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;

/** Speaks the protocol over a socket, request by request, for what no well-behaved client would send. Not thread-safe. */
public final class RawClient implements AutoCloseable {

    private static final int READ_TIMEOUT_MS = 30_000;

    private final Socket socket;
    private final DataInputStream in;
    private String clientId = "raw-client";
    private int correlationId;

    public RawClient(String host, int port) {
        try {
            socket = new Socket(host, port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(READ_TIMEOUT_MS);
            in = new DataInputStream(socket.getInputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A client of the broker at {@code host:port}. */
    public static RawClient to(String bootstrapServers) {
        int colon = bootstrapServers.lastIndexOf(':');
        return new RawClient(
                bootstrapServers.substring(0, colon), Integer.parseInt(bootstrapServers.substring(colon + 1)));
    }

    public RawClient clientId(String id) {
        clientId = id;
        return this;
    }

    /** Sends the request and waits for its answer. */
    public <T extends ApiMessage> T request(ApiMessage request, int version, Class<T> responseType) {
        send(request, version);
        return receive(request.apiKey(), version, responseType);
    }

    /** Sends the request and does not wait. */
    public void send(ApiMessage request, int version) {
        ApiKey apiKey = request.apiKey();
        ProtocolWriter writer = new ProtocolWriter();
        new RequestHeader()
                .requestApiKey(apiKey.id())
                .requestApiVersion((short) version)
                .correlationId(++correlationId)
                .clientId(clientId)
                .write(writer, apiKey.requestHeaderVersion((short) version));
        request.write(writer, (short) version);
        ByteBuffer bytes = writer.toByteBuffer();
        byte[] frame = new byte[4 + bytes.remaining()];
        ByteBuffer.wrap(frame).putInt(bytes.remaining()).put(bytes);
        try {
            socket.getOutputStream().write(frame);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the answer to the oldest request without one. */
    public <T extends ApiMessage> T receive(ApiKey apiKey, int version, Class<T> responseType) {
        try {
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            ProtocolReader reader = new ProtocolReader(ByteBuffer.wrap(frame));
            new ResponseHeader().read(reader, apiKey.responseHeaderVersion((short) version));
            ApiMessage response = apiKey.newResponse();
            response.read(reader, (short) version);
            if (reader.remaining() != 0) {
                throw new AssertionError(reader.remaining() + " bytes behind the answer " + response);
            }
            return responseType.cast(response);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the broker to hang up; fails if it sends something instead. */
    public void awaitClose() {
        try {
            int next = in.read();
            if (next >= 0) {
                throw new AssertionError("the broker answered");
            }
        } catch (EOFException e) {
            // Hung up, as hoped for.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
