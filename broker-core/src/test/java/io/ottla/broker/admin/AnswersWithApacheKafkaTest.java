package io.ottla.broker.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sends the same requests to Ottla and to a running Apache Kafka, side by side, and compares what they answer. It needs the profile
 * {@code kafka-answers}, which brings Apache Kafka.
 */
@EnabledIf("io.ottla.broker.admin.ApacheKafka#isOnClassPath")
class AnswersWithApacheKafkaTest {

    @ParameterizedTest
    @EnumSource
    void shouldBeTheSame(Conversation conversation) throws Exception {
        CompletableFuture<Map<String, String>> kafka = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                kafka.complete(conversation.holdWithApacheKafka(true));
            } catch (Throwable e) {
                kafka.completeExceptionally(e);
            }
        });
        thread.start();
        Map<String, String> ottla = conversation.holdWithOttla(true);
        thread.join();

        assertEquals("", Answers.wrong(kafka.get(), Answers.load(conversation.differences()), ottla));
        Map<String, String> writtenDown = conversation.reference();
        Map<String, String> again = new LinkedHashMap<>(kafka.get());
        again.keySet().retainAll(writtenDown.keySet());
        assertEquals("", Answers.wrong(writtenDown, Map.of(), again), "not as it was written down");
        assertTrue(ottla.size() > 100, () -> ottla.size() + " requests");
    }
}
