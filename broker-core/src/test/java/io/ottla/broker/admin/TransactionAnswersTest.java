package io.ottla.broker.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Compares Ottla's answers with those that Apache Kafka 4.3.1 gave to the same requests: {@code kafka-transactions.txt} is what
 * {@link TransactionConversation#main} printed.
 */
class TransactionAnswersTest {

    @Test
    void shouldAnswerAsApacheKafkaDoes() throws IOException {
        Map<String, String> expected = AdminAnswersTest.load("kafka-transactions.txt");
        Map<String, String> actual;
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            String address = broker.bootstrapServers();
            int colon = address.lastIndexOf(':');
            actual = TransactionConversation.hold(
                    address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)), false);
        }
        List<String> wrong = new ArrayList<>();
        actual.forEach((label, answer) -> {
            if (!answer.equals(expected.get(label))) {
                wrong.add(label + "\n  wanted: " + expected.get(label) + "\n  given:  " + answer);
            }
        });
        assertEquals("", String.join("\n", wrong));
        assertEquals(expected.keySet(), actual.keySet());
    }
}
