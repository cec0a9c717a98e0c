package io.ottla.broker.simulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.SimulatedBroker;
import io.ottla.broker.admin.KafkaWire;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/** What a broker answers that is not the one to be asked, in the words of the protocol. */
class WrongBrokerTest extends ClusterTest {

    private static final short NOT_LEADER = Errors.NOT_LEADER_OR_FOLLOWER.code();

    /** Led by broker 1, followed by 2; broker 3 has nothing of it. */
    private String topic;

    private Uuid topicId;

    private void makeTopic() throws Exception {
        topic = createTopic(Map.of(), List.of(List.of(1, 2)));
        topicId = describe(topic).topicId();
    }

    private <T extends ApiMessage> T ask(Class<T> type, int brokerId, ApiMessage request, int version)
            throws IOException {
        try (KafkaWire wire =
                new KafkaWire("localhost", broker().broker(brokerId).port())) {
            return type.cast(wire.call(request, version));
        }
    }

    private ProduceResponseData produce(int brokerId, int version) throws IOException {
        MemoryRecords records = MemoryRecords.withRecords(
                Compression.NONE, new SimpleRecord(1_767_225_600_000L, new byte[] {1}, new byte[] {2}));
        TopicProduceData data = new TopicProduceData()
                .setPartitionData(List.of(new PartitionProduceData().setIndex(0).setRecords(records)));
        if (version >= 13) {
            data.setTopicId(topicId);
        } else {
            data.setName(topic);
        }
        ProduceRequestData request =
                new ProduceRequestData().setAcks((short) -1).setTimeoutMs(1000);
        request.topicData().add(data);
        return ask(ProduceResponseData.class, brokerId, request, version);
    }

    private static ProduceResponseData.PartitionProduceResponse only(ProduceResponseData response) {
        return response.responses().iterator().next().partitionResponses().get(0);
    }

    @Test
    void shouldNameTheLeaderToAProducer() throws Exception {
        makeTopic();
        for (int brokerId : List.of(2, 3)) {
            for (int version : List.of(9, 10, 13)) {
                ProduceResponseData response = produce(brokerId, version);
                assertEquals(NOT_LEADER, only(response).errorCode());
                assertEquals(
                        version < 10 ? -1 : 1, only(response).currentLeader().leaderId());
                assertEquals(version < 10 ? 0 : 1, response.nodeEndpoints().size());
                if (version >= 10) {
                    assertEquals(0, only(response).currentLeader().leaderEpoch());
                    var endpoint = response.nodeEndpoints().find(1);
                    assertEquals(broker().broker(1).port(), endpoint.port());
                    assertEquals("localhost", endpoint.host());
                }
            }
        }
        assertEquals(0, only(produce(1, 13)).errorCode());
        broker().moveLeader(topic, 0, 2);
        assertEquals(2, only(produce(1, 13)).currentLeader().leaderId());
        assertEquals(1, only(produce(1, 13)).currentLeader().leaderEpoch());
        assertEquals(0, only(produce(2, 13)).errorCode());
    }

    private FetchResponseData fetch(int brokerId, int version, int leaderEpoch) throws IOException {
        FetchTopic data = new FetchTopic()
                .setPartitions(List.of(new FetchPartition()
                        .setPartition(0)
                        .setCurrentLeaderEpoch(leaderEpoch)
                        .setPartitionMaxBytes(1000)));
        if (version >= 13) {
            data.setTopicId(topicId);
        } else {
            data.setTopic(topic);
        }
        FetchRequestData request =
                new FetchRequestData().setMaxBytes(1000).setMinBytes(1).setTopics(List.of(data));
        return ask(FetchResponseData.class, brokerId, request, version);
    }

    private static FetchResponseData.PartitionData only(FetchResponseData response) {
        return response.responses().get(0).partitions().get(0);
    }

    @Test
    void shouldNameTheLeaderToAConsumer() throws Exception {
        makeTopic();
        produce(1, 13);
        for (int version : List.of(9, 12, 16)) {
            FetchResponseData response = fetch(3, version, -1);
            assertEquals(NOT_LEADER, only(response).errorCode());
            assertEquals(version < 16 ? 0 : 1, response.nodeEndpoints().size());
            assertEquals(version < 16 ? -1 : 1, only(response).currentLeader().leaderId());
        }
        broker().moveLeader(topic, 0, 2);
        FetchResponseData fenced = fetch(1, 16, 0);
        assertEquals(Errors.FENCED_LEADER_EPOCH.code(), only(fenced).errorCode());
        assertEquals(2, only(fenced).currentLeader().leaderId());
        assertEquals(broker().broker(2).port(), fenced.nodeEndpoints().find(2).port());
    }

    @Test
    void shouldReadFromAFollowerOnceConsumersMay() throws Exception {
        makeTopic();
        produce(1, 13);
        assertEquals(NOT_LEADER, only(fetch(2, 10, -1)).errorCode());
        for (int version : List.of(11, 16)) {
            assertEquals(0, only(fetch(2, version, -1)).errorCode());
            assertTrue(only(fetch(2, version, -1)).records().sizeInBytes() > 0);
        }
    }

    @Test
    void shouldSendOffsetRequestsToTheLeader() throws Exception {
        makeTopic();
        for (int brokerId : List.of(1, 2, 3)) {
            short expected = brokerId == 1 ? 0 : NOT_LEADER;
            ListOffsetsResponseData offsets = ask(
                    ListOffsetsResponseData.class,
                    brokerId,
                    new ListOffsetsRequestData()
                            .setReplicaId(-1)
                            .setTopics(List.of(new ListOffsetsTopic()
                                    .setName(topic)
                                    .setPartitions(List.of(new ListOffsetsPartition().setTimestamp(-1L))))),
                    7);
            assertEquals(expected, offsets.topics().get(0).partitions().get(0).errorCode());
            OffsetForLeaderEpochRequestData epochs = new OffsetForLeaderEpochRequestData().setReplicaId(-1);
            epochs.topics()
                    .add(new OffsetForLeaderTopic()
                            .setTopic(topic)
                            .setPartitions(List.of(new OffsetForLeaderPartition().setLeaderEpoch(0))));
            OffsetForLeaderEpochResponseData ends = ask(OffsetForLeaderEpochResponseData.class, brokerId, epochs, 4);
            assertEquals(
                    expected,
                    ends.topics().iterator().next().partitions().get(0).errorCode());
            DeleteRecordsResponseData deleted = ask(
                    DeleteRecordsResponseData.class,
                    brokerId,
                    new DeleteRecordsRequestData()
                            .setTimeoutMs(1000)
                            .setTopics(List.of(new DeleteRecordsTopic()
                                    .setName(topic)
                                    .setPartitions(List.of(new DeleteRecordsPartition().setOffset(0L))))),
                    2);
            assertEquals(
                    expected,
                    deleted.topics()
                            .iterator()
                            .next()
                            .partitions()
                            .iterator()
                            .next()
                            .errorCode());
        }
    }

    private int coordinator(byte keyType, String key) throws IOException {
        FindCoordinatorResponseData found = ask(
                FindCoordinatorResponseData.class,
                2,
                new FindCoordinatorRequestData().setKeyType(keyType).setCoordinatorKeys(List.of(key)),
                4);
        var coordinator = found.coordinators().get(0);
        assertEquals(0, coordinator.errorCode());
        assertEquals(broker().broker(coordinator.nodeId()).port(), coordinator.port());
        return coordinator.nodeId();
    }

    @Test
    void shouldSendRequestsOfAGroupToItsCoordinator() throws Exception {
        String group = unique("group");
        int coordinator = coordinator((byte) 0, group);
        makeTopic();
        try (Consumer<String, String> consumer = newConsumer(Map.of("group.id", group))) {
            consumer.subscribe(List.of(topic));
            pollUntilAssigned(List.of(consumer), 1);
            consumer.commitSync();
        }
        for (SimulatedBroker each : broker().brokers()) {
            boolean right = each.id() == coordinator;
            HeartbeatResponseData heartbeat = ask(
                    HeartbeatResponseData.class,
                    each.id(),
                    new HeartbeatRequestData().setGroupId(group).setMemberId("nobody"),
                    4);
            assertEquals((right ? Errors.UNKNOWN_MEMBER_ID : Errors.NOT_COORDINATOR).code(), heartbeat.errorCode());
            DescribeGroupsResponseData described = ask(
                    DescribeGroupsResponseData.class,
                    each.id(),
                    new DescribeGroupsRequestData().setGroups(List.of(group)),
                    5);
            assertEquals(
                    (right ? Errors.NONE : Errors.NOT_COORDINATOR).code(),
                    described.groups().get(0).errorCode());
            ListGroupsResponseData listed =
                    ask(ListGroupsResponseData.class, each.id(), new ListGroupsRequestData(), 5);
            assertEquals(
                    right ? 1 : 0,
                    listed.groups().stream()
                            .filter(one -> one.groupId().equals(group))
                            .count());
        }
    }

    @Test
    void shouldSendRequestsOfATransactionalIdToItsCoordinator() throws Exception {
        String id = unique("id");
        int coordinator = coordinator((byte) 1, id);
        for (SimulatedBroker each : broker().brokers()) {
            InitProducerIdResponseData answer = ask(
                    InitProducerIdResponseData.class,
                    each.id(),
                    new InitProducerIdRequestData().setTransactionalId(id).setTransactionTimeoutMs(1000),
                    4);
            assertEquals((each.id() == coordinator ? Errors.NONE : Errors.NOT_COORDINATOR).code(), answer.errorCode());
        }
    }

    /** All that is about a group or a transactional id, in a version of each. */
    private Map<ApiMessage, Integer> requestsToCoordinators() {
        Map<ApiMessage, Integer> requests = new LinkedHashMap<>();
        requests.put(new JoinGroupRequestData().setGroupId("g").setSessionTimeoutMs(10_000), 9);
        requests.put(
                new SyncGroupRequestData()
                        .setGroupId("g")
                        .setProtocolType("consumer")
                        .setProtocolName("range"),
                5);
        requests.put(new HeartbeatRequestData().setGroupId("g"), 4);
        requests.put(new LeaveGroupRequestData().setGroupId("g").setMembers(List.of(new MemberIdentity())), 5);
        requests.put(new ConsumerGroupHeartbeatRequestData().setGroupId("g").setMemberId("m"), 1);
        requests.put(new DescribeGroupsRequestData().setGroups(List.of("g")), 5);
        requests.put(new ConsumerGroupDescribeRequestData().setGroupIds(List.of("g")), 1);
        requests.put(new DeleteGroupsRequestData().setGroupsNames(List.of("g")), 2);
        requests.put(new OffsetFetchRequestData().setGroups(List.of(new OffsetFetchRequestGroup().setGroupId("g"))), 9);
        requests.put(
                new OffsetCommitRequestData()
                        .setGroupId("g")
                        .setTopics(List.of(new OffsetCommitRequestTopic()
                                .setName(topic)
                                .setPartitions(List.of(new OffsetCommitRequestPartition())))),
                8);
        requests.put(offsetDeletion(), 0);
        requests.put(
                new TxnOffsetCommitRequestData()
                        .setGroupId("g")
                        .setTransactionalId("t")
                        .setTopics(List.of(new TxnOffsetCommitRequestTopic()
                                .setName(topic)
                                .setPartitions(List.of(new TxnOffsetCommitRequestPartition())))),
                4);
        requests.put(new AddOffsetsToTxnRequestData().setGroupId("g").setTransactionalId("t"), 4);
        requests.put(new InitProducerIdRequestData().setTransactionalId("t").setTransactionTimeoutMs(1000), 4);
        AddPartitionsToTxnTopicCollection partitions = new AddPartitionsToTxnTopicCollection();
        partitions.add(new AddPartitionsToTxnTopic().setName(topic).setPartitions(List.of(0)));
        requests.put(
                new AddPartitionsToTxnRequestData()
                        .setV3AndBelowTransactionalId("t")
                        .setV3AndBelowTopics(partitions),
                3);
        requests.put(new EndTxnRequestData().setTransactionalId("t"), 4);
        requests.put(new DescribeTransactionsRequestData().setTransactionalIds(List.of("t")), 0);
        return requests;
    }

    private OffsetDeleteRequestData offsetDeletion() {
        OffsetDeleteRequestData deletion = new OffsetDeleteRequestData().setGroupId("g");
        deletion.topics()
                .add(new OffsetDeleteRequestTopic()
                        .setName(topic)
                        .setPartitions(List.of(new OffsetDeleteRequestPartition())));
        return deletion;
    }

    private Set<String> topics() throws Exception {
        return get(
                client().listTopics(new ListTopicsOptions().listInternal(true)).names());
    }

    @Test
    void shouldMakeNoTopicBeforeSomebodyLooksForTheCoordinator() throws Exception {
        makeTopic();
        for (SimulatedBroker each : broker().brokers()) {
            for (Map.Entry<ApiMessage, Integer> request :
                    requestsToCoordinators().entrySet()) {
                ApiMessage answer = ask(ApiMessage.class, each.id(), request.getKey(), request.getValue());
                assertTrue(
                        answer.toString().contains("rrorCode=" + Errors.NOT_COORDINATOR.code()),
                        () -> each + " to " + request.getKey() + ": " + answer);
            }
        }
        assertEquals(Set.of(topic), topics());
        coordinator((byte) 0, "g");
        assertEquals(Set.of(topic, "__consumer_offsets"), topics());
    }

    @Test
    void shouldSpreadCoordinators() throws Exception {
        Set<Integer> found = new HashSet<>();
        for (int i = 0; i < 30; i++) {
            found.add(coordinator((byte) 0, "group-" + i));
        }
        assertEquals(Set.of(1, 2, 3), found);
        broker().broker(2).stop();
        broker().broker(3).stop();
        FindCoordinatorResponseData all = ask(
                FindCoordinatorResponseData.class,
                1,
                new FindCoordinatorRequestData().setKeyType((byte) 0).setCoordinatorKeys(List.of("a", "b", "c")),
                4);
        all.coordinators().forEach(each -> assertEquals(1, each.nodeId()));
    }
}
