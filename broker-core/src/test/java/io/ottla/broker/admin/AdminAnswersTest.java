package io.ottla.broker.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Compares Ottla's answers with those that Apache Kafka 4.3.1 gave to the same requests. {@code kafka-answers.txt} is what
 * {@link AdminConversation#main} printed; {@code differences.txt} has the answers that are meant to be different, each with
 * its reason.
 */
class AdminAnswersTest {

    @Test
    void shouldAnswerAsApacheKafkaDoes() throws IOException {
        Map<String, String> expected = load("kafka-answers.txt");
        Map<String, String> differences = load("differences.txt");
        Map<String, String> actual;
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            String address = broker.bootstrapServers();
            int colon = address.lastIndexOf(':');
            actual = AdminConversation.hold(
                    address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)), 0);
        }
        List<String> wrong = new ArrayList<>();
        actual.forEach((label, answer) -> {
            String wanted = differences.getOrDefault(label, expected.get(label));
            if (!answer.equals(wanted)) {
                wrong.add(label + "\n  wanted: " + wanted + "\n  given:  " + answer);
            }
        });
        assertEquals("", String.join("\n", wrong));
        assertEquals(expected.keySet(), actual.keySet());
        differences.forEach((label, answer) -> {
            if (answer.equals(expected.get(label))) {
                wrong.add(label + " is no difference");
            }
        });
        assertEquals(List.of(), wrong);
    }

    static Map<String, String> load(String resource) throws IOException {
        Map<String, String> answers = new LinkedHashMap<>();
        try (BufferedReader reader = new BufferedReader(
                new InputStreamReader(AdminAnswersTest.class.getResourceAsStream(resource), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                int arrow = line.indexOf(" => ");
                if (!line.startsWith("#") && arrow > 0) {
                    answers.put(line.substring(0, arrow), line.substring(arrow + 4));
                }
            }
        }
        return answers;
    }
}
