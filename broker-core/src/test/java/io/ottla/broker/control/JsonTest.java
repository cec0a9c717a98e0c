package io.ottla.broker.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** JSON, by hand. */
class JsonTest {

    @Test
    void shouldRead() {
        assertEquals(
                Map.of("a", Arrays.asList(1L, -2.5, 1e3, true, false, null), "b", Map.of(), "c", List.of()),
                Json.parse(" { \"a\" : [1,-2.5,1e3,true,false,null] , \"b\":{}, \"c\":[ ] } "));
        assertEquals("\"\\/\b\f\n\r\tä😀", Json.parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\""));
    }

    @Test
    void shouldReadWhatItWrote() {
        Object value = Map.of("text", "\u0000\"\\\n\r\t\u001fä😀", "list", Arrays.asList(1L, 0.5, null, true));
        assertEquals(value, Json.parse(Json.write(value)));
        assertEquals("[]", Json.write(List.of()));
        assertEquals("{}", Json.write(Map.of()));
    }

    @Test
    void shouldRefuseWhatIsNotJson() {
        for (String text : List.of(
                "",
                "{",
                "[1,",
                "[1 2]",
                "{\"a\"}",
                "{a:1}",
                "\"a",
                "\"\\x\"",
                "\"\\u12\"",
                "\"\n\"",
                "01",
                "1.",
                "-",
                "tru",
                "1 2",
                "NaN",
                "99999999999999999999",
                "[".repeat(40))) {
            assertThrows(ControlException.class, () -> Json.parse(text), text);
        }
    }
}
