package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.junit.jupiter.api.Test;

class GroupAdminTest extends ClientTest {
    private final String group = unique("group");

    private Consumer<String, String> subscriber(String topic) {
        Consumer<String, String> consumer = consumer(Map.of("group.id", group, "client.id", "subscriber"));
        consumer.subscribe(List.of(topic));
        pollUntilAssigned(List.of(consumer), 2);
        return consumer;
    }

    @Test
    void shouldDescribeAGroupAndItsMember() throws Exception {
        String topic = createTopic(2, Map.of());
        Consumer<String, String> consumer = subscriber(topic);

        ConsumerGroupDescription description =
                get(admin().describeConsumerGroups(List.of(group)).all()).get(group);

        assertEquals("range", description.partitionAssignor());
        assertEquals(1, description.members().size());
        MemberDescription member = description.members().iterator().next();
        assertEquals("subscriber", member.clientId());
        assertEquals(consumer.groupMetadata().memberId(), member.consumerId());
        assertEquals("/127.0.0.1", member.host());
        assertEquals(partitions(topic, 2), member.assignment().topicPartitions());
        assertEquals(
                bootstrapServers(),
                description.coordinator().host() + ":"
                        + description.coordinator().port());
    }

    @Test
    void shouldListAndAlterCommittedOffsets() throws Exception {
        Admin admin = admin();
        TopicPartition partition = new TopicPartition(createTopic(2, Map.of()), 1);

        get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(5)))
                .all());
        assertEquals(
                Map.of(partition, new OffsetAndMetadata(5)),
                get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()));

        get(admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all());
        assertEquals(Map.of(), get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()));
    }

    @Test
    void shouldProtectTheOffsetsOfAGroupAtWork() throws Exception {
        Admin admin = admin();
        String topic = createTopic(2, Map.of());
        Consumer<String, String> consumer = subscriber(topic);
        consumer.commitSync();
        TopicPartition partition = new TopicPartition(topic, 0);

        assertFails(
                UnknownMemberIdException.class,
                admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(5)))
                        .all());
        assertFails(
                GroupSubscribedToTopicException.class,
                admin.deleteConsumerGroupOffsets(group, Set.of(partition)).partitionResult(partition));
        assertFails(
                GroupNotEmptyException.class,
                admin.deleteConsumerGroups(List.of(group)).all());
    }

    @Test
    void shouldDeleteAGroup() throws Exception {
        Admin admin = admin();
        TopicPartition partition = new TopicPartition(createTopic(2, Map.of()), 0);
        Consumer<String, String> consumer = subscriber(partition.topic());
        consumer.commitSync();
        consumer.close();

        get(admin.deleteConsumerGroups(List.of(group)).all());

        assertEquals(Map.of(), get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()));
        assertFails(
                GroupIdNotFoundException.class,
                admin.deleteConsumerGroups(List.of(group)).all());
    }

    @Test
    void shouldForgetTheCommitsForADeletedTopic() throws Exception {
        Admin admin = admin();
        TopicPartition partition = new TopicPartition(createTopic(1, Map.of()), 0);
        get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(5)))
                .all());
        assertNotEquals(Map.of(), get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()));

        get(admin.deleteTopics(List.of(partition.topic())).all());

        Await.until("the commits are gone", () -> get(admin.listConsumerGroupOffsets(group)
                        .partitionsToOffsetAndMetadata())
                .isEmpty());
    }

    @Test
    void shouldRemoveAMember() throws Exception {
        String topic = createTopic(2, Map.of());
        subscriber(topic);
        Admin admin = admin();

        get(admin.removeMembersFromConsumerGroup(
                        group, new org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions())
                .all());

        assertTrue(get(admin.describeConsumerGroups(List.of(group)).all())
                .get(group)
                .members()
                .isEmpty());
    }
}
