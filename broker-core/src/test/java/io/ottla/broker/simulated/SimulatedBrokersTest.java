package io.ottla.broker.simulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.SimulatedBroker;
import io.ottla.broker.admin.KafkaWire;
import io.ottla.broker.config.ConfigException;
import io.ottla.protocol.ApiException;
import java.io.IOException;
import java.net.Socket;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.PreferredLeaderNotAvailableException;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.junit.jupiter.api.Test;

/** What administrators see of three brokers, and do to them. */
class SimulatedBrokersTest extends ClusterTest {

    @Override
    protected Map<String, String> brokerConfig() {
        return Map.of(
                "ottla.brokers",
                "3",
                "ottla.racks",
                "a,b,c",
                "replica.selector.class",
                "org.apache.kafka.common.replica.RackAwareReplicaSelector");
    }

    @Test
    void shouldShowAllBrokersToClientsOfEach() throws Exception {
        assertEquals(
                List.of(1, 2, 3),
                broker().brokers().stream().map(SimulatedBroker::id).toList());
        Map<Integer, Node> nodes =
                get(client().describeCluster().nodes()).stream().collect(Collectors.toMap(Node::id, node -> node));
        assertEquals(Set.of(1, 2, 3), nodes.keySet());
        for (SimulatedBroker each : broker().brokers()) {
            assertEquals(each.port(), nodes.get(each.id()).port());
            assertEquals(each.rack(), nodes.get(each.id()).rack());
        }
        assertEquals("a", broker().broker(1).rack());
        assertEquals(
                3,
                broker().brokers().stream()
                        .map(SimulatedBroker::port)
                        .collect(Collectors.toSet())
                        .size());
        assertEquals(1, get(client().describeCluster().controller()).id());
        assertEquals(
                Set.of(2, 3),
                get(client().describeMetadataQuorum().quorumInfo()).observers().stream()
                        .map(replica -> replica.replicaId())
                        .collect(Collectors.toSet()));
        assertEquals(
                broker().bootstrapServers(),
                broker().brokers().stream()
                        .map(SimulatedBroker::bootstrapServers)
                        .collect(Collectors.joining(",")));
    }

    @Test
    void shouldSpreadLeadersAndReplicas() throws Exception {
        String name = unique("spread");
        get(client().createTopics(List.of(new NewTopic(name, 9, (short) 2))).all());
        TopicDescription description = describe(name);
        Map<Integer, Integer> leaders = new TreeMap<>();
        Map<Integer, Integer> replicas = new TreeMap<>();
        for (TopicPartitionInfo partition : description.partitions()) {
            leaders.merge(partition.leader().id(), 1, Integer::sum);
            assertEquals(ids(partition.replicas()), ids(partition.isr()));
            assertEquals(partition.leader().id(), partition.replicas().get(0).id());
            assertEquals(2, new HashSet<>(ids(partition.replicas())).size());
            ids(partition.replicas()).forEach(id -> replicas.merge(id, 1, Integer::sum));
        }
        assertEquals(Map.of(1, 3, 2, 3, 3, 3), leaders);
        assertEquals(18, replicas.values().stream().mapToInt(Integer::intValue).sum());
        assertTrue(replicas.values().stream().allMatch(count -> count >= 3), replicas::toString);
    }

    @Test
    void shouldRefuseReplicasThatCannotBe() throws Exception {
        assertFails(
                InvalidReplicationFactorException.class,
                client().createTopics(List.of(new NewTopic(unique("t"), 1, (short) 4)))
                        .all());
        assertFails(
                InvalidReplicaAssignmentException.class,
                client().createTopics(List.of(new NewTopic(unique("t"), Map.of(0, List.of(1, 4)))))
                        .all());
        assertFails(
                InvalidReplicaAssignmentException.class,
                client().createTopics(List.of(new NewTopic(unique("t"), Map.of(0, List.of(1, 1)))))
                        .all());
        String topic = createTopic(Map.of(), List.of(List.of(1, 2)));
        assertFails(
                InvalidReplicaAssignmentException.class,
                client().createPartitions(Map.of(topic, NewPartitions.increaseTo(2, List.of(List.of(3)))))
                        .all());
        get(client().createPartitions(Map.of(topic, NewPartitions.increaseTo(2, List.of(List.of(3, 1)))))
                .all());
        assertEquals("3 [3, 1] [3, 1]", state(topic, 1));
        broker().broker(3).stop();
        assertFails(
                InvalidReplicaAssignmentException.class,
                client().createTopics(List.of(new NewTopic(unique("t"), Map.of(0, List.of(3)))))
                        .all());
        assertEquals("2 [3, 2] [2]", state(createTopic(Map.of(), List.of(List.of(3, 2))), 0));
    }

    @Test
    void shouldStopAndStartABroker() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2, 3), List.of(2, 3, 1)));
        String alone = createTopic(Map.of(), List.of(List.of(2)));
        SimulatedBroker second = broker().broker(2);
        int port = second.port();
        int epoch = epoch(topic, 1);
        second.stop();
        second.stop();
        assertThrows(IOException.class, () -> new Socket("localhost", port).close());
        assertEquals(
                Set.of(1, 3),
                get(client().describeCluster().nodes()).stream().map(Node::id).collect(Collectors.toSet()));
        assertEquals("1 [1, 2, 3] [1, 3]", state(topic, 0));
        assertEquals("3 [2, 3, 1] [3, 1]", state(topic, 1));
        assertEquals("none [2] []", state(alone, 0));
        assertEquals(-1, broker().leader(alone, 0));
        assertEquals(epoch + 1, epoch(topic, 1));

        second.start();
        second.start();
        assertEquals(port, second.port());
        new Socket("localhost", port).close();
        assertEquals("1 [1, 2, 3] [1, 2, 3]", state(topic, 0));
        assertEquals("3 [2, 3, 1] [1, 2, 3]", state(topic, 1));
        assertEquals("2 [2] [2]", state(alone, 0));
    }

    private int epoch(String topic, int index) throws IOException {
        try (KafkaWire wire = new KafkaWire("localhost", broker().broker(1).port())) {
            MetadataRequestData request =
                    new MetadataRequestData().setTopics(List.of(new MetadataRequestTopic().setName(topic)));
            return ((MetadataResponseData) wire.call(request, 12))
                    .topics().find(topic).partitions().stream()
                            .filter(partition -> partition.partitionIndex() == index)
                            .findFirst()
                            .orElseThrow()
                            .leaderEpoch();
        }
    }

    @Test
    void shouldElectLeaders() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2, 3)));
        String alone = createTopic(Map.of(), List.of(List.of(2)));
        Set<TopicPartition> first = Set.of(new TopicPartition(topic, 0));
        assertFails(
                ElectionNotNeededException.class,
                client().electLeaders(ElectionType.PREFERRED, first).all());
        broker().moveLeader(topic, 0, 3);
        assertEquals("3 [1, 2, 3] [1, 2, 3]", state(topic, 0));
        get(client().electLeaders(ElectionType.PREFERRED, first).all());
        assertEquals("1 [1, 2, 3] [1, 2, 3]", state(topic, 0));
        broker().broker(1).stop();
        assertFails(
                PreferredLeaderNotAvailableException.class,
                client().electLeaders(ElectionType.PREFERRED, first).all());
        assertThrows(ApiException.class, () -> broker().moveLeader(topic, 0, 1));
        assertThrows(ApiException.class, () -> broker().moveLeader(alone, 0, 3));
        assertThrows(ApiException.class, () -> broker().moveLeader(topic, 2, 3));
        assertThrows(IllegalArgumentException.class, () -> broker().broker(4));
    }

    @Test
    void shouldLetOnlyAReplicaLeadThatWasInSyncUnlessAskedOtherwise() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2)));
        broker().broker(2).stop();
        broker().broker(1).stop();
        broker().broker(2).start();
        assertEquals("none [1, 2] []", state(topic, 0));
        get(client().electLeaders(ElectionType.UNCLEAN, Set.of(new TopicPartition(topic, 0)))
                .all());
        assertEquals("2 [1, 2] [2]", state(topic, 0));
        broker().broker(1).start();
        assertEquals("2 [1, 2] [1, 2]", state(topic, 0));
    }

    @Test
    void shouldMovePartitionsToOtherBrokers() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2)));
        TopicPartition first = new TopicPartition(topic, 0);
        move(first, 3, 2);
        assertEquals("3 [3, 2] [2, 3]", state(topic, 0));
        assertTrue(get(client().listPartitionReassignments().reassignments()).isEmpty());
        move(first, 1);
        assertEquals("1 [1] [1]", state(topic, 0));

        broker().broker(3).stop();
        move(first, 1, 3);
        assertEquals("1 [1, 3] [1]", state(topic, 0));
        assertEquals(
                Set.of(first),
                get(client().listPartitionReassignments().reassignments()).keySet());
        broker().broker(3).start();
        assertEquals("1 [1, 3] [1, 3]", state(topic, 0));
        assertTrue(get(client().listPartitionReassignments().reassignments()).isEmpty());

        broker().broker(3).stop();
        move(first, 3);
        assertEquals("1 [3, 1] [1]", state(topic, 0));
        get(client().alterPartitionReassignments(Map.of(first, Optional.empty()))
                .all());
        assertEquals("1 [3, 1] [1]", state(topic, 0));
        assertTrue(get(client().listPartitionReassignments().reassignments()).isEmpty());
    }

    private void move(TopicPartition partition, Integer... replicas) throws Exception {
        get(client().alterPartitionReassignments(
                        Map.of(partition, Optional.of(new NewPartitionReassignment(List.of(replicas)))))
                .all());
    }

    @Test
    void shouldShowEachBrokerItsOwnLogsAndConfiguration() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2), List.of(2, 3)));
        Map<Integer, Set<TopicPartition>> logs = new HashMap<>();
        for (Map.Entry<Integer, Map<String, LogDirDescription>> entry : get(client().describeLogDirs(List.of(1, 2, 3))
                        .allDescriptions())
                .entrySet()) {
            logs.put(
                    entry.getKey(),
                    entry.getValue().values().iterator().next().replicaInfos().keySet());
        }
        assertEquals(partitions(topic, 1), logs.get(1));
        assertEquals(partitions(topic, 2), logs.get(2));
        assertEquals(Set.of(new TopicPartition(topic, 1)), logs.get(3));
        for (SimulatedBroker each : broker().brokers()) {
            ConfigResource resource = new ConfigResource(ConfigResource.Type.BROKER, Integer.toString(each.id()));
            var config = get(client().describeConfigs(List.of(resource)).all()).get(resource);
            assertEquals(Integer.toString(each.id()), config.get("node.id").value());
            assertEquals(each.rack(), config.get("broker.rack").value());
        }
    }

    /** In the words of the protocol, since a consumer would find the records at the leader, too. */
    @Test
    void shouldSendAConsumerToAReplicaInItsRack() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2)));
        sendNumbers(topic, 0, 5);
        assertEquals(2, preferredReplica(1, topic, "b", 11));
        assertEquals(-1, preferredReplica(1, topic, "a", 11));
        assertEquals(-1, preferredReplica(1, topic, "c", 11));
        assertEquals(-1, preferredReplica(1, topic, "", 11));
        assertEquals(-1, preferredReplica(2, topic, "b", 12));
        broker().broker(2).stop();
        assertEquals(-1, preferredReplica(1, topic, "b", 12));
        broker().broker(2).start();
        Consumer<String, String> consumer = consumer(Map.of("client.rack", "b"));
        consumer.assign(partitions(topic, 1));
        consumer.seekToBeginning(partitions(topic, 1));
        assertEquals(5, poll(consumer, 5).size());
        broker().broker(2).stop();
        sendNumbers(topic, 5, 5);
        assertEquals(5, poll(consumer, 5).size());
    }

    private int preferredReplica(int brokerId, String topic, String rack, int version) throws IOException {
        try (KafkaWire wire =
                new KafkaWire("localhost", broker().broker(brokerId).port())) {
            FetchRequestData request = new FetchRequestData()
                    .setMaxBytes(1000)
                    .setMinBytes(1)
                    .setRackId(rack)
                    .setTopics(List.of(new FetchTopic()
                            .setTopic(topic)
                            .setPartitions(List.of(new FetchPartition().setPartitionMaxBytes(1000)))));
            FetchResponseData.PartitionData answer = ((FetchResponseData) wire.call(request, version))
                    .responses()
                    .get(0)
                    .partitions()
                    .get(0);
            assertEquals(0, answer.errorCode());
            assertEquals(answer.preferredReadReplica() < 0, answer.records().sizeInBytes() > 0);
            return answer.preferredReadReplica();
        }
    }

    @Test
    void shouldForgetAStoppedBrokerAndTakeItBack() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 3)));
        broker().broker(3).stop();
        get(client().unregisterBroker(3).all());
        assertEquals("1 [1, 3] [1]", state(topic, 0));
        assertFails(
                InvalidReplicationFactorException.class,
                client().createTopics(List.of(new NewTopic(unique("t"), 1, (short) 3)))
                        .all());
        broker().broker(3).start();
        assertEquals("1 [1, 3] [1, 3]", state(topic, 0));
    }

    @Test
    void shouldHaveInternalTopicsOnAllBrokers() throws Exception {
        consumer(Map.of("group.id", unique("group"))).committed(partitions("none", 1));
        producer(Map.of("transactional.id", unique("id"))).initTransactions();
        for (String topic : List.of("__consumer_offsets", "__transaction_state")) {
            assertEquals(3, partition(topic, 0).replicas().size(), topic);
            assertEquals(3, partition(topic, 0).isr().size(), topic);
        }
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, "__transaction_state");
        assertEquals(
                "2",
                get(client().describeConfigs(List.of(resource)).all())
                        .get(resource)
                        .get("min.insync.replicas")
                        .value());
    }

    @Test
    void shouldKeepGivenPortsApart() {
        assertThrows(
                ConfigException.class,
                () -> EmbeddedBroker.builder().brokers(2).port(65_535).start());
        assertThrows(
                ConfigException.class, () -> EmbeddedBroker.builder().brokers(0).start());
    }
}
