package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.message.CornerCases;
import io.ottla.protocol.message.CornerCases.Inner;
import io.ottla.protocol.message.CornerCases.Leaf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What src/test/schemas/corners/CornerCases.json becomes. */
class GeneratedCornerCasesTest {
    private static final RawTaggedField UNKNOWN_THREE = new RawTaggedField(3, new byte[] {3});
    private static final RawTaggedField UNKNOWN_NINE = new RawTaggedField(9, new byte[] {9, 9});
    private static final RawTaggedField UNKNOWN_LAST = new RawTaggedField(99, new byte[0]);

    private static CornerCases read(byte[] bytes, int version) {
        CornerCases message = new CornerCases();
        ProtocolReader reader = new ProtocolReader(ByteBuffer.wrap(bytes));
        message.read(reader, (short) version);
        assertEquals(0, reader.remaining());
        return message;
    }

    private static String hex(CornerCases message, int version) {
        return HexFormat.of().formatHex(Twin.write(message, (short) version));
    }

    private static void assertRoundTrip(CornerCases message, int version) {
        assertEquals(message, read(Twin.write(message, (short) version), version));
    }

    private static void assertRefused(UnaryOperator<CornerCases> change, int... versions) {
        for (int version = 1; version <= 4; version++) {
            CornerCases message = change.apply(new CornerCases());
            short candidate = (short) version;
            boolean refused = false;
            for (int one : versions) {
                refused |= one == version;
            }
            if (refused) {
                assertThrows(UnsupportedVersionException.class, () -> Twin.write(message, candidate), "v" + version);
            } else {
                Twin.write(message, candidate);
            }
        }
    }

    @Test
    void shouldHaveTheDefaultsOfTheSchema() {
        CornerCases message = new CornerCases();
        assertEquals(Integer.MAX_VALUE, message.wide());
        assertEquals(Long.MIN_VALUE, message.middle());
        assertEquals("say \"hi\"", message.dropped());
        assertEquals("", message.lateNull());
        assertEquals(65535, message.unsigned16());
        assertEquals(4294967295L, message.unsigned32());
        assertEquals(0.5, message.fraction());
        assertTrue(message.on());
        assertNull(message.bytes());
        assertFalse(message.view().hasRemaining());
        assertNull(message.batches());
        assertEquals(List.of(), message.strings());
        assertEquals(7, message.moved());
        assertNull(message.tagTen());
        assertEquals(new Inner(), message.tagTwo());
        assertEquals(new Inner(), message.tagFour(), "a JSON null is no default");
        assertEquals(-1, new Leaf().number());
    }

    @Test
    void shouldRoundTripEveryVersion() {
        for (int version = 1; version <= 4; version++) {
            CornerCases message = new CornerCases()
                    .wide(-5)
                    .lateNull("x")
                    .earlyNull(List.of(1, -1))
                    .lateNullStruct(inner("a", version))
                    .lateNullStructs(List.of(inner("b", version), inner("c", version)))
                    .rigid("rigid")
                    .unsigned16(40_000)
                    .unsigned32(3_000_000_000L)
                    .fraction(-0.0)
                    .on(false)
                    .bytes(new byte[] {1})
                    .view(ByteBuffer.wrap(new byte[] {2, 3}))
                    .batches(MemoryRecords.of(ByteBuffer.wrap(new byte[] {4})))
                    .int8s(List.of((byte) -1))
                    .int16s(List.of((short) -2))
                    .int64s(List.of(-3L))
                    .uuids(List.of(Uuid.ONE, Uuid.ZERO))
                    .strings(List.of("", "é"))
                    .moved((short) -7);
            if (version == 2 || version == 3) {
                message.middle(12);
            }
            if (version >= 2) {
                message.dropped("kept");
            }
            if (version >= 3) {
                message.tagTen("ten").tagTwo(inner("two", version)).tagEight(List.of(inner("eight", version)));
            }
            if (version >= 4) {
                message.tagFour(inner("four", version));
            }
            assertRoundTrip(message, version);
        }
    }

    private static Inner inner(String key, int version) {
        Inner inner = new Inner().key(key);
        if (version >= 2) {
            Leaf leaf = new Leaf().number(9);
            inner.leaves().add(version >= 3 ? leaf.note("note") : leaf);
        }
        return inner;
    }

    @Test
    void shouldRoundTripNullWhereTheVersionAllowsIt() {
        for (int version = 1; version <= 4; version++) {
            CornerCases message = new CornerCases().bytes(null).batches(null);
            message.lateNull(version >= 2 ? null : "");
            message.earlyNull(version <= 2 ? null : List.of());
            message.lateNullStruct(version >= 2 ? null : new Inner());
            message.lateNullStructs(version >= 3 ? null : List.of());
            message.tagEight(version >= 3 ? null : List.of());
            message.tagFour(version >= 4 ? null : new Inner());
            assertRoundTrip(message, version);
        }
    }

    @Test
    void shouldRefuseNullWhereTheVersionDoesNot() {
        assertRefused(message -> message.lateNull(null), 1);
        assertRefused(message -> message.earlyNull(null), 3, 4);
        assertRefused(message -> message.lateNullStruct(null), 1);
        assertRefused(message -> message.lateNullStructs(null), 1, 2);
        assertRefused(message -> message.tagFour(null), 1, 2, 3);
    }

    @Test
    void shouldRefuseToLoseValuesUnlessTheyAreIgnorable() {
        assertRefused(message -> message.middle(1), 1, 4);
        assertRefused(message -> message.dropped("gone"));
        assertRefused(message -> message.tagTen(""), 1, 2);
        assertRefused(message -> message.tagTwo(new Inner().key("k")), 1, 2);
        assertRefused(message -> message.tagFour(new Inner().key("k")), 1, 2, 3);
        assertRefused(message -> message.tagEight(null), 1, 2);
        assertRefused(message -> message.lateNullStruct(inner("k", 3)), 1, 2);
        assertRefused(message -> message.moved((short) 1));
        assertRefused(
                message -> {
                    message.unknownTaggedFields().add(UNKNOWN_LAST);
                    return message;
                },
                1,
                2);
    }

    @Test
    void shouldKeepAFieldRigidInFlexibleVersions() {
        CornerCases message = new CornerCases().rigid("rigid");
        for (int version = 1; version <= 4; version++) {
            assertTrue(hex(message, version).contains("0005" + "7269676964"), "version " + version);
        }
    }

    @Test
    void shouldMoveAFieldToTheTagsInItsVersion() {
        CornerCases message = new CornerCases().moved((short) 0x1234);
        assertTrue(hex(message, 3).contains("1234"));
        assertTrue(hex(message, 4).endsWith("01" + "06" + "02" + "1234"));
        assertTrue(hex(new CornerCases(), 4).endsWith("00"), "defaults are not written as tagged fields");
    }

    @Test
    void shouldWriteTagsInOrderAroundUnknownOnes() {
        CornerCases message = new CornerCases().tagTen("t").tagTwo(new Inner().key("k"));
        message.unknownTaggedFields().addAll(List.of(UNKNOWN_THREE, UNKNOWN_NINE, UNKNOWN_LAST));
        for (int version = 3; version <= 4; version++) {
            assertTrue(hex(message, version)
                    .endsWith("05" + "0204026b0100" + "030103" + "09020909" + "0a020274" + "6300"));
            assertRoundTrip(message, version);
        }
    }

    @Test
    void shouldTakeATagOfALaterVersionForUnknown() {
        CornerCases message = new CornerCases().moved((short) 5);
        message.unknownTaggedFields().add(new RawTaggedField(6, new byte[] {0, 8}));
        CornerCases older = read(Twin.write(message, (short) 3), 3);
        assertEquals(5, older.moved());
        assertEquals(message.unknownTaggedFields(), older.unknownTaggedFields());

        CornerCases newer = read(Twin.write(message.moved((short) 7), (short) 4), 4);
        assertEquals(8, newer.moved());
        assertEquals(List.of(), newer.unknownTaggedFields());
    }

    @Test
    void shouldMakeATaggedStructWhenItIsAskedFor() {
        CornerCases message = new CornerCases();
        message.tagTwo().key("made");
        assertEquals("made", read(Twin.write(message, (short) 3), 3).tagTwo().key());
        assertEquals(new CornerCases(), new CornerCases().tagTwo(new Inner()));
        assertEquals(
                new CornerCases().hashCode(),
                new CornerCases().tagTwo(new Inner()).hashCode());
    }

    @Test
    void shouldRefuseATaggedStructThatIsShorterThanItSays() {
        CornerCases message = new CornerCases().tagTwo(new Inner().key("k"));
        byte[] bytes = Twin.write(message, (short) 3);
        assertEquals(4, bytes[bytes.length - 5]);
        bytes[bytes.length - 5] = 3;
        assertThrows(MalformedMessageException.class, () -> read(bytes, 3));
    }

    @Test
    void shouldTellDifferentMessagesApart() {
        CornerCases message = new CornerCases();
        List<UnaryOperator<CornerCases>> changes = List.of(
                other -> other.wide(1),
                other -> other.on(false),
                other -> other.fraction(Double.NaN),
                other -> other.bytes(new byte[0]),
                other -> other.view(ByteBuffer.allocate(1)),
                other -> other.lateNull(null),
                other -> other.tagTwo(new Inner().key("k")),
                other -> other.lateNullStructs(List.of(new Inner())));
        for (UnaryOperator<CornerCases> change : changes) {
            assertNotEquals(message, change.apply(new CornerCases()));
            assertEquals(change.apply(new CornerCases()), change.apply(new CornerCases()));
        }
        CornerCases unknown = new CornerCases();
        unknown.unknownTaggedFields().add(UNKNOWN_LAST);
        assertNotEquals(message, unknown);
        assertNotEquals(message, "something else");
    }

    @Test
    void shouldNotPrintBytes() {
        String text = new CornerCases()
                .bytes("secret".getBytes(StandardCharsets.UTF_8))
                .view(ByteBuffer.allocate(3))
                .toString();
        assertTrue(text.contains("bytes=6 bytes"), text);
        assertTrue(text.contains("view=3 bytes"), text);
    }
}
