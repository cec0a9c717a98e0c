package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.utils.ByteUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProtocolWriterTest {
    private record FileOnly(int sizeBytes) implements Records {}

    private static ProtocolReader reader(ProtocolWriter writer) {
        return new ProtocolReader(writer.toByteBuffer());
    }

    @Test
    void shouldWriteVarintsAsKafkaDoes() {
        Random random = new Random(3);
        for (int i = 0; i < 1000; i++) {
            long value = random.nextLong() >> random.nextInt(64);
            ByteBuffer expected = ByteBuffer.allocate(40);
            ByteUtils.writeUnsignedVarint((int) value, expected);
            ByteUtils.writeVarint((int) value, expected);
            ByteUtils.writeVarlong(value, expected);
            ProtocolWriter writer = new ProtocolWriter();
            writer.writeUnsignedVarint((int) value);
            writer.writeVarint((int) value);
            writer.writeVarlong(value);
            assertEquals(expected.flip(), writer.toByteBuffer());
            ProtocolReader reader = reader(writer);
            assertEquals((int) value, reader.readUnsignedVarint());
            assertEquals((int) value, reader.readVarint());
            assertEquals(value, reader.readVarlong());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain",
                "größe",
                "日本",
                "a\uD83D\uDE80b",
                "\uD83D",
                "\uDE80\uD83D",
                "x\uD83Dy",
                "\u0000\u0080\u0800\uFFFF"
            })
    void shouldWriteStringsAsTheJdkEncodesThem(String text) {
        for (boolean compact : new boolean[] {false, true}) {
            ProtocolWriter writer = new ProtocolWriter(BufferSource.HEAP, 1);
            writer.writeString(text, compact);
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            byte[] written = Twin.bytes(writer.toByteBuffer());
            assertEquals((compact ? 1 : 2) + utf8.length, written.length);
            assertEquals(
                    new String(utf8, StandardCharsets.UTF_8), reader(writer).readString(compact));
        }
    }

    @Test
    void shouldRefuseStringsAboveTheProtocolsLimit() {
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeString("x".repeat(32767), false);
        assertEquals(32767 + 2, writer.position());
        for (String text : List.of("x".repeat(32768), "ß".repeat(16384))) {
            assertThrows(IllegalArgumentException.class, () -> writer.writeString(text, false));
            assertThrows(IllegalArgumentException.class, () -> writer.writeString(text, true));
        }
    }

    @Test
    void shouldRefuseNumbersThatDoNotFit() {
        ProtocolWriter writer = new ProtocolWriter();
        for (int value : new int[] {-1, 0x10000}) {
            assertThrows(IllegalArgumentException.class, () -> writer.writeUnsignedShort(value));
        }
        for (long value : new long[] {-1, 0x1_0000_0000L}) {
            assertThrows(IllegalArgumentException.class, () -> writer.writeUnsignedInt(value));
        }
        assertEquals(0, writer.position());
    }

    @Test
    void shouldGrowThroughItsSource() {
        List<Integer> sizes = new ArrayList<>();
        BufferSource source = new BufferSource() {
            @Override
            public ByteBuffer allocate(int sizeBytes) {
                sizes.add(sizeBytes);
                return ByteBuffer.allocateDirect(sizeBytes);
            }

            @Override
            public ByteBuffer grow(ByteBuffer buffer, int sizeBytes) {
                return allocate(sizeBytes).put(buffer.flip());
            }
        };
        ProtocolWriter writer = new ProtocolWriter(source, 4);
        for (int i = 0; i < 100; i++) {
            writer.writeInt(i);
        }
        assertEquals(List.of(4, 8, 16, 32, 64, 128, 256, 512), sizes);
        ProtocolReader reader = reader(writer);
        for (int i = 0; i < 100; i++) {
            assertEquals(i, reader.readInt());
        }
        writer.setInt(0, 42);
        assertEquals(42, writer.buffer().getInt(0));
        writer.clear();
        assertEquals(0, writer.sizeBytes());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 127, 128, 16383, 16384, 3_000_000})
    void shouldPutTheSizeInFrontOfATaggedField(int size) {
        for (boolean direct : new boolean[] {false, true}) {
            ProtocolWriter writer =
                    direct ? new ProtocolWriter(directSource(), 8) : new ProtocolWriter(BufferSource.HEAP, 8);
            byte[] value = new byte[size];
            new Random(size).nextBytes(value);
            int start = writer.beginTaggedField(300);
            writer.writeRawBytes(value);
            writer.endTaggedField(start);
            writer.writeByte((byte) 77);

            ProtocolReader reader = reader(writer);
            assertEquals(300, reader.readTag());
            int outer = reader.beginTaggedField();
            assertArrayEquals(value, reader.readRawTaggedField(300, null).get(0).data());
            reader.endTaggedField(outer);
            assertEquals(77, reader.readByte());
        }
    }

    private static BufferSource directSource() {
        return new BufferSource() {
            @Override
            public ByteBuffer allocate(int sizeBytes) {
                return ByteBuffer.allocateDirect(sizeBytes);
            }

            @Override
            public ByteBuffer grow(ByteBuffer buffer, int sizeBytes) {
                return allocate(sizeBytes).put(buffer.flip());
            }
        };
    }

    @Test
    void shouldCopySmallRecordsAndSpliceLargeOnes() {
        byte[] small = new byte[ProtocolWriter.COPY_BELOW_BYTES - 1];
        byte[] large = new byte[ProtocolWriter.COPY_BELOW_BYTES];
        new Random(1).nextBytes(small);
        new Random(2).nextBytes(large);
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeRecords(MemoryRecords.of(ByteBuffer.wrap(small)), false);
        writer.writeNullableRecords(MemoryRecords.of(ByteBuffer.wrap(large)), true);
        writer.writeNullableRecords(null, false);
        writer.writeRecords(MemoryRecords.EMPTY, true);
        writer.writeRecords(MemoryRecords.of(ByteBuffer.wrap(large)), false);

        assertEquals(2, writer.splices().size());
        assertEquals(4 + small.length + 2 + 4 + 1 + 4, writer.position());
        assertEquals(writer.position() + 2 * large.length, writer.sizeBytes());
        ProtocolReader reader = reader(writer);
        assertArrayEquals(small, reader.readBytes(false));
        assertArrayEquals(large, reader.readBytes(true));
        assertEquals(null, reader.readNullableRecords(false));
        assertEquals(MemoryRecords.EMPTY, reader.readRecords(true));
        assertArrayEquals(large, reader.readBytes(false));
        assertEquals(0, reader.remaining());
    }

    @Test
    void shouldKeepSplicesInPlaceWhenATaggedFieldMoves() {
        byte[] records = new byte[20_000];
        new Random(5).nextBytes(records);
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeInt(1);
        int start = writer.beginTaggedField(0);
        writer.writeRecords(MemoryRecords.of(ByteBuffer.wrap(records)), true);
        writer.writeInt(2);
        writer.endTaggedField(start);

        ProtocolReader reader = reader(writer);
        assertEquals(1, reader.readInt());
        assertEquals(0, reader.readTag());
        int outer = reader.beginTaggedField();
        assertArrayEquals(records, reader.readBytes(true));
        assertEquals(2, reader.readInt());
        reader.endTaggedField(outer);
        assertEquals(0, reader.remaining());
    }

    @Test
    void shouldNotPretendToHaveRecordsThatAreInAFile() {
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeRecords(new FileOnly(10), false);
        assertEquals(14, writer.sizeBytes());
        assertEquals(List.of(new ProtocolWriter.Splice(4, new FileOnly(10))), writer.splices());
        assertThrows(IllegalStateException.class, writer::toByteBuffer);
    }

    @Test
    void shouldInterleaveUnknownTaggedFieldsByTag() {
        List<RawTaggedField> fields =
                List.of(new RawTaggedField(1, new byte[] {9}), new RawTaggedField(5, new byte[0]));
        ProtocolWriter writer = new ProtocolWriter();
        int next = writer.writeRawTaggedFields(fields, 0, -1);
        assertEquals(0, next);
        next = writer.writeRawTaggedFields(fields, next, 3);
        assertEquals(1, next);
        assertEquals(2, writer.writeRawTaggedFields(fields, next, Integer.MAX_VALUE));
        assertEquals("0101090500", HexFormat.of().formatHex(Twin.bytes(writer.toByteBuffer())));
        assertEquals(0, writer.writeRawTaggedFields(null, 0, Integer.MAX_VALUE));
    }

    @Test
    void shouldLeaveTheBuffersItIsGivenAlone() {
        ByteBuffer value = ByteBuffer.wrap(new byte[] {1, 2, 3}).position(1);
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeByteBuffer(value, false);
        writer.writeRawBytes(value);
        assertEquals(1, value.position());
        assertTrue(writer.toByteBuffer().equals(ByteBuffer.wrap(new byte[] {0, 0, 0, 2, 2, 3, 2, 3})));
    }
}
