package io.ottla.broker.testing.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.AddPartitionsToTxnRequest;
import io.ottla.protocol.message.AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction;
import io.ottla.protocol.message.AlterConfigsRequest;
import io.ottla.protocol.message.AlterConfigsRequest.AlterConfigsResource;
import io.ottla.protocol.message.DeleteTopicsRequest;
import io.ottla.protocol.message.DescribeClusterRequest;
import io.ottla.protocol.message.DescribeGroupsRequest;
import io.ottla.protocol.message.DescribeGroupsResponse;
import io.ottla.protocol.message.DescribeGroupsResponse.DescribedGroup;
import io.ottla.protocol.message.FindCoordinatorRequest;
import io.ottla.protocol.message.ListOffsetsRequest;
import io.ottla.protocol.message.ListOffsetsRequest.ListOffsetsPartition;
import io.ottla.protocol.message.ListOffsetsRequest.ListOffsetsTopic;
import io.ottla.protocol.message.ListOffsetsResponse;
import io.ottla.protocol.message.ListOffsetsResponse.ListOffsetsPartitionResponse;
import io.ottla.protocol.message.ListOffsetsResponse.ListOffsetsTopicResponse;
import io.ottla.protocol.message.OffsetFetchRequest;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import io.ottla.protocol.message.OffsetFetchResponse;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopics;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceRequest.PartitionProduceData;
import io.ottla.protocol.message.ProduceRequest.TopicProduceData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PartsTest {

    private static final Uuid KNOWN_ID = new Uuid(1, 2);
    private static final Uuid OTHER_ID = new Uuid(3, 4);

    private final Parts parts = new Parts(id -> id.equals(KNOWN_ID) ? "orders" : null);

    private List<String> names(ApiMessage message) {
        return parts.of(message).stream().map(Part::toString).collect(Collectors.toList());
    }

    private static ListOffsetsTopic topic(String name, Integer... partitions) {
        return new ListOffsetsTopic()
                .name(name)
                .partitions(Arrays.stream(partitions)
                        .map(partition -> new ListOffsetsPartition().partitionIndex(partition))
                        .collect(Collectors.toCollection(ArrayList::new)));
    }

    @Test
    void shouldFindTopicsAndPartitionsByNameAndById() {
        assertEquals(
                List.of("a-0", "a-2", "b-1"),
                names(new ListOffsetsRequest().topics(List.of(topic("a", 0, 2), topic("b", 1)))));
        PartitionProduceData data = new PartitionProduceData().index(7);
        assertEquals(
                List.of("orders-7", OTHER_ID + "-7"),
                names(new ProduceRequest()
                        .topicData(List.of(
                                new TopicProduceData().topicId(KNOWN_ID).partitionData(List.of(data)),
                                new TopicProduceData().topicId(OTHER_ID).partitionData(List.of(data))))));
        assertEquals(List.of("x", "y"), names(new DeleteTopicsRequest().topicNames(List.of("x", "y"))));
        assertEquals(List.of(), names(new DescribeGroupsRequest().groups(List.of("no topic"))));
    }

    @Test
    void shouldTellTopicsFromOtherResources() {
        AlterConfigsRequest request = new AlterConfigsRequest()
                .resources(List.of(
                        new AlterConfigsResource().resourceType((byte) 2).resourceName("orders"),
                        new AlterConfigsResource().resourceType((byte) 4).resourceName("1")));
        assertEquals(List.of("orders"), names(request));
        AlterConfigsRequest taken =
                parts.takeOut(request, choice(part -> part.topic().equals("orders")));
        assertEquals(List.of("orders"), names(taken));
        assertEquals(1, request.resources().size());
        assertEquals("1", request.resources().get(0).resourceName());
    }

    @Test
    void shouldFindGroupsAndTransactionalIds() {
        assertEquals(Set.of("g", "h"), Parts.groups(new DescribeGroupsRequest().groups(List.of("g", "h"))));
        assertEquals(
                Set.of("g"),
                Parts.groups(new OffsetFetchRequest().groups(List.of(new OffsetFetchRequestGroup().groupId("g")))));
        FindCoordinatorRequest find = new FindCoordinatorRequest().coordinatorKeys(List.of("k"));
        assertEquals(Set.of("k"), Parts.groups(find.keyType((byte) 0)));
        assertEquals(Set.of(), Parts.transactionalIds(find));
        assertEquals(Set.of("k"), Parts.transactionalIds(find.keyType((byte) 1)));
        assertEquals(
                Set.of("t"),
                Parts.transactionalIds(new AddPartitionsToTxnRequest()
                        .transactions(List.of(new AddPartitionsToTxnTransaction().transactionalId("t")))));
    }

    @Test
    void shouldTakePartsOutAndPutAnswersTogether() {
        ListOffsetsRequest request =
                new ListOffsetsRequest().isolationLevel((byte) 1).topics(List.of(topic("a", 0, 1), topic("b", 0)));
        ListOffsetsRequest taken = parts.takeOut(request, choice(part -> part.equals(new Part("a", 1))));
        assertEquals(List.of("a-0", "b-0"), names(request));
        assertEquals(List.of("a-1"), names(taken));
        assertEquals(1, taken.isolationLevel());
        assertNull(parts.takeOut(new DescribeClusterRequest(), choice(part -> true)));

        ListOffsetsResponse served = new ListOffsetsResponse().topics(List.of(answer("a", 0, ErrorCode.NONE)));
        Parts.merge(
                served,
                new ListOffsetsResponse()
                        .topics(List.of(
                                answer("a", 1, ErrorCode.NOT_LEADER_OR_FOLLOWER),
                                answer("b", 0, ErrorCode.KAFKA_STORAGE_ERROR))));
        assertEquals(List.of("a-0", "a-1", "b-0"), names(served));
        assertEquals(2, served.topics().size());
        assertEquals(
                Map.of("a-1", ErrorCode.NOT_LEADER_OR_FOLLOWER, "b-0", ErrorCode.KAFKA_STORAGE_ERROR),
                parts.errors(served));
    }

    private static Parts.Choice choice(Predicate<Part> chosen) {
        return new Parts.Choice(chosen, null);
    }

    private static OffsetFetchRequestGroup group(String groupId, OffsetFetchRequestTopics... topics) {
        return new OffsetFetchRequestGroup().groupId(groupId).topics(List.of(topics));
    }

    private static OffsetFetchRequestTopics offsets(String topic, Integer... partitions) {
        return new OffsetFetchRequestTopics().name(topic).partitionIndexes(List.of(partitions));
    }

    private static Map<String, List<String>> groups(OffsetFetchRequest request, Parts parts) {
        return request.groups().stream()
                .collect(Collectors.toMap(
                        OffsetFetchRequestGroup::groupId,
                        group -> parts.of(new OffsetFetchRequest().groups(List.of(group))).stream()
                                .map(Part::toString)
                                .toList()));
    }

    @Test
    void shouldTakeGroupsOut() {
        OffsetFetchRequest request = new OffsetFetchRequest()
                .groups(List.of(
                        group("g", offsets("a", 0, 1), offsets("b", 0)),
                        group("h", offsets("a", 0)),
                        group("i").topics(null)));
        OffsetFetchRequest taken = parts.takeOut(request, choice(part -> part.equals(new Part("a", 0))));
        assertEquals(Map.of("g", List.of("a-0"), "h", List.of("a-0")), groups(taken, parts));
        assertEquals(Map.of("g", List.of("a-1", "b-0"), "i", List.of()), groups(request, parts));
        taken = parts.takeOut(request, new Parts.Choice(null, "g"::equals));
        assertEquals(Map.of("g", List.of("a-1", "b-0")), groups(taken, parts));
        assertEquals(Map.of("i", List.of()), groups(request, parts));
        parts.takeOut(request, new Parts.Choice(null, "i"::equals));
        assertTrue(Parts.isEmpty(request));
        DescribeGroupsRequest described = new DescribeGroupsRequest().groups(List.of("g", "h"));
        assertEquals(
                List.of("h"),
                parts.takeOut(described, new Parts.Choice(null, "h"::equals)).groups());
        assertEquals(List.of("g"), described.groups());
    }

    private static OffsetFetchResponseGroup answered(String groupId, String topic, int partition, ErrorCode error) {
        return new OffsetFetchResponseGroup()
                .groupId(groupId)
                .topics(new ArrayList<>(List.of(new OffsetFetchResponseTopics()
                        .name(topic)
                        .partitions(new ArrayList<>(List.of(new OffsetFetchResponsePartitions()
                                .partitionIndex(partition)
                                .errorCode(error.code())))))));
    }

    @Test
    void shouldPutAnswersOfGroupsTogether() {
        OffsetFetchResponse served = new OffsetFetchResponse()
                .groups(new ArrayList<>(
                        List.of(answered("g", "a", 0, ErrorCode.NONE), answered("h", "a", 0, ErrorCode.NONE))));
        Parts.merge(
                served,
                new OffsetFetchResponse()
                        .groups(List.of(
                                answered("g", "a", 1, ErrorCode.UNSTABLE_OFFSET_COMMIT),
                                new OffsetFetchResponseGroup().groupId("h").errorCode(ErrorCode.NOT_COORDINATOR.code()),
                                new OffsetFetchResponseGroup()
                                        .groupId("i")
                                        .errorCode(ErrorCode.GROUP_AUTHORIZATION_FAILED.code()))));
        assertEquals(3, served.groups().size());
        assertEquals(
                Map.of(
                        "a-1",
                        ErrorCode.UNSTABLE_OFFSET_COMMIT,
                        "h",
                        ErrorCode.NOT_COORDINATOR,
                        "i",
                        ErrorCode.GROUP_AUTHORIZATION_FAILED),
                parts.errors(served));
        assertTrue(parts.namesWhatFailed(served));
        assertFalse(parts.namesWhatFailed(new OffsetFetchResponse().errorCode(ErrorCode.NOT_COORDINATOR.code())));
        assertEquals(
                Map.of("g", ErrorCode.GROUP_ID_NOT_FOUND),
                parts.errors(new DescribeGroupsResponse()
                        .groups(List.of(
                                new DescribedGroup().groupId("g").errorCode(ErrorCode.GROUP_ID_NOT_FOUND.code())))));
    }

    private static ListOffsetsTopicResponse answer(String topic, int partition, ErrorCode error) {
        return new ListOffsetsTopicResponse()
                .name(topic)
                .partitions(List.of(new ListOffsetsPartitionResponse()
                        .partitionIndex(partition)
                        .errorCode(error.code())));
    }

    /** Faults and the journal look at every request that there is. */
    @Test
    void shouldReadEmptyRequestsOfAllApis() {
        for (ApiKey key : ApiKey.values()) {
            ApiMessage request = key.newRequest();
            assertEquals(List.of(), names(request), key::name);
            assertEquals(Set.of(), Parts.groups(request), key::name);
            assertEquals(Set.of(), Parts.transactionalIds(request), key::name);
        }
    }
}
