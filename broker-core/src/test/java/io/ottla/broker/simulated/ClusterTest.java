package io.ottla.broker.simulated;

import io.ottla.broker.clients.ClientTest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.BeforeEach;

/** Three simulated brokers, 1, 2 and 3, and Kafka clients. */
abstract class ClusterTest extends ClientTest {

    private Admin admin;

    @Override
    protected Map<String, String> brokerConfig() {
        return Map.of("ottla.brokers", "3");
    }

    @BeforeEach
    void openAdmin() {
        admin = admin();
    }

    /** A topic with replicas as chosen, the leaders first; returns its name. */
    final String createTopic(Map<String, String> config, List<List<Integer>> replicas) throws Exception {
        String name = unique("topic");
        Map<Integer, List<Integer>> assignment = new HashMap<>();
        replicas.forEach(ids -> assignment.put(assignment.size(), ids));
        get(admin.createTopics(List.of(new NewTopic(name, assignment).configs(config)))
                .all());
        return name;
    }

    final TopicPartitionInfo partition(String topic, int index) throws Exception {
        return describe(topic).partitions().get(index);
    }

    final TopicDescription describe(String topic) throws Exception {
        return get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
    }

    /** {@code leader [replicas] [in sync]} of a partition. */
    final String state(String topic, int index) throws Exception {
        TopicPartitionInfo info = partition(topic, index);
        Node leader = info.leader();
        return (leader == null || leader.isEmpty() ? "none" : leader.idString()) + " " + ids(info.replicas()) + " "
                + ids(info.isr());
    }

    static List<Integer> ids(List<Node> nodes) {
        return nodes.stream().map(Node::id).collect(Collectors.toList());
    }

    final Admin client() {
        return admin;
    }
}
