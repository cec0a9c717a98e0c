package io.ottla.protocol.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionRangeTest {
    @Test
    void shouldReadEveryForm() {
        assertEquals(new VersionRange(3, 3), VersionRange.parse("3"));
        assertEquals(new VersionRange(3, 5), VersionRange.parse("3-5"));
        assertEquals(new VersionRange(3, Short.MAX_VALUE), VersionRange.parse(" 3+ "));
        assertTrue(VersionRange.parse("none").isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "5-3", "+", "1-", "-1", "3-5+"})
    void shouldRefuseOtherText(String text) {
        assertThrows(SchemaException.class, () -> VersionRange.parse(text));
    }

    @Test
    void shouldIntersect() {
        assertEquals(new VersionRange(2, 4), new VersionRange(0, 4).intersect(VersionRange.parse("2+")));
        assertEquals(VersionRange.NONE, new VersionRange(0, 1).intersect(VersionRange.parse("2+")));
        assertTrue(new VersionRange(0, 4).containsAll(new VersionRange(1, 2)));
        assertTrue(new VersionRange(3, 4).containsAll(VersionRange.NONE));
        assertFalse(new VersionRange(1, 4).containsAll(new VersionRange(0, 2)));
    }

    @ParameterizedTest
    @CsvSource({
        "0+, true, false",
        "none, false, true",
        "9+, false, true",
        "3+, version >= 3, version < 3",
        "0-3, version <= 3, version > 3",
        "3-4, version >= 3 && version <= 4, version < 3 || version > 4",
        "3, version == 3, version < 3 || version > 3",
        "8, version == 8, version < 8"
    })
    void shouldBecomeTheShortestCondition(String range, String condition, String negated) {
        assertEquals(condition, VersionRange.parse(range).condition(new VersionRange(1, 8)));
        assertEquals(negated, VersionRange.parse(range).negatedCondition(new VersionRange(1, 8)));
    }
}
