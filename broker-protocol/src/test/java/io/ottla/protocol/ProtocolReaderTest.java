package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProtocolReaderTest {
    private static ProtocolReader reader(String hex) {
        return new ProtocolReader(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
    }

    private static void assertMalformed(String hex, Consumer<ProtocolReader> read) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        ProtocolReader reader = reader(hex);
        long before = threads.getCurrentThreadAllocatedBytes();
        assertThrows(MalformedMessageException.class, () -> read.accept(reader), hex);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 200_000, allocated + " bytes allocated");
    }

    @Test
    void shouldReadFixedSizes() {
        ProtocolReader reader = reader("ff" + "00" + "01" + "8000" + "ffff" + "80000000" + "ffffffff"
                + "8000000000000000" + "3ff8000000000000" + "00000000000000010000000000000002");
        assertEquals(-1, reader.readByte());
        assertEquals(false, reader.readBoolean());
        assertEquals(true, reader.readBoolean());
        assertEquals(Short.MIN_VALUE, reader.readShort());
        assertEquals(0xFFFF, reader.readUnsignedShort());
        assertEquals(Integer.MIN_VALUE, reader.readInt());
        assertEquals(0xFFFF_FFFFL, reader.readUnsignedInt());
        assertEquals(Long.MIN_VALUE, reader.readLong());
        assertEquals(1.5, reader.readDouble());
        assertEquals(new Uuid(1, 2), reader.readUuid());
        assertEquals(0, reader.remaining());
    }

    @ParameterizedTest
    @CsvSource({
        "00, 0",
        "7f, 127",
        "8001, 128",
        "ac02, 300",
        "ffffffff07, 2147483647",
        "8080808008, -2147483648",
        "ffffffff0f, -1",
        "8000, 0"
    })
    void shouldReadUnsignedVarints(String hex, int value) {
        assertEquals(value, reader(hex).readUnsignedVarint());
    }

    @ParameterizedTest
    @CsvSource({"00, 0", "01, -1", "02, 1", "8001, 64", "feffffff0f, 2147483647", "ffffffff0f, -2147483648"})
    void shouldReadZigzagVarints(String hex, int value) {
        assertEquals(value, reader(hex).readVarint());
        assertEquals(value, reader(hex).readVarlong());
    }

    @ParameterizedTest
    @CsvSource({"feffffffffffffffff01, 9223372036854775807", "ffffffffffffffffff01, -9223372036854775808"})
    void shouldReadZigzagVarlongs(String hex, long value) {
        assertEquals(value, reader(hex).readVarlong());
    }

    @Test
    void shouldBoundVarints() {
        assertMalformed("ffffffffff01", ProtocolReader::readUnsignedVarint);
        assertMalformed("ffffffffff01", ProtocolReader::readVarint);
        assertMalformed("ffffffffffffffffffff01", ProtocolReader::readVarlong);
        assertMalformed("80", ProtocolReader::readUnsignedVarint);
        assertMalformed("", ProtocolReader::readVarlong);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldReadStringsFromEveryKindOfBuffer(boolean direct) {
        byte[] text = "x日本語y\uD83D\uDE80".getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(200) : ByteBuffer.allocate(200);
        buffer.put((byte) 9)
                .putShort((short) text.length)
                .put(text)
                .put((byte) (text.length + 1))
                .put(text);
        buffer.putShort((short) 0).put((byte) 1).putShort((short) -1).put((byte) 0);
        buffer.flip().get();
        ProtocolReader reader = new ProtocolReader(buffer.slice());
        String expected = new String(text, StandardCharsets.UTF_8);
        assertEquals(expected, reader.readString(false));
        assertEquals(expected, reader.readString(true));
        assertEquals("", reader.readString(false));
        assertEquals("", reader.readNullableString(true));
        assertNull(reader.readNullableString(false));
        assertNull(reader.readNullableString(true));
        assertEquals(0, reader.remaining());
    }

    @Test
    void shouldRefuseNullWhereAValueIsRequired() {
        assertMalformed("ffff", in -> in.readString(false));
        assertMalformed("00", in -> in.readString(true));
        assertMalformed("ffffffff", in -> in.readBytes(false));
        assertMalformed("00", in -> in.readBytes(true));
        assertMalformed("00", in -> in.readByteBuffer(true));
        assertMalformed("00", in -> in.readRecords(true));
        assertMalformed("ffffffff", in -> in.readArrayLength(false, 1));
        assertMalformed("00", in -> in.readIntList(true));
    }

    @Test
    void shouldBoundStringsAndBytesByWhatIsLeft() {
        for (boolean nullable : new boolean[] {false, true}) {
            assertMalformed("7fff61", in -> string(in, nullable, false));
            assertMalformed("fffe61", in -> string(in, nullable, false));
            assertMalformed("ffffffff0f61", in -> string(in, nullable, true));
            assertMalformed("ffffffff0761", in -> string(in, nullable, true));
            assertMalformed("0361", in -> string(in, nullable, true));
        }
        assertMalformed("7fffffff61", in -> in.readNullableBytes(false));
        assertMalformed("fffffffe61", in -> in.readNullableBytes(false));
        assertMalformed("ffffffff0f61", in -> in.readNullableBytes(true));
        assertMalformed("8080808008", in -> in.readNullableByteBuffer(true));
        assertMalformed("7fffffff", in -> in.readNullableRecords(false));
        assertMalformed("61", in -> in.readSlice(2));
        assertMalformed("61", in -> in.readSlice(-1));
    }

    private static void string(ProtocolReader in, boolean nullable, boolean compact) {
        if (nullable) {
            in.readNullableString(compact);
        } else {
            in.readString(compact);
        }
    }

    @Test
    void shouldRefuseStringsAboveTheProtocolsLimit() {
        ByteBuffer buffer = ByteBuffer.allocate(40_000);
        ProtocolWriter length = new ProtocolWriter();
        length.writeUnsignedVarint(32768 + 1);
        buffer.put(length.toByteBuffer()).rewind();
        assertThrows(MalformedMessageException.class, () -> new ProtocolReader(buffer).readString(true));
    }

    @Test
    void shouldBoundArraysByWhatTheirElementsTake() {
        assertMalformed("7fffffff" + "00".repeat(100), in -> in.readArrayLength(false, 1));
        assertMalformed("fffffffe" + "00".repeat(100), in -> in.readNullableArrayLength(false, 1));
        assertMalformed("ffffffff0f" + "00".repeat(100), in -> in.readArrayLength(true, 1));
        assertMalformed("06" + "00".repeat(19), in -> in.readArrayLength(true, 4));
        assertEquals(5, reader("06" + "00".repeat(20)).readArrayLength(true, 4));
        assertMalformed("7fffffff" + "00".repeat(100), in -> in.readByteList(false));
        assertMalformed("00000002" + "00".repeat(3), in -> in.readShortList(false));
        assertMalformed("00000002" + "00".repeat(7), in -> in.readIntList(false));
        assertMalformed("00000002" + "00".repeat(15), in -> in.readLongList(false));
        assertMalformed("00000002" + "00".repeat(31), in -> in.readUuidList(false));
        assertMalformed("00000002" + "00".repeat(3), in -> in.readStringList(false));
        assertMalformed("04" + "01".repeat(2), in -> in.readStringList(true));
        assertEquals(-1, reader("00").readNullableArrayLength(true, 8));
        assertEquals(List.of(1, -1), reader("0300000001ffffffff").readIntList(true));
    }

    @Test
    void shouldNotReserveMemoryForElementsThatAreOnlyAnnounced() {
        assertTrue(ProtocolReader.initialCapacity(Integer.MAX_VALUE) <= 1024);
        assertEquals(3, ProtocolReader.initialCapacity(3));
    }

    @Test
    void shouldBoundTaggedFields() {
        assertMalformed("ffffffff0f", ProtocolReader::readTaggedFieldCount);
        assertMalformed("020001", ProtocolReader::readTaggedFieldCount);
        assertMalformed("914e" + "00".repeat(30_000), ProtocolReader::readTaggedFieldCount);
        assertEquals(10_000, reader("904e" + "00".repeat(30_000)).readTaggedFieldCount());
        assertMalformed("ffffffff0f", ProtocolReader::readTag);
        assertMalformed("0500", ProtocolReader::beginTaggedField);
        assertMalformed("ffffffff0f00", ProtocolReader::beginTaggedField);
    }

    @Test
    void shouldConfineATaggedFieldToItsSize() {
        assertMalformed("0200000000", in -> {
            in.beginTaggedField();
            in.readInt();
        });
        assertMalformed("050000000000", in -> {
            int outer = in.beginTaggedField();
            in.readInt();
            in.endTaggedField(outer);
        });
        ProtocolReader reader = reader("0400000007ff");
        int outer = reader.beginTaggedField();
        assertEquals(7, reader.readInt());
        reader.endTaggedField(outer);
        assertEquals(1, reader.remaining());
    }

    @Test
    void shouldKeepUnknownTaggedFields() {
        List<RawTaggedField> fields = reader("02" + "0502aabb" + "0900").readUnknownTaggedFields();
        assertEquals(
                List.of(
                        new RawTaggedField(5, new byte[] {(byte) 0xAA, (byte) 0xBB}),
                        new RawTaggedField(9, new byte[0])),
                fields);
        assertNull(reader("00").readUnknownTaggedFields());
    }

    @Test
    void shouldShareTheMemoryOfSlices() {
        ByteBuffer buffer = ByteBuffer.wrap(HexFormat.of().parseHex("03aabb"));
        ByteBuffer slice = new ProtocolReader(buffer).readByteBuffer(true);
        slice.put(1, (byte) 7);
        assertEquals(7, buffer.get(2));
        assertArrayEquals(new byte[] {(byte) 0xAA, 7}, Twin.bytes(slice));
    }

    @Test
    void shouldRefuseLittleEndianBuffers() {
        ByteBuffer buffer = ByteBuffer.allocate(1).order(ByteOrder.LITTLE_ENDIAN);
        assertThrows(IllegalArgumentException.class, () -> new ProtocolReader(buffer));
    }
}
