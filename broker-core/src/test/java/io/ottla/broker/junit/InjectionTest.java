package io.ottla.broker.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.BrokerTopic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.KafkaAdminClient;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** What tests are given, as tests of users ask for it. */
@OttlaTest(
        config = "num.partitions=2",
        topics = {@Topic(name = "orders", partitions = 3), @Topic(name = "audit", config = "cleanup.policy=compact")})
class InjectionTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static EmbeddedBroker brokerOfAll;
    private static EmbeddedBroker brokerBefore;

    private EmbeddedBroker broker;

    @Topic(name = "from-a-field", partitions = 4)
    private BrokerTopic topic;

    @ClientConfig({"acks=1", "client.id=of-a-field"})
    private Producer<String, String> producer;

    @BootstrapServers
    private String address;

    private String topicBefore;

    /** A value that Apache Kafka has no serializer for. */
    record Order(String id) {}

    /** Its serializer. */
    public static final class OrderSerializer implements Serializer<Order> {

        @Override
        public byte[] serialize(String topicName, Order order) {
            return order.id().getBytes(StandardCharsets.UTF_8);
        }
    }

    @BeforeAll
    static void startOfAll(EmbeddedBroker given, @BootstrapServers String givenAddress) {
        brokerBefore = given;
        assertEquals(given.bootstrapServers(), givenAddress);
    }

    @BeforeEach
    void start(@Topic String unique) {
        topicBefore = unique;
    }

    @Test
    void shouldGiveTheBrokerAndItsTopics(EmbeddedBroker given, @Topic(name = "orders") BrokerTopic orders) {
        assertSame(broker, given);
        assertSame(brokerOfAll, given);
        assertSame(brokerBefore, given);
        assertEquals(3, orders.partitionCount());
        assertEquals(4, topic.partitionCount());
        assertEquals(2, given.topic(topicBefore).partitionCount());
        assertEquals(1, given.brokers().size());
    }

    @RepeatedTest(2)
    void shouldFindTopicsEmpty(@Topic String first, @Topic String second) throws Exception {
        assertNotEquals(first, second);
        assertEquals(given(first, second, topicBefore), names());
        broker.topic("orders").assertEmpty();
        producer.send(new ProducerRecord<>("orders", "key", "value")).get();
    }

    private static Set<String> given(String... more) {
        Set<String> all = new TreeSet<>(Set.of(more));
        all.addAll(Set.of("orders", "audit", "from-a-field"));
        return all;
    }

    private Set<String> names() {
        Set<String> names = new TreeSet<>();
        broker.overview().topics().forEach(each -> names.add(each.name()));
        return names;
    }

    @Test
    void shouldConnectClients(
            KafkaProducer<Integer, byte[]> integers,
            @Topic(name = "numbers") Consumer<Integer, byte[]> consumer,
            Admin admin)
            throws Exception {
        integers.send(new ProducerRecord<>("numbers", 42, new byte[] {7})).get();
        ConsumerRecords<Integer, byte[]> records = consumer.poll(LIMIT);
        ConsumerRecord<Integer, byte[]> record = records.iterator().next();
        assertEquals(42, record.key());
        assertEquals(7, record.value()[0]);
        assertTrue(admin.listTopics().names().get().contains("numbers"));
    }

    @Test
    void shouldTakeTheTypesOfTheClient(
            AdminClient admin,
            KafkaAdminClient same,
            KafkaConsumer<UUID, Void> consumer,
            Producer<Double, ? super Long> numbers)
            throws Exception {
        assertNotSame(admin, same);
        assertFalse(consumer.groupMetadata().groupId().isEmpty());
        assertEquals(1, admin.describeCluster().nodes().get().size());
        assertTrue(numbers.partitionsFor("orders").size() == 3);
    }

    @Test
    void shouldConfigureClients(
            @ClientConfig(value = "transactional.id=tx", valueSerializer = OrderSerializer.class)
                    Producer<String, Order> orders)
            throws Exception {
        orders.initTransactions();
        orders.beginTransaction();
        orders.send(new ProducerRecord<>("orders", new Order("42"))).get();
        orders.commitTransaction();
        broker.topic("orders").assertValues("42");
    }

    @Test
    void shouldGiveConfigurationsForClientsOfTheTest(
            @ClientConfig("a=b") Map<String, Object> map, @ClientConfig Properties properties) {
        assertEquals(Map.of("bootstrap.servers", address, "a", "b"), map);
        assertEquals(Map.of("bootstrap.servers", address), properties);
    }

    @Test
    @OttlaTest(config = "num.partitions=5", topics = @Topic(name = "orders", partitions = 1), brokers = 2)
    void shouldGiveATestABrokerOfItsOwn(EmbeddedBroker own) {
        assertNotSame(brokerOfAll, own);
        assertSame(own, broker);
        assertEquals(1, own.topic("orders").partitionCount());
        assertEquals(5, own.topic(topicBefore).partitionCount());
        assertTrue(own.topic("audit").exists());
        assertEquals(2, own.brokers().size());
    }

    /** Has what the class around it has. */
    @Nested
    class Inside {

        private EmbeddedBroker inner;

        @Test
        void shouldFillFieldsOfAllInstances() {
            assertSame(brokerOfAll, inner);
            assertSame(inner, broker);
            topic.assertEmpty();
        }
    }
}
