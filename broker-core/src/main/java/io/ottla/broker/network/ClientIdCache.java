package io.ottla.broker.network;

import io.ottla.protocol.MalformedMessageException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads the client id of request headers. A connection nearly always sends the same one, so the last string is kept. */
final class ClientIdCache {

    private byte[] lastBytes = {};
    private String last = "";

    /** Reads a nullable string with a 16-bit length; null is read as the empty string. */
    String read(ByteBuffer in) {
        if (in.remaining() < Short.BYTES) {
            throw new MalformedMessageException("the client id is missing");
        }
        int length = in.getShort();
        if (length < 0) {
            return "";
        }
        if (length > in.remaining()) {
            throw new MalformedMessageException("a client id of " + length + " bytes, " + in.remaining() + " left");
        }
        int start = in.position();
        in.position(start + length);
        if (!isLast(in, start, length)) {
            byte[] bytes = new byte[length];
            in.get(start, bytes);
            lastBytes = bytes;
            last = new String(bytes, StandardCharsets.UTF_8);
        }
        return last;
    }

    private boolean isLast(ByteBuffer in, int start, int length) {
        if (length != lastBytes.length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (in.get(start + i) != lastBytes[i]) {
                return false;
            }
        }
        return true;
    }
}
