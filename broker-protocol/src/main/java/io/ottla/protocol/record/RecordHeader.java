package io.ottla.protocol.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * A header of a record: a name, which may repeat, and a value.
 *
 * <p>Source: KIP-82.
 *
 * @param key the name, never null
 * @param value the value, position to limit; null is a value of its own and not the same as empty
 */
public record RecordHeader(String key, ByteBuffer value) {
    public RecordHeader {
        Objects.requireNonNull(key, "key");
    }

    /** A header over an array, which is not copied; null stays null. */
    public static RecordHeader of(String key, byte[] value) {
        return new RecordHeader(key, value == null ? null : ByteBuffer.wrap(value));
    }

    /** A header whose value is a text in UTF-8. */
    public static RecordHeader of(String key, String value) {
        return new RecordHeader(key, ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)));
    }
}
