package io.ottla.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the protocol's primitive types from a buffer. It trusts nothing: every length and count is checked against the
 * bytes that remain before anything is allocated, and every failure is a {@link MalformedMessageException}.
 *
 * <p>The reader moves the position of the buffer it was given, and while a tagged field is read also the limit; after a
 * failure both are undefined. Not thread-safe.
 *
 * <p>Where a method takes {@code compact}, true means the encoding of flexible versions: lengths are unsigned varints
 * holding the length plus one.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#protocol_types">Protocol primitive types</a>
 * @see <a href="https://cwiki.apache.org/confluence/display/KAFKA/KIP-482%3A+The+Kafka+Protocol+should+Support+Optional+Tagged+Fields">KIP-482</a>
 */
public final class ProtocolReader {
    /** The most tagged fields that one structure may have. */
    public static final int MAX_TAGGED_FIELDS = 10_000;

    private static final int MAX_STRING_BYTES = Short.MAX_VALUE;
    private static final int MAX_INITIAL_CAPACITY = 1024;
    private static final byte[] NO_BYTES = {};

    private ByteBuffer buffer;
    private byte[] scratch = NO_BYTES;

    /** Reads from the buffer's position to its limit. The buffer is big-endian. */
    public ProtocolReader(ByteBuffer buffer) {
        reset(buffer);
    }

    /** Goes on with another buffer, as a new reader would, but with the scratch memory of this one. */
    public void reset(ByteBuffer other) {
        if (other.order() != ByteOrder.BIG_ENDIAN) {
            throw new IllegalArgumentException("The protocol is big-endian");
        }
        this.buffer = other;
    }

    /** Number of bytes left. */
    public int remaining() {
        return buffer.remaining();
    }

    /** Index of the next byte in the buffer. */
    public int position() {
        return buffer.position();
    }

    public byte readByte() {
        need(1);
        return buffer.get();
    }

    public boolean readBoolean() {
        return readByte() != 0;
    }

    public short readShort() {
        need(2);
        return buffer.getShort();
    }

    public int readUnsignedShort() {
        return readShort() & 0xFFFF;
    }

    public int readInt() {
        need(4);
        return buffer.getInt();
    }

    public long readUnsignedInt() {
        return readInt() & 0xFFFF_FFFFL;
    }

    public long readLong() {
        need(8);
        return buffer.getLong();
    }

    public double readDouble() {
        return Double.longBitsToDouble(readLong());
    }

    public Uuid readUuid() {
        need(16);
        long most = buffer.getLong();
        long least = buffer.getLong();
        return most == 0 && least == 0 ? Uuid.ZERO : new Uuid(most, least);
    }

    /** An unsigned varint of at most 5 bytes; the upper half of the range comes out negative. */
    public int readUnsignedVarint() {
        byte next = readByte();
        if (next >= 0) {
            return next;
        }
        int value = next & 0x7F;
        for (int shift = 7; shift <= 28; shift += 7) {
            next = readByte();
            value |= (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw malformed("a varint is longer than 5 bytes");
    }

    /** A zigzag varint of at most 5 bytes, as in records. */
    public int readVarint() {
        int value = readUnsignedVarint();
        return (value >>> 1) ^ -(value & 1);
    }

    /** An unsigned varint of at most 10 bytes; the upper half of the range comes out negative. */
    public long readUnsignedVarlong() {
        byte next = readByte();
        if (next >= 0) {
            return next;
        }
        long value = next & 0x7F;
        for (int shift = 7; shift <= 63; shift += 7) {
            next = readByte();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw malformed("a varlong is longer than 10 bytes");
    }

    /** A zigzag varint of at most 10 bytes, as in records. */
    public long readVarlong() {
        long value = readUnsignedVarlong();
        return (value >>> 1) ^ -(value & 1);
    }

    public String readString(boolean compact) {
        return requireValue(readNullableString(compact));
    }

    /** A string, or null. At most 32767 bytes of UTF-8; what is not UTF-8 becomes U+FFFD. */
    public String readNullableString(boolean compact) {
        int length = compact ? readUnsignedVarint() - 1 : readShort();
        if (length < 0) {
            requireNull(length);
            return null;
        }
        if (length > MAX_STRING_BYTES) {
            throw malformed("a string of " + length + " bytes");
        }
        need(length);
        int position = buffer.position();
        String value;
        if (buffer.hasArray()) {
            value = new String(buffer.array(), buffer.arrayOffset() + position, length, StandardCharsets.UTF_8);
        } else {
            byte[] bytes = scratch(length);
            buffer.get(position, bytes, 0, length);
            value = new String(bytes, 0, length, StandardCharsets.UTF_8);
        }
        buffer.position(position + length);
        return value;
    }

    public byte[] readBytes(boolean compact) {
        return requireValue(readNullableBytes(compact));
    }

    /** A copy of a run of bytes, or null. */
    public byte[] readNullableBytes(boolean compact) {
        int length = readBytesLength(compact);
        if (length <= 0) {
            return length == 0 ? NO_BYTES : null;
        }
        byte[] bytes = new byte[length];
        buffer.get(bytes);
        return bytes;
    }

    public ByteBuffer readByteBuffer(boolean compact) {
        return requireValue(readNullableByteBuffer(compact));
    }

    /** A view of a run of bytes, or null. It shares the memory of the buffer, and is writable if that is. */
    public ByteBuffer readNullableByteBuffer(boolean compact) {
        int length = readBytesLength(compact);
        return length < 0 ? null : readSlice(length);
    }

    public Records readRecords(boolean compact) {
        return requireValue(readNullableRecords(compact));
    }

    /** Records as a view of the buffer's memory, or null. */
    public Records readNullableRecords(boolean compact) {
        int length = readBytesLength(compact);
        return length < 0 ? null : MemoryRecords.of(readSlice(length));
    }

    /** The next bytes as a view of the buffer's memory. */
    public ByteBuffer readSlice(int sizeBytes) {
        need(sizeBytes);
        int position = buffer.position();
        ByteBuffer slice = buffer.slice(position, sizeBytes);
        buffer.position(position + sizeBytes);
        return slice;
    }

    /** Number of elements of an array that may not be null. See {@link #readNullableArrayLength}. */
    public int readArrayLength(boolean compact, int minElementSizeBytes) {
        int count = readNullableArrayLength(compact, minElementSizeBytes);
        if (count < 0) {
            throw nullFound();
        }
        return count;
    }

    /**
     * Number of elements of an array, or -1 if the array is null.
     *
     * @param minElementSizeBytes the least that an element takes; the count is refused if that does not fit into the
     *     bytes that remain
     */
    public int readNullableArrayLength(boolean compact, int minElementSizeBytes) {
        int count = compact ? readUnsignedVarint() - 1 : readInt();
        if (count < -1) {
            throw malformed("an array of " + count + " elements");
        }
        if ((long) count * minElementSizeBytes > buffer.remaining()) {
            throw malformed("an array of " + count + " elements in " + buffer.remaining() + " bytes");
        }
        return count;
    }

    /** The capacity to start a list of this many announced elements with: they have to arrive before they get memory. */
    public static int initialCapacity(int count) {
        return Math.min(count, MAX_INITIAL_CAPACITY);
    }

    public List<Byte> readByteList(boolean compact) {
        return requireValue(readNullableByteList(compact));
    }

    public List<Byte> readNullableByteList(boolean compact) {
        int count = readNullableArrayLength(compact, 1);
        if (count < 0) {
            return null;
        }
        List<Byte> list = new ArrayList<>(initialCapacity(count));
        for (int i = 0; i < count; i++) {
            list.add(readByte());
        }
        return list;
    }

    public List<Short> readShortList(boolean compact) {
        return requireValue(readNullableShortList(compact));
    }

    public List<Short> readNullableShortList(boolean compact) {
        int count = readNullableArrayLength(compact, 2);
        if (count < 0) {
            return null;
        }
        List<Short> list = new ArrayList<>(initialCapacity(count));
        for (int i = 0; i < count; i++) {
            list.add(readShort());
        }
        return list;
    }

    public List<Integer> readIntList(boolean compact) {
        return requireValue(readNullableIntList(compact));
    }

    public List<Integer> readNullableIntList(boolean compact) {
        int count = readNullableArrayLength(compact, 4);
        if (count < 0) {
            return null;
        }
        List<Integer> list = new ArrayList<>(initialCapacity(count));
        for (int i = 0; i < count; i++) {
            list.add(readInt());
        }
        return list;
    }

    public List<Long> readLongList(boolean compact) {
        return requireValue(readNullableLongList(compact));
    }

    public List<Long> readNullableLongList(boolean compact) {
        int count = readNullableArrayLength(compact, 8);
        if (count < 0) {
            return null;
        }
        List<Long> list = new ArrayList<>(initialCapacity(count));
        for (int i = 0; i < count; i++) {
            list.add(readLong());
        }
        return list;
    }

    public List<Uuid> readUuidList(boolean compact) {
        return requireValue(readNullableUuidList(compact));
    }

    public List<Uuid> readNullableUuidList(boolean compact) {
        int count = readNullableArrayLength(compact, 16);
        if (count < 0) {
            return null;
        }
        List<Uuid> list = new ArrayList<>(initialCapacity(count));
        for (int i = 0; i < count; i++) {
            list.add(readUuid());
        }
        return list;
    }

    public List<String> readStringList(boolean compact) {
        return requireValue(readNullableStringList(compact));
    }

    public List<String> readNullableStringList(boolean compact) {
        int count = readNullableArrayLength(compact, compact ? 1 : 2);
        if (count < 0) {
            return null;
        }
        List<String> list = new ArrayList<>(initialCapacity(count));
        for (int i = 0; i < count; i++) {
            list.add(readString(compact));
        }
        return list;
    }

    /** Number of tagged fields that follow. */
    public int readTaggedFieldCount() {
        int count = readUnsignedVarint();
        // A tagged field takes at least its tag and its size.
        if (count < 0 || count > MAX_TAGGED_FIELDS || count > buffer.remaining() / 2) {
            throw malformed("a structure of " + (count & 0xFFFF_FFFFL) + " tagged fields");
        }
        return count;
    }

    /** The tag of the next tagged field; the field is then read between {@link #beginTaggedField} and {@link #endTaggedField}. */
    public int readTag() {
        int tag = readUnsignedVarint();
        if (tag < 0) {
            throw malformed("tag " + tag);
        }
        return tag;
    }

    /** Reads the field's size and confines the reader to it. Returns what {@link #endTaggedField} has to be given. */
    public int beginTaggedField() {
        int sizeBytes = readUnsignedVarint();
        need(sizeBytes);
        int outerLimit = buffer.limit();
        buffer.limit(buffer.position() + sizeBytes);
        return outerLimit;
    }

    /** Checks that the field was as long as it said, and lifts the bounds again. */
    public void endTaggedField(int outerLimit) {
        if (buffer.hasRemaining()) {
            throw malformed("a tagged field has " + buffer.remaining() + " bytes too many");
        }
        buffer.limit(outerLimit);
    }

    /** Reads the rest of the current tagged field as it is, adds it to the list and returns the list: a new one if null. */
    public List<RawTaggedField> readRawTaggedField(int tag, List<RawTaggedField> fields) {
        byte[] data = new byte[buffer.remaining()];
        buffer.get(data);
        List<RawTaggedField> result = fields == null ? new ArrayList<>(2) : fields;
        result.add(new RawTaggedField(tag, data));
        return result;
    }

    /** Reads all tagged fields of a structure whose schema has none. Null if there are none. */
    public List<RawTaggedField> readUnknownTaggedFields() {
        int count = readTaggedFieldCount();
        List<RawTaggedField> fields = null;
        for (int i = 0; i < count; i++) {
            int tag = readTag();
            int outerLimit = beginTaggedField();
            fields = readRawTaggedField(tag, fields);
            endTaggedField(outerLimit);
        }
        return fields;
    }

    private int readBytesLength(boolean compact) {
        int length = compact ? readUnsignedVarint() - 1 : readInt();
        if (length < 0) {
            requireNull(length);
            return -1;
        }
        need(length);
        return length;
    }

    private byte[] scratch(int sizeBytes) {
        if (scratch.length < sizeBytes) {
            scratch = new byte[Math.max(sizeBytes, Math.min(MAX_STRING_BYTES, 2 * scratch.length + 64))];
        }
        return scratch;
    }

    private void need(int sizeBytes) {
        if (sizeBytes < 0 || sizeBytes > buffer.remaining()) {
            throw malformed((sizeBytes & 0xFFFF_FFFFL) + " bytes needed, " + buffer.remaining() + " left");
        }
    }

    private <T> T requireValue(T value) {
        if (value == null) {
            throw nullFound();
        }
        return value;
    }

    private void requireNull(int length) {
        if (length != -1) {
            throw malformed("a length of " + length);
        }
    }

    private MalformedMessageException nullFound() {
        return malformed("null where a value is required");
    }

    private MalformedMessageException malformed(String what) {
        return new MalformedMessageException("Malformed message at byte " + buffer.position() + ": " + what);
    }
}
