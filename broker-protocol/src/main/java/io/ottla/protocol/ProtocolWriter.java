package io.ottla.protocol;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the protocol's primitive types into a buffer that grows. Large {@link Records} are not copied into it: the writer
 * remembers at which position they belong, and whoever sends the message weaves them in. Not thread-safe.
 *
 * <p>Where a method takes {@code compact}, true means the encoding of flexible versions: lengths are unsigned varints
 * holding the length plus one.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#protocol_types">Protocol primitive types</a>
 * @see <a href="https://cwiki.apache.org/confluence/display/KAFKA/KIP-482%3A+The+Kafka+Protocol+should+Support+Optional+Tagged+Fields">KIP-482</a>
 */
public final class ProtocolWriter {
    /** In-memory records below this size are copied: cheaper than one more buffer in a gathering write. */
    static final int COPY_BELOW_BYTES = 4096;

    private static final int DEFAULT_SIZE_BYTES = 512;
    private static final int MAX_STRING_BYTES = Short.MAX_VALUE;

    private final BufferSource source;
    private ByteBuffer buffer;
    private List<Splice> splices = List.of();

    /** Records that belong in front of the byte at a position of the writer's buffer. */
    public record Splice(int position, Records records) {}

    /** Writes to the heap. */
    public ProtocolWriter() {
        this(BufferSource.HEAP, DEFAULT_SIZE_BYTES);
    }

    /** Writes into a buffer of the source that has room for so many bytes at first. */
    public ProtocolWriter(BufferSource source, int initialSizeBytes) {
        this.source = source;
        this.buffer = source.allocate(initialSizeBytes);
    }

    /** The buffer being written: the bytes from 0 to its position, without the spliced records. It changes as it grows. */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Number of bytes in the buffer; spliced records are not counted. */
    public int position() {
        return buffer.position();
    }

    /** The records that were not copied, by ascending position. */
    public List<Splice> splices() {
        return splices;
    }

    /** Size of everything written in bytes, spliced records included. */
    public int sizeBytes() {
        long size = buffer.position();
        for (Splice splice : splices) {
            size += splice.records().sizeBytes();
        }
        return Math.toIntExact(size);
    }

    /**
     * Everything written as one run of bytes. It shares the writer's memory unless records were spliced.
     *
     * @throws IllegalStateException if spliced records are not in memory
     */
    public ByteBuffer toByteBuffer() {
        if (splices.isEmpty()) {
            return buffer.duplicate().flip();
        }
        ByteBuffer whole = ByteBuffer.allocate(sizeBytes());
        ByteBuffer own = buffer.duplicate().flip();
        for (Splice splice : splices) {
            if (!(splice.records() instanceof MemoryRecords records)) {
                throw new IllegalStateException("Records that are not in memory: " + splice.records());
            }
            whole.put(own.duplicate().limit(splice.position())).put(records.buffer());
            own.position(splice.position());
        }
        return whole.put(own).flip();
    }

    /** Forgets everything written and keeps the buffer. */
    public void clear() {
        buffer.clear();
        splices = List.of();
    }

    /** Overwrites four bytes, such as a size that is known only later. */
    public void setInt(int position, int value) {
        buffer.putInt(position, value);
    }

    public void writeByte(byte value) {
        ensure(1);
        buffer.put(value);
    }

    public void writeBoolean(boolean value) {
        writeByte((byte) (value ? 1 : 0));
    }

    public void writeShort(short value) {
        ensure(2);
        buffer.putShort(value);
    }

    public void writeUnsignedShort(int value) {
        if (value < 0 || value > 0xFFFF) {
            throw new IllegalArgumentException("Not an unsigned 16-bit number: " + value);
        }
        writeShort((short) value);
    }

    public void writeInt(int value) {
        ensure(4);
        buffer.putInt(value);
    }

    public void writeUnsignedInt(long value) {
        if (value < 0 || value > 0xFFFF_FFFFL) {
            throw new IllegalArgumentException("Not an unsigned 32-bit number: " + value);
        }
        writeInt((int) value);
    }

    public void writeLong(long value) {
        ensure(8);
        buffer.putLong(value);
    }

    public void writeDouble(double value) {
        ensure(8);
        buffer.putDouble(value);
    }

    public void writeUuid(Uuid value) {
        ensure(16);
        buffer.putLong(value.mostSignificantBits()).putLong(value.leastSignificantBits());
    }

    /** An unsigned varint: the number as 32 bits without a sign, in 1 to 5 bytes. */
    public void writeUnsignedVarint(int value) {
        ensure(5);
        putUnsignedVarint(value);
    }

    /** A zigzag varint of 1 to 5 bytes, as in records. */
    public void writeVarint(int value) {
        writeUnsignedVarint((value << 1) ^ (value >> 31));
    }

    /** An unsigned varint: the number as 64 bits without a sign, in 1 to 10 bytes. */
    public void writeUnsignedVarlong(long value) {
        ensure(10);
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            buffer.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        buffer.put((byte) rest);
    }

    /** A zigzag varint of 1 to 10 bytes, as in records. */
    public void writeVarlong(long value) {
        writeUnsignedVarlong((value << 1) ^ (value >> 63));
    }

    /** A string of at most 32767 bytes in UTF-8. */
    public void writeString(String value, boolean compact) {
        int length = value.length();
        ensure(length + 5);
        int start = buffer.position();
        putStringLength(length, compact);
        // Nearly every string is ASCII: write it as such, and start over at the first character that is not.
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            if (c >= 0x80) {
                buffer.position(start);
                writeUtf8(value, compact);
                return;
            }
            buffer.put((byte) c);
        }
    }

    public void writeNullableString(String value, boolean compact) {
        if (value != null) {
            writeString(value, compact);
        } else if (compact) {
            writeUnsignedVarint(0);
        } else {
            writeShort((short) -1);
        }
    }

    public void writeBytes(byte[] value, boolean compact) {
        writeLength(value.length, compact);
        writeRawBytes(value);
    }

    public void writeNullableBytes(byte[] value, boolean compact) {
        if (value == null) {
            writeLength(-1, compact);
        } else {
            writeBytes(value, compact);
        }
    }

    /** The bytes between position and limit, with their length; the buffer is left as it is. */
    public void writeByteBuffer(ByteBuffer value, boolean compact) {
        writeLength(value.remaining(), compact);
        writeRawBytes(value);
    }

    public void writeNullableByteBuffer(ByteBuffer value, boolean compact) {
        if (value == null) {
            writeLength(-1, compact);
        } else {
            writeByteBuffer(value, compact);
        }
    }

    /** The bytes as they are. */
    public void writeRawBytes(byte[] value) {
        ensure(value.length);
        buffer.put(value);
    }

    /** The bytes between position and limit as they are; the buffer given is left as it is. */
    public void writeRawBytes(ByteBuffer value) {
        ensure(value.remaining());
        buffer.put(value.duplicate());
    }

    /** Records with their length: copied when small and in memory, otherwise kept in {@link #splices}. */
    public void writeRecords(Records value, boolean compact) {
        int size = value.sizeBytes();
        writeLength(size, compact);
        if (size < COPY_BELOW_BYTES && value instanceof MemoryRecords records) {
            ensure(size);
            buffer.put(records.buffer());
        } else if (size > 0) {
            if (splices.isEmpty()) {
                splices = new ArrayList<>();
            }
            splices.add(new Splice(buffer.position(), value));
        }
    }

    public void writeNullableRecords(Records value, boolean compact) {
        if (value == null) {
            writeLength(-1, compact);
        } else {
            writeRecords(value, compact);
        }
    }

    /** Number of elements of an array, or -1 for an array that is null. */
    public void writeArrayLength(int count, boolean compact) {
        writeLength(count, compact);
    }

    public void writeByteList(List<Byte> values, boolean compact) {
        writeArrayLength(values.size(), compact);
        for (byte value : values) {
            writeByte(value);
        }
    }

    public void writeShortList(List<Short> values, boolean compact) {
        writeArrayLength(values.size(), compact);
        for (short value : values) {
            writeShort(value);
        }
    }

    public void writeIntList(List<Integer> values, boolean compact) {
        writeArrayLength(values.size(), compact);
        for (int value : values) {
            writeInt(value);
        }
    }

    public void writeLongList(List<Long> values, boolean compact) {
        writeArrayLength(values.size(), compact);
        for (long value : values) {
            writeLong(value);
        }
    }

    public void writeUuidList(List<Uuid> values, boolean compact) {
        writeArrayLength(values.size(), compact);
        for (Uuid value : values) {
            writeUuid(value);
        }
    }

    public void writeStringList(List<String> values, boolean compact) {
        writeArrayLength(values.size(), compact);
        for (String value : values) {
            writeString(value, compact);
        }
    }

    /** Starts a tagged field. Its value follows, then {@link #endTaggedField} with what this returns. */
    public int beginTaggedField(int tag) {
        writeUnsignedVarint(tag);
        // One byte for the size is nearly always enough; if not, the value is moved up.
        writeByte((byte) 0);
        return buffer.position();
    }

    /** Puts the size in front of the value of a tagged field. */
    public void endTaggedField(int start) {
        int end = buffer.position();
        int size = end - start;
        for (int i = splices.size() - 1; i >= 0 && splices.get(i).position() > start; i--) {
            size = Math.addExact(size, splices.get(i).records().sizeBytes());
        }
        int more = unsignedVarintSizeBytes(size) - 1;
        if (more > 0) {
            ensure(more);
            buffer.put(start + more, buffer, start, end - start);
            for (int i = splices.size() - 1; i >= 0 && splices.get(i).position() > start; i--) {
                Splice splice = splices.get(i);
                splices.set(i, new Splice(splice.position() + more, splice.records()));
            }
        }
        buffer.position(start - 1);
        putUnsignedVarint(size);
        buffer.position(end + more);
    }

    /** Writes all the fields, which stand in the order of their tags, or null for none, with their number in front. */
    public void writeUnknownTaggedFields(List<RawTaggedField> fields) {
        writeUnsignedVarint(fields == null ? 0 : fields.size());
        writeRawTaggedFields(fields, 0, Integer.MAX_VALUE);
    }

    /**
     * Writes the fields from an index on whose tags are not above a limit, and returns the index of the first that was not
     * written.
     */
    public int writeRawTaggedFields(List<RawTaggedField> fields, int from, int maxTag) {
        int index = from;
        for (; fields != null && index < fields.size() && fields.get(index).tag() <= maxTag; index++) {
            RawTaggedField field = fields.get(index);
            writeUnsignedVarint(field.tag());
            writeUnsignedVarint(field.data().length);
            writeRawBytes(field.data());
        }
        return index;
    }

    private void writeLength(int length, boolean compact) {
        if (compact) {
            writeUnsignedVarint(length + 1);
        } else {
            writeInt(length);
        }
    }

    private void writeUtf8(String value, boolean compact) {
        int size = utf8SizeBytes(value);
        ensure(size + 5);
        putStringLength(size, compact);
        int length = value.length();
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            if (c < 0x80) {
                buffer.put((byte) c);
            } else if (c < 0x800) {
                buffer.put((byte) (0xC0 | (c >> 6))).put((byte) (0x80 | (c & 0x3F)));
            } else if (!Character.isSurrogate(c)) {
                buffer.put((byte) (0xE0 | (c >> 12)))
                        .put((byte) (0x80 | ((c >> 6) & 0x3F)))
                        .put((byte) (0x80 | (c & 0x3F)));
            } else if (isPair(value, i)) {
                int point = Character.toCodePoint(c, value.charAt(i + 1));
                buffer.put((byte) (0xF0 | (point >> 18)))
                        .put((byte) (0x80 | ((point >> 12) & 0x3F)))
                        .put((byte) (0x80 | ((point >> 6) & 0x3F)))
                        .put((byte) (0x80 | (point & 0x3F)));
                i++;
            } else {
                buffer.put((byte) '?'); // as String.getBytes does with half a pair
            }
        }
    }

    private static int utf8SizeBytes(String value) {
        int size = 0;
        int length = value.length();
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            if (c < 0x80) {
                size++;
            } else if (c < 0x800) {
                size += 2;
            } else if (!Character.isSurrogate(c)) {
                size += 3;
            } else if (isPair(value, i)) {
                size += 4;
                i++;
            } else {
                size++;
            }
        }
        return size;
    }

    private static boolean isPair(String value, int index) {
        return Character.isHighSurrogate(value.charAt(index))
                && index + 1 < value.length()
                && Character.isLowSurrogate(value.charAt(index + 1));
    }

    private void putStringLength(int length, boolean compact) {
        if (length > MAX_STRING_BYTES) {
            throw new IllegalArgumentException("A string of more than " + MAX_STRING_BYTES + " bytes");
        }
        if (compact) {
            putUnsignedVarint(length + 1);
        } else {
            buffer.putShort((short) length);
        }
    }

    private void putUnsignedVarint(int value) {
        int rest = value;
        while ((rest & ~0x7F) != 0) {
            buffer.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        buffer.put((byte) rest);
    }

    private static int unsignedVarintSizeBytes(int value) {
        return value == 0 ? 1 : (38 - Integer.numberOfLeadingZeros(value)) / 7;
    }

    private void ensure(int sizeBytes) {
        if (buffer.remaining() < sizeBytes) {
            long needed = (long) buffer.position() + sizeBytes;
            long doubled = Math.max(needed, 2L * buffer.capacity());
            if (needed > Integer.MAX_VALUE - 8) {
                throw new IllegalStateException("A message of " + needed + " bytes");
            }
            buffer = source.grow(buffer, (int) Math.min(doubled, Integer.MAX_VALUE - 8));
        }
    }
}
