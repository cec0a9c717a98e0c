package io.ottla.protocol.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NamesTest {
    @Test
    void shouldMakeConstants() {
        assertEquals("OFFSET_FOR_LEADER_EPOCH", Names.apiConstant("OffsetForLeaderEpochRequest"));
        assertEquals("FETCH", Names.apiConstant("FetchResponse"));
        assertEquals("OFFSET_COMMIT", Names.constant(Names.without("OffsetCommitKey", "Key")));
        assertThrows(SchemaException.class, () -> Names.api("Fetch"));
        assertThrows(SchemaException.class, () -> Names.without("Key", "Key"));
    }

    @Test
    void shouldMakeFamilies() {
        assertEquals("GroupCoordinator", Names.family("kafka-group-coordinator"));
        assertEquals("Metadata", Names.family("kafka-metadata"));
    }

    @Test
    void shouldKeepCommentsClosed() {
        String source = new SourceWriter()
                .doc("a */ b <c> @d & \\u002a/ " + "word ".repeat(60))
                .toString();
        assertEquals(source.indexOf("*/"), source.length() - 3);
        assertTrue(source.lines().allMatch(line -> line.length() <= 120));
        assertTrue(source.contains("&lt;c&gt; &#64;d &amp; &#92;u002a"), source);
    }
}
