package io.ottla.examples.embedded;

import io.ottla.broker.EmbeddedBroker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A broker, a producer and a consumer in one JVM: writes two records, reads them back, and leaves nothing behind. */
public final class EmbeddedExample {
    private static final String TOPIC = "test-topic";

    private EmbeddedExample() {}

    public static void main(String[] args) throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            System.out.println("The broker listens on " + broker.bootstrapServers());
            List<String> sent = List.of("Hello Kafka", "This is message 2");
            produce(broker.bootstrapServers(), sent);
            consume(broker.bootstrapServers(), sent.size());
        }
    }

    private static void produce(String bootstrapServers, List<String> values) throws Exception {
        Map<String, Object> config = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        try (Producer<String, String> producer =
                new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (String value : values) {
                // An application that sends much does not wait for each record, but looks at the futures later.
                producer.send(new ProducerRecord<>(TOPIC, value)).get();
            }
        }
    }

    private static void consume(String bootstrapServers, int count) {
        Map<String, Object> config = Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
                ConsumerConfig.GROUP_ID_CONFIG, "example",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        try (Consumer<String, String> consumer =
                new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(TOPIC));
            int received = 0;
            while (received < count) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    System.out.printf("%s-%d@%d: %s%n", TOPIC, record.partition(), record.offset(), record.value());
                    received++;
                }
            }
        }
    }
}
