package io.ottla.broker.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Compares Ottla's answers about its operation with those that Apache Kafka 4.3.1 gave to the same requests. {@code kafka-operations-answers.txt} is
 * what {@link OperationsConversation#main} printed; {@code operations-differences.txt} has the answers that are meant to be different.
 */
class OperationsAnswersTest {

    @Test
    void shouldAnswerAsApacheKafkaDoes() throws IOException {
        Map<String, String> expected = AdminAnswersTest.load("kafka-operations-answers.txt");
        Map<String, String> differences = AdminAnswersTest.load("operations-differences.txt");
        Map<String, String> actual;
        try (EmbeddedBroker broker =
                EmbeddedBroker.builder().clientMetricsListener(metrics -> {}).start()) {
            actual = OperationsConversation.hold("localhost", broker.port(), 0);
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
