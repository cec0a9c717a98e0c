package io.ottla.broker.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Compares Ottla's answers about groups with those that Apache Kafka 4.3.1 gave to the same requests. {@code kafka-group-answers.txt} is
 * what {@link GroupConversation#main} printed; {@code group-differences.txt} has the answers that are meant to be different.
 */
class GroupAnswersTest {

    @Test
    void shouldAnswerAsApacheKafkaDoes() throws IOException {
        Map<String, String> expected = AdminAnswersTest.load("kafka-group-answers.txt");
        Map<String, String> differences = AdminAnswersTest.load("group-differences.txt");
        Map<String, String> actual;
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                .config("group.consumer.heartbeat.interval.ms", "5000")
                .start()) {
            String address = broker.bootstrapServers();
            int colon = address.lastIndexOf(':');
            actual =
                    GroupConversation.hold(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        }
        List<String> wrong = new ArrayList<>();
        actual.forEach((label, answer) -> {
            String wanted = differences.getOrDefault(label, expected.get(label));
            if (!answer.equals(wanted)) {
                wrong.add(label + "\n  wanted: " + wanted + "\n  given:  " + answer);
            }
        });
        differences.forEach((label, answer) -> {
            if (answer.equals(expected.get(label))) {
                wrong.add(label + " is no difference");
            }
        });
        assertEquals("", String.join("\n", wrong));
        assertEquals(expected.keySet(), actual.keySet());
    }
}
