package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.clients.ClientTest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidUpdateVersionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.junit.jupiter.api.Test;

class FeaturesTest extends ClientTest {

    private void update(Admin admin, String feature, int level, UpgradeType type) throws Exception {
        get(admin.updateFeatures(Map.of(feature, new FeatureUpdate((short) level, type)), new UpdateFeaturesOptions())
                .all());
    }

    private static FinalizedVersionRange finalized(Admin admin, String feature) throws Exception {
        return get(admin.describeFeatures().featureMetadata())
                .finalizedFeatures()
                .get(feature);
    }

    @Test
    void shouldChangeLevelsAsApacheKafkaDoes() throws Exception {
        Admin admin = admin();
        assertEquals(new FinalizedVersionRange((short) 2, (short) 2), finalized(admin, "transaction.version"));
        assertNull(finalized(admin, "share.version"));
        Exception refused = assertThrows(
                ExecutionException.class, () -> update(admin, "transaction.version", 1, UpgradeType.UPGRADE));
        assertInstanceOf(InvalidUpdateVersionException.class, refused.getCause());
        assertEquals(
                "The update failed for all features since the following feature had an error: Invalid update version 1 for"
                        + " feature transaction.version. Can't downgrade the version of this feature without setting the"
                        + " upgrade type to either safe or unsafe downgrade.",
                refused.getCause().getMessage());
        get(admin.updateFeatures(
                        Map.of("transaction.version", new FeatureUpdate((short) 1, UpgradeType.SAFE_DOWNGRADE)),
                        new UpdateFeaturesOptions().validateOnly(true))
                .all());
        assertEquals(2, finalized(admin, "transaction.version").maxVersionLevel());
        update(admin, "transaction.version", 0, UpgradeType.SAFE_DOWNGRADE);
        assertNull(finalized(admin, "transaction.version"));
        update(admin, "transaction.version", 2, UpgradeType.UPGRADE);
        assertEquals(2, finalized(admin, "transaction.version").maxVersionLevel());
        for (Map.Entry<String, Integer> each :
                Map.of("nope", 1, "metadata.version", 29, "share.version", 1).entrySet()) {
            assertThrows(
                    ExecutionException.class,
                    () -> update(
                            admin,
                            each.getKey(),
                            each.getValue(),
                            each.getValue() == 29 ? UpgradeType.UNSAFE_DOWNGRADE : UpgradeType.UPGRADE));
        }
    }

    @Test
    void shouldServeTheOldGenerationOfTransactionsToClients() throws Exception {
        update(admin(), "transaction.version", 1, UpgradeType.SAFE_DOWNGRADE);
        String topic = createTopic(1, Map.of());
        Producer<String, String> producer = producer(Map.of("transactional.id", unique("old")));
        producer.initTransactions();
        for (int i = 0; i < 4; i++) {
            producer.beginTransaction();
            send(producer, List.of(new ProducerRecord<>(topic, "value-" + i)));
            if (i % 2 == 0) {
                producer.commitTransaction();
            } else {
                producer.abortTransaction();
            }
        }
        TopicPartition partition = new TopicPartition(topic, 0);
        int epoch = get(admin().describeProducers(List.of(partition)).partitionResult(partition))
                .activeProducers()
                .get(0)
                .producerEpoch();
        assertEquals(0, epoch, "the old generation keeps its epoch");
        Consumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"));
        consumer.assign(List.of(partition));
        assertEquals(List.of("value-0", "value-2"), values(poll(consumer, 2)));
    }

    @Test
    void shouldServeNoConsumerProtocolWithoutItsFeature() throws Exception {
        update(admin(), "group.version", 0, UpgradeType.UNSAFE_DOWNGRADE);
        String topic = createTopic(1, Map.of());
        Consumer<String, String> consumer = consumer(Map.of("group.id", unique("group"), "group.protocol", "consumer"));
        consumer.subscribe(List.of(topic));
        RuntimeException refused = assertThrows(RuntimeException.class, () -> {
            for (int i = 0; i < 300; i++) {
                consumer.poll(Duration.ofMillis(100));
            }
        });
        assertTrue(refused instanceof UnsupportedVersionException, refused::toString);
    }
}
