package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.clients.ClientTest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;

/** What the administration client has learnt since 2.8. */
class LatestAdminTest extends ClientTest {

    @Test
    void shouldDescribeTopicsByNameAndById() throws Exception {
        Admin admin = admin();
        String topic = createTopic(3, Map.of());

        TopicDescription byName =
                get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);

        assertEquals(3, byName.partitions().size());
        assertNotEquals(Uuid.ZERO_UUID, byName.topicId());
        assertFalse(byName.isInternal());
        byName.partitions().forEach(partition -> {
            assertEquals(List.of(partition.leader()), partition.replicas());
            assertEquals(List.of(partition.leader()), partition.isr());
        });
        TopicDescription byId = get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(byName.topicId())))
                        .allTopicIds())
                .get(byName.topicId());
        assertEquals(topic, byId.name());
        assertFails(
                UnknownTopicOrPartitionException.class,
                admin.describeTopics(List.of(unique("unknown"))).allTopicNames());
        assertFails(
                UnknownTopicIdException.class,
                admin.describeTopics(TopicCollection.ofTopicIds(List.of(Uuid.randomUuid())))
                        .allTopicIds());
    }

    @Test
    void shouldDescribeManyTopicsInPages() throws Exception {
        Admin admin = admin();
        List<NewTopic> topics = IntStream.range(0, 30)
                .mapToObj(i -> new NewTopic(unique("many"), 5, (short) 1))
                .collect(Collectors.toList());
        get(admin.createTopics(topics).all());
        Set<String> names = topics.stream().map(NewTopic::name).collect(Collectors.toSet());

        Map<String, TopicDescription> described = get(admin.describeTopics(
                        names,
                        new org.apache.kafka.clients.admin.DescribeTopicsOptions().partitionSizeLimitPerResponse(7))
                .allTopicNames());

        assertEquals(names, described.keySet());
        described.values().forEach(topic -> assertEquals(5, topic.partitions().size()));
    }

    @Test
    void shouldGiveATopicANewIdWhenItIsMadeAgain() throws Exception {
        Admin admin = admin();
        String topic = createTopic(1, Map.of());
        Uuid before = get(admin.describeTopics(List.of(topic)).allTopicNames())
                .get(topic)
                .topicId();
        sendNumbers(topic, 0, 2);

        get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(before))).all());
        get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all());

        assertNotEquals(
                before,
                get(admin.describeTopics(List.of(topic)).allTopicNames())
                        .get(topic)
                        .topicId());
        Consumer<String, String> consumer = consumer(Map.of());
        assertEquals(
                Map.of(new TopicPartition(topic, 0), 0L), consumer.endOffsets(List.of(new TopicPartition(topic, 0))));
    }

    @Test
    void shouldFindTheNewestAndTheEarliestLocalRecord() throws Exception {
        Admin admin = admin();
        String topic = createTopic(1, Map.of("retention.ms", "-1"));
        TopicPartition partition = new TopicPartition(topic, 0);
        send(
                producer(Map.of()),
                List.of(
                        new ProducerRecord<>(topic, 0, 2_000L, null, "newest"),
                        new ProducerRecord<>(topic, 0, 1_000L, null, "older")));

        assertEquals(0, offset(admin, partition, OffsetSpec.maxTimestamp()));
        assertEquals(0, offset(admin, partition, OffsetSpec.earliestLocal()));
    }

    private static long offset(Admin admin, TopicPartition partition, OffsetSpec spec) throws Exception {
        return get(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition))
                .offset();
    }

    @Test
    void shouldListGroupsWithTypeAndState() throws Exception {
        Admin admin = admin();
        String topic = createTopic(1, Map.of());
        String group = unique("group");
        Consumer<String, String> consumer = consumer(Map.of("group.id", group));
        consumer.subscribe(List.of(topic));
        pollUntilAssigned(List.of(consumer), 1);
        assertEquals(Optional.of(GroupState.STABLE), listing(admin, group).groupState());
        consumer.close();

        GroupListing listing = listing(admin, group);

        assertEquals(Optional.of(GroupState.EMPTY), listing.groupState());
        assertEquals(Optional.of(GroupType.CLASSIC), listing.type());
        assertEquals("consumer", listing.protocol());
        assertTrue(
                get(admin.listGroups(new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE)))
                                .all())
                        .stream()
                        .noneMatch(other -> other.groupId().equals(group)));
    }

    private static GroupListing listing(Admin admin, String group) throws Exception {
        return get(admin.listGroups().all()).stream()
                .filter(listing -> listing.groupId().equals(group))
                .findAny()
                .orElseThrow();
    }

    @Test
    void shouldDescribeTheConfigurationOfTheBroker() throws Exception {
        Admin admin = admin();
        String id = Integer.toString(get(admin.describeCluster().controller()).id());
        ConfigResource resource = new ConfigResource(ConfigResource.Type.BROKER, id);

        ConfigEntry entry = get(admin.describeConfigs(List.of(resource)).all())
                .get(resource)
                .get("num.partitions");

        assertEquals("1", entry.value());
        assertEquals(ConfigEntry.ConfigType.INT, entry.type());
    }
}
