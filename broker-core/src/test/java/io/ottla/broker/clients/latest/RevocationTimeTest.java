package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.clients.Await;
import io.ottla.broker.clients.ClientTest;
import io.ottla.protocol.ApiKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * How long a member of the consumer protocol may take to give up partitions (KIP-848): its rebalance time-out, by the broker's clock. A
 * consumer that does not poll sends heartbeats all the same, so that it is not its session that ends.
 */
class RevocationTimeTest extends ClientTest {

    private static final String GROUP = "billing";

    /** What the consumers say as their rebalance time-out; by their own clock this test does not take nearly as long. */
    private static final int REBALANCE_TIMEOUT_MS = 300_000;

    private static final Duration REBALANCE_TIMEOUT = Duration.ofMillis(REBALANCE_TIMEOUT_MS);

    private final List<Collection<TopicPartition>> lost = new ArrayList<>();
    private Admin admin;
    private String topic;
    private Consumer<String, String> slow;
    private Consumer<String, String> quick;

    @Override
    protected Map<String, String> brokerConfig() {
        String sessionTimeoutMs = Long.toString(Duration.ofHours(1).toMillis());
        return Map.of(
                "group.consumer.max.session.timeout.ms", sessionTimeoutMs,
                "group.consumer.session.timeout.ms", sessionTimeoutMs);
    }

    /** Leaves {@link #slow} with all four partitions, two of which it is to give up for {@link #quick}. */
    @BeforeEach
    void ask() throws Exception {
        broker().journal().start();
        admin = admin();
        topic = createTopic(4, Map.of());
        slow = join("slow");
        pollUntilAssigned(List.of(slow), 4);
        // Otherwise it asks the broker for them when that no longer knows it, and its poll fails.
        slow.assignment().forEach(slow::position);
        quick = join("quick");
        Await.until("the slow one is to have two", () -> {
            quick.poll(Duration.ofMillis(20));
            return group().members().stream()
                    .map(member -> member.targetAssignment().orElseThrow())
                    .allMatch(target -> target.topicPartitions().size() == 2);
        });
        // It is told so at its next heartbeat.
        long mark = broker().journal().mark();
        Await.until("it is asked", () -> heartbeatsOf("slow", mark) >= 2);
        assertEquals(partitions(topic, 4), slow.assignment());
    }

    private Consumer<String, String> join(String clientId) {
        Consumer<String, String> consumer = consumer(Map.of(
                "group.protocol", "consumer",
                "group.id", GROUP,
                "client.id", clientId,
                "max.poll.interval.ms", REBALANCE_TIMEOUT_MS));
        consumer.subscribe(Set.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

            @Override
            public void onPartitionsLost(Collection<TopicPartition> partitions) {
                lost.add(Set.copyOf(partitions));
            }
        });
        return consumer;
    }

    private ConsumerGroupDescription group() throws Exception {
        return get(admin.describeConsumerGroups(List.of(GROUP)).all()).get(GROUP);
    }

    private long heartbeatsOf(String clientId, long since) {
        return broker().journal()
                .query()
                .since(since)
                .answers()
                .client(clientId)
                .api(ApiKey.CONSUMER_GROUP_HEARTBEAT)
                .count();
    }

    @Test
    void shouldFenceAMemberThatDoesNotGiveUpPartitionsInTime() throws Exception {
        broker().clock().advance(REBALANCE_TIMEOUT.minusMinutes(1));
        assertEquals(2, group().members().size());
        quick.poll(Duration.ofMillis(200));
        assertEquals(Set.of(), quick.assignment());

        broker().clock().advance(Duration.ofMinutes(1));
        assertEquals(1, group().members().size());
        pollUntilAssigned(List.of(quick), 4);

        // It learns of that at its next poll, and is taken in again.
        pollUntilAssigned(List.of(slow, quick), 2, 2);
        assertEquals(1, lost.size(), lost::toString);
    }

    @Test
    void shouldKeepAMemberThatGivesThemUpInTime() throws Exception {
        broker().clock().advance(REBALANCE_TIMEOUT.minusMinutes(1));
        pollUntilAssigned(List.of(slow, quick), 2, 2);
        broker().await().groupStable(GROUP, 2);
        List<String> members = memberIds();
        broker().clock().advance(REBALANCE_TIMEOUT.plusMinutes(1));
        assertEquals(members, memberIds());
        pollUntilAssigned(List.of(slow, quick), 2, 2);
        assertEquals(List.of(), lost);
    }

    private List<String> memberIds() throws Exception {
        return group().members().stream()
                .map(MemberDescription::consumerId)
                .sorted()
                .collect(Collectors.toList());
    }
}
