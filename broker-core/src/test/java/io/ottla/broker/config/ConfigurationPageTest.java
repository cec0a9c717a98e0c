package io.ottla.broker.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.junit.jupiter.api.Test;

/** Keeps docs/configuration.md true. */
class ConfigurationPageTest {
    private static final Path PAGE = Path.of("../docs/configuration.md");
    private static final Path CURRENT = Path.of("target/configuration.md");

    @Test
    void shouldDescribeEveryKey() throws IOException {
        String page = Files.readString(PAGE);
        String current = replace(page, "topic", rows(ConfigKeys.topic().values()));
        current = replace(current, "broker", rows(ConfigKeys.broker().values()));
        current = replace(current, "run-time", rows(ConfigKeys.throttles().values()));
        current = replace(current, "ottla", rows(ConfigKeys.own().values()));
        Files.writeString(CURRENT, current);

        assertEquals(current, page, "the page as it ought to be is in broker-core/" + CURRENT);
    }

    private static String replace(String page, String name, String rows) {
        String begin = "<!-- " + name + " keys -->\n";
        String end = "<!-- end -->";
        int from = page.indexOf(begin) + begin.length();
        return page.substring(0, from) + rows + page.substring(page.indexOf(end, from));
    }

    private static String rows(Collection<ConfigKey> keys) {
        return keys.stream()
                .filter(key -> !key.isInternal())
                .map(ConfigurationPageTest::row)
                .collect(Collectors.joining("\n", "| key | default | what it does |\n| --- | --- | --- |\n", "\n"));
    }

    private static String row(ConfigKey key) {
        return "| `" + key.name() + "` | " + value(key.defaultText()) + " | " + key.documentation()
                + (key.isWithoutEffect() ? " *Without effect.*" : "") + " |";
    }

    private static String value(String text) {
        return text == null ? "none" : text.isEmpty() ? "empty" : "`" + text + "`";
    }

    @Test
    void shouldNameEveryDifferentDefault() throws IOException {
        Map<String, String> differences = new TreeMap<>();
        for (ConfigDef.ConfigKey their :
                AbstractKafkaConfig.CONFIG_DEF.configKeys().values()) {
            ConfigKey our = ConfigKeys.broker().get(their.name);
            String theirs = their.hasDefault() ? ConfigDef.convertToString(their.defaultValue, their.type) : null;
            if (!String.valueOf(theirs).equals(String.valueOf(our.defaultText()))) {
                differences.put(their.name, value(our.defaultText()) + " | " + value(theirs));
            }
        }
        String expected = differences.entrySet().stream()
                .map(difference -> "| `" + difference.getKey() + "` | " + difference.getValue() + " |")
                .collect(Collectors.joining("\n"));

        String page = Files.readString(PAGE);

        String actual = page.lines()
                .dropWhile(line -> !line.startsWith("| key | Ottla | Apache Kafka |"))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .collect(Collectors.joining("\n"));
        assertEquals(expected, actual);
    }
}
