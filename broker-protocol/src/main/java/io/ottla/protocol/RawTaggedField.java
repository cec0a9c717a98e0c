package io.ottla.protocol;

import java.util.Arrays;
import java.util.Objects;

/**
 * A tagged field as it is on the wire.
 *
 * @see <a href="https://cwiki.apache.org/confluence/display/KAFKA/KIP-482%3A+The+Kafka+Protocol+should+Support+Optional+Tagged+Fields">KIP-482</a>
 */
public final class RawTaggedField {
    private final int tag;
    private final byte[] data;

    /** Shares the array. The tag is not negative. */
    public RawTaggedField(int tag, byte[] data) {
        if (tag < 0) {
            throw new IllegalArgumentException("tag " + tag);
        }
        this.tag = tag;
        this.data = Objects.requireNonNull(data);
    }

    /** Its number. */
    public int tag() {
        return tag;
    }

    /** Its encoded value, not copied. */
    public byte[] data() {
        return data;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RawTaggedField that && tag == that.tag && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return 31 * tag + Arrays.hashCode(data);
    }

    @Override
    public String toString() {
        return "RawTaggedField(tag=" + tag + ", data=" + data.length + " bytes)";
    }
}
