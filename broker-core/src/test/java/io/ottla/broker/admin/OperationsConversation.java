package io.ottla.broker.admin;

import static io.ottla.broker.admin.Requests.alter;
import static io.ottla.broker.admin.Requests.creation;
import static io.ottla.broker.admin.Requests.describe;
import static io.ottla.broker.admin.Requests.replace;
import static io.ottla.broker.admin.Requests.topic;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AddRaftVoterRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.RemoveRaftVoterRequestData;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * One long talk with a broker about its operation: metrics subscriptions, the quorum, leaders, reassignments, log directories, users.
 * Held with Apache Kafka it makes the reference; held with Ottla it must give the same answers.
 */
final class OperationsConversation {

    private static final int GROUP = 32;
    private static final int METRICS = 16;
    private static final int SET = 0;
    private static final int DELETE = 1;
    private static final int APPEND = 2;
    private static final int SUBTRACT = 3;
    private static final String METADATA = "__cluster_metadata";

    private final KafkaWire wire;
    private final Map<String, String> answers = new LinkedHashMap<>();

    /** How long a change may take to be seen everywhere: in Apache Kafka metadata travels. */
    private final long settleMs;

    /** What stands for ids and paths, which differ from run to run. */
    private final Map<String, String> names = new LinkedHashMap<>();

    private OperationsConversation(KafkaWire wire, long settleMs) {
        this.wire = wire;
        this.settleMs = settleMs;
    }

    /** Holds the conversation with a broker that has no topics. */
    static Map<String, String> hold(String host, int port, long settleMs) throws IOException {
        try (KafkaWire wire = new KafkaWire(host, port)) {
            OperationsConversation conversation = new OperationsConversation(wire, settleMs);
            wire.call(creation(topic("t", 3, 1), topic("u", 1, 1)), 7);
            conversation.settle();
            conversation.listConfigResources();
            conversation.configureMetrics();
            conversation.describeQuorum();
            conversation.electLeaders();
            conversation.reassign();
            conversation.listReassignments();
            conversation.useLogDirectories();
            new UsersConversation(conversation).hold();
            new TelemetryConversation(conversation, host, port).hold();
            conversation.changeQuorum();
            return conversation.answers;
        }
    }

    ApiMessage ask(String label, ApiMessage request, int version) throws IOException {
        return ask(wire, label, request, version);
    }

    ApiMessage ask(KafkaWire through, String label, ApiMessage request, int version) throws IOException {
        ApiMessage answer = through.call(request, version);
        if (answers.put(label + " v" + version, KafkaWire.text(answer, version, this::rename)) != null) {
            throw new IllegalArgumentException("Asked twice: " + label);
        }
        return answer;
    }

    void settle() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(settleMs));
    }

    private String rename(String text) {
        String renamed = text;
        for (Map.Entry<String, String> name : names.entrySet()) {
            renamed = renamed.replace(name.getKey(), name.getValue());
        }
        return renamed;
    }

    private static ListConfigResourcesRequestData types(Integer... types) {
        return new ListConfigResourcesRequestData()
                .setResourceTypes(Arrays.stream(types).map(Integer::byteValue).toList());
    }

    private void listConfigResources() throws IOException {
        ask("list config resources before", types(), 0);
        ask("list config resources before", types(), 1);
        wire.call(alter(METRICS, "m1", "interval.ms", SET, "1000"), 1);
        wire.call(alter(METRICS, "m0", "metrics", SET, "org.apache"), 1);
        wire.call(alter(GROUP, "g1", "consumer.session.timeout.ms", SET, "46000"), 1);
        settle();
        ask("list config resources", types(), 0);
        ask("list config resources", types(), 1);
        for (int type : new int[] {0, 1, 2, 4, 8, 16, 32, 99}) {
            ask("list config resources of type " + type, types(type), 1);
        }
        ask("list config resources of two types", types(16, 32), 1);
        ask("list config resources of one type twice", types(16, 16), 1);
        ask("list config resources of a known and an unknown type", types(16, 99), 1);
        ask("list config resources of two unknown types", types(99, 98), 1);
    }

    private void configureMetrics() throws IOException {
        for (String interval :
                List.of("99", "100", "3600000", "3600001", "0", "-1", "abc", "", "1000.5", "9999999999")) {
            ask("metrics interval '" + interval + "'", alter(METRICS, "m2", "interval.ms", SET, interval), 1);
        }
        for (String match : List.of(
                "client_id=a.*",
                "client_id=[",
                "client_id",
                "=a",
                "client_id=",
                "client_id=a=b",
                "client_id=a,client_id=b",
                "client_instance_id=x,client_software_name=java, client_software_version=4.*",
                "client_source_address=127.0.0.1,client_source_port=1",
                "CLIENT_ID=a",
                "client_id = b ",
                "",
                " ",
                "a,b",
                "client_id=a,,client_id=c")) {
            ask("metrics match '" + match + "'", alter(METRICS, "m2", "match", SET, match), 1);
        }
        for (String metrics :
                List.of("", "*", "org.apache.kafka.producer.,org.apache.kafka.consumer.", "a,a", " a , b ", "*,a")) {
            ask("metrics metrics '" + metrics + "'", alter(METRICS, "m2", "metrics", SET, metrics), 1);
        }
        settle();
        ask("describe metrics all set", describe(METRICS, "m2"), 4);
        ask("describe metrics all set", describe(METRICS, "m2"), 1);
        ask("describe metrics with words", describe(METRICS, "m2").setIncludeDocumentation(true), 4);
        ask("describe one key of metrics", describe(METRICS, "m2", "interval.ms"), 4);
        ask("describe metrics that are not there", describe(METRICS, "nope"), 4);
        ask("metrics append", alter(METRICS, "m3", "metrics", APPEND, "x"), 1);
        ask("metrics append more", alter(METRICS, "m3", "metrics", APPEND, "y"), 1);
        ask("metrics subtract", alter(METRICS, "m3", "metrics", SUBTRACT, "x"), 1);
        ask("metrics append match", alter(METRICS, "m3", "match", APPEND, "client_id=k"), 1);
        ask("metrics append bad match", alter(METRICS, "m3", "match", APPEND, "k"), 1);
        ask("metrics append interval", alter(METRICS, "m3", "interval.ms", APPEND, "5"), 1);
        ask(
                "metrics only checked",
                alter(METRICS, "m4", "interval.ms", SET, "5000").setValidateOnly(true),
                1);
        ask("metrics null", alter(METRICS, "m4", "interval.ms", SET, null), 1);
        ask("metrics nothing", alter(METRICS, "m4"), 1);
        ask("metrics strange name", alter(METRICS, "a b/c", "interval.ms", SET, "5000"), 1);
        ask("metrics replace", replace(METRICS, "m5", "interval.ms", "5000", "match", "client_id=k"), 2);
        ask("metrics replace bad", replace(METRICS, "m5", "interval.ms", "5"), 2);
        ask("metrics replace empty name", replace(METRICS, "", "interval.ms", "5000"), 2);
        settle();
        ask("describe metrics after appending", describe(METRICS, "m3"), 4);
        ask("describe metrics after replacing", describe(METRICS, "m5"), 4);
        ask("metrics delete key", alter(METRICS, "m5", "match", DELETE, null), 1);
        ask("metrics delete missing", alter(METRICS, "nope", "match", DELETE, null), 1);
        ask("metrics delete unknown", alter(METRICS, "m5", "nope", DELETE, null), 1);
        ask("metrics delete all", alter(METRICS, "m1", "interval.ms", DELETE, null), 1);
        settle();
        ask("list config resources after deleting", types(), 0);
    }

    static DescribeQuorumRequestData quorum(String topic, int... partitions) {
        DescribeQuorumRequestData.TopicData data = new DescribeQuorumRequestData.TopicData().setTopicName(topic);
        for (int partition : partitions) {
            data.partitions().add(new DescribeQuorumRequestData.PartitionData().setPartitionIndex(partition));
        }
        return new DescribeQuorumRequestData().setTopics(new ArrayList<>(List.of(data)));
    }

    private void describeQuorum() throws IOException {
        for (int version = 0; version <= 2; version++) {
            ask("quorum", quorum(METADATA, 0), version);
        }
        ask("quorum of another topic", quorum("t", 0), 2);
        ask("quorum of another partition", quorum(METADATA, 1), 2);
        ask("quorum of two partitions", quorum(METADATA, 0, 1), 2);
        ask("quorum of no partition", quorum(METADATA), 2);
        ask("quorum of nothing", new DescribeQuorumRequestData(), 2);
        ask("quorum of nothing", new DescribeQuorumRequestData(), 0);
        DescribeQuorumRequestData two = quorum(METADATA, 0);
        two.topics().add(quorum("t", 0).topics().get(0));
        ask("quorum of two topics", two, 2);
        ask("quorum of another partition", quorum(METADATA, 5), 1);
    }

    static ElectLeadersRequestData election(int type, Object... topicsAndPartitions) {
        ElectLeadersRequestData request =
                new ElectLeadersRequestData().setElectionType((byte) type).setTimeoutMs(10_000);
        for (int i = 0; i < topicsAndPartitions.length; i += 2) {
            request.topicPartitions()
                    .add(new ElectLeadersRequestData.TopicPartitions()
                            .setTopic((String) topicsAndPartitions[i])
                            .setPartitions(integers(topicsAndPartitions[i + 1])));
        }
        return request;
    }

    private static List<Integer> integers(Object list) {
        return ((List<?>) list).stream().map(Integer.class::cast).toList();
    }

    private void electLeaders() throws IOException {
        for (int version = 0; version <= 2; version++) {
            ask("elect", election(0, "t", List.of(0, 1)), version);
        }
        ask("elect unclean", election(1, "t", List.of(0, 1)), 2);
        ask("elect unclean", election(1, "t", List.of(0, 1)), 1);
        ask("elect strangely", election(2, "t", List.of(0)), 2);
        ask("elect all", election(0).setTopicPartitions(null), 2);
        ask("elect all", election(0).setTopicPartitions(null), 0);
        ask("elect all unclean", election(1).setTopicPartitions(null), 2);
        ask("elect nothing", election(0), 2);
        ask("elect no partition", election(0, "t", List.of()), 2);
        ask("elect unknown", election(0, "nope", List.of(0)), 2);
        ask("elect unknown unclean", election(1, "nope", List.of(0)), 2);
        ask("elect unknown partition", election(0, "t", List.of(99)), 2);
        ask("elect negative partition", election(0, "t", List.of(-1, 0)), 2);
        ask("elect bad name", election(0, "a b", List.of(0)), 2);
        ask("elect empty name", election(0, "", List.of(0)), 2);
        ask("elect twice", election(0, "t", List.of(0, 0)), 2);
        ask("elect two", election(0, "t", List.of(2), "u", List.of(0, 7), "nope", List.of(1)), 2);
        ask("elect metadata", election(0, METADATA, List.of(0)), 2);
    }

    /** Triples of a topic, a partition and its new replicas; a null cancels. */
    static AlterPartitionReassignmentsRequestData reassignment(Object... changes) {
        AlterPartitionReassignmentsRequestData request =
                new AlterPartitionReassignmentsRequestData().setTimeoutMs(10_000);
        for (int i = 0; i < changes.length; i += 3) {
            String name = (String) changes[i];
            AlterPartitionReassignmentsRequestData.ReassignablePartition partition =
                    new AlterPartitionReassignmentsRequestData.ReassignablePartition()
                            .setPartitionIndex((Integer) changes[i + 1])
                            .setReplicas(changes[i + 2] == null ? null : integers(changes[i + 2]));
            AlterPartitionReassignmentsRequestData.ReassignableTopic topic = request.topics().stream()
                    .filter(each -> each.name().equals(name))
                    .findAny()
                    .orElse(null);
            if (topic == null) {
                topic = new AlterPartitionReassignmentsRequestData.ReassignableTopic().setName(name);
                request.topics().add(topic);
            }
            topic.partitions().add(partition);
        }
        return request;
    }

    private void reassign() throws IOException {
        ask("reassign to the same", reassignment("t", 0, List.of(1)), 0);
        ask("reassign to the same", reassignment("t", 0, List.of(1)), 1);
        ask("reassign to unknown broker", reassignment("t", 0, List.of(2)), 1);
        ask("reassign to two", reassignment("t", 0, List.of(1, 2)), 1);
        ask(
                "reassign to two, same factor",
                reassignment("t", 0, List.of(1, 2)).setAllowReplicationFactorChange(false),
                1);
        ask("reassign to three unknown", reassignment("t", 0, List.of(4, 2, 3)), 1);
        ask("reassign to one twice", reassignment("t", 0, List.of(1, 1)), 1);
        ask("reassign to nobody", reassignment("t", 0, List.of()), 1);
        ask(
                "reassign to nobody, same factor",
                reassignment("t", 0, List.of()).setAllowReplicationFactorChange(false),
                1);
        ask("reassign to -1", reassignment("t", 0, List.of(-1)), 1);
        ask("reassign unknown topic", reassignment("nope", 0, List.of(1)), 1);
        ask("reassign unknown partition", reassignment("t", 9, List.of(1)), 1);
        ask("reassign negative partition", reassignment("t", -1, List.of(1)), 1);
        ask("reassign bad name", reassignment("a b", 0, List.of(1)), 1);
        ask("reassign metadata", reassignment(METADATA, 0, List.of(1)), 1);
        ask("reassign nothing", reassignment(), 1);
        ask("reassign some", reassignment("t", 0, List.of(1), "t", 1, List.of(3), "u", 0, null, "x", 0, null), 1);
        ask("reassign one twice", reassignment("t", 0, List.of(1), "t", 0, List.of(1)), 1);
        ask("cancel", reassignment("t", 0, null), 1);
        ask("cancel", reassignment("t", 0, null), 0);
        ask("cancel, same factor", reassignment("t", 0, null).setAllowReplicationFactorChange(false), 1);
        ask("cancel unknown topic", reassignment("nope", 0, null), 1);
        ask("cancel unknown partition", reassignment("t", 9, null), 1);
    }

    private static ListPartitionReassignmentsRequestData reassignments(String topic, Integer... partitions) {
        return new ListPartitionReassignmentsRequestData()
                .setTopics(new ArrayList<>(
                        List.of(new ListPartitionReassignmentsRequestData.ListPartitionReassignmentsTopics()
                                .setName(topic)
                                .setPartitionIndexes(List.of(partitions)))));
    }

    private void listReassignments() throws IOException {
        ask("reassignments", new ListPartitionReassignmentsRequestData(), 0);
        ask("reassignments of nothing", new ListPartitionReassignmentsRequestData().setTopics(List.of()), 0);
        ask("reassignments of one", reassignments("t", 0), 0);
        ask("reassignments of no partition", reassignments("t"), 0);
        ask("reassignments of unknown", reassignments("nope", 0), 0);
        ask("reassignments of unknown partition", reassignments("t", 99, -1), 0);
        ask("reassignments of bad name", reassignments("a b", 0), 0);
    }

    private static AlterReplicaLogDirsRequestData.AlterReplicaLogDir move(
            String path, String topic, Integer... partitions) {
        AlterReplicaLogDirsRequestData.AlterReplicaLogDir dir =
                new AlterReplicaLogDirsRequestData.AlterReplicaLogDir().setPath(path);
        dir.topics()
                .add(new AlterReplicaLogDirsRequestData.AlterReplicaLogDirTopic()
                        .setName(topic)
                        .setPartitions(List.of(partitions)));
        return dir;
    }

    private static AlterReplicaLogDirsRequestData moves(AlterReplicaLogDirsRequestData.AlterReplicaLogDir... dirs) {
        AlterReplicaLogDirsRequestData request = new AlterReplicaLogDirsRequestData();
        request.dirs().addAll(List.of(dirs));
        return request;
    }

    private static DescribeLogDirsRequestData logs(Object... topicsAndPartitions) {
        DescribeLogDirsRequestData request = new DescribeLogDirsRequestData();
        for (int i = 0; i < topicsAndPartitions.length; i += 2) {
            request.topics()
                    .add(new DescribeLogDirsRequestData.DescribableLogDirTopic()
                            .setTopic((String) topicsAndPartitions[i])
                            .setPartitions(integers(topicsAndPartitions[i + 1])));
        }
        return request;
    }

    private void useLogDirectories() throws IOException {
        DescribeLogDirsResponseData described = (DescribeLogDirsResponseData) wire.call(logs("t", List.of(0)), 5);
        String directory = described.results().get(0).logDir();
        names.put(directory, "<directory>");
        for (int version = 1; version <= 5; version++) {
            ask("log dirs", logs("t", List.of(0, 1)), version);
        }
        ask("log dirs of all", logs().setTopics(null), 5);
        ask("log dirs of nothing", logs(), 5);
        ask("log dirs of no partition", logs("t", List.of()), 5);
        ask("log dirs of unknown", logs("nope", List.of(0), "t", List.of(9, -1)), 5);
        ask("log dirs of one twice", logs("t", List.of(0, 0), "u", List.of(0)), 5);

        ask("move to where it is", moves(move(directory, "t", 0, 1)), 1);
        ask("move to where it is", moves(move(directory, "t", 0, 1)), 2);
        ask("move to nowhere", moves(move("/no/such/dir", "t", 0)), 2);
        ask("move to nowhere, unknown", moves(move("/no/such/dir", "nope", 0)), 2);
        ask("move relatively", moves(move("data", "t", 0)), 2);
        ask("move to no name", moves(move("", "t", 0)), 2);
        ask("move unknown topic", moves(move(directory, "nope", 0)), 2);
        ask("move unknown partition", moves(move(directory, "t", 0, 99)), 2);
        ask("move bad name", moves(move(directory, "a b", 0)), 2);
        ask("move nothing", moves(), 2);
        ask("move no partition", moves(move(directory, "t")), 2);
        ask("move there and nowhere", moves(move(directory, "t", 0), move("/no/such/dir", "t", 1)), 2);
        ask("move one to two places", moves(move(directory, "t", 0), move("/no/such/dir", "t", 0)), 2);
        ask("move with a slash", moves(move(directory + "/", "t", 0)), 2);
        ask("move metadata", moves(move(directory, METADATA, 0)), 2);
    }

    private static AddRaftVoterRequestData newVoter(String clusterId, int id, Uuid directory, String listener) {
        AddRaftVoterRequestData request = new AddRaftVoterRequestData()
                .setClusterId(clusterId)
                .setTimeoutMs(500)
                .setVoterId(id)
                .setVoterDirectoryId(directory);
        if (listener != null) {
            request.listeners()
                    .add(new AddRaftVoterRequestData.Listener()
                            .setName(listener)
                            .setHost("localhost")
                            .setPort(1));
        }
        return request;
    }

    private static RemoveRaftVoterRequestData oldVoter(String clusterId, int id, Uuid directory) {
        return new RemoveRaftVoterRequestData()
                .setClusterId(clusterId)
                .setVoterId(id)
                .setVoterDirectoryId(directory);
    }

    private void changeQuorum() throws IOException {
        DescribeQuorumResponseData quorum = (DescribeQuorumResponseData) wire.call(quorum(METADATA, 0), 2);
        Uuid self = quorum.topics()
                .get(0)
                .partitions()
                .get(0)
                .currentVoters()
                .get(0)
                .replicaDirectoryId();
        String cluster = ((DescribeClusterResponseData) wire.call(new DescribeClusterRequestData(), 1)).clusterId();
        names.put(self.toString(), "<own directory>");
        names.put(cluster, "<cluster>");
        Uuid stranger = new Uuid(5, 6);
        ask("add voter of another cluster", newVoter("nope", 2, stranger, "CONTROLLER"), 1);
        ask("add voter without listener", newVoter(null, 2, stranger, null), 1);
        ask("add voter with another listener", newVoter(null, 2, stranger, "PLAINTEXT"), 1);
        ask("add voter without directory", newVoter(null, 2, Uuid.ZERO_UUID, "CONTROLLER"), 1);
        ask("add negative voter", newVoter(null, -2, stranger, "CONTROLLER"), 1);
        ask("add the same voter", newVoter(cluster, 1, self, "CONTROLLER"), 1);
        ask("add the same voter", newVoter(cluster, 1, self, "CONTROLLER"), 0);
        ask("add the same voter with another directory", newVoter(null, 1, stranger, "CONTROLLER"), 1);
        ask("add voter", newVoter(null, 2, stranger, "CONTROLLER"), 1);
        ask("remove voter of another cluster", oldVoter("nope", 2, stranger), 0);
        ask("remove unknown voter", oldVoter(null, 2, stranger), 0);
        ask("remove voter with another directory", oldVoter(cluster, 1, stranger), 0);
        ask("remove voter without directory", oldVoter(cluster, 1, Uuid.ZERO_UUID), 0);
        ask("remove negative voter", oldVoter(cluster, -2, self), 0);
        ask("remove the last voter", oldVoter(cluster, 1, self), 0);
        ask("unregister unknown broker", new UnregisterBrokerRequestData().setBrokerId(2), 0);
        ask("unregister negative broker", new UnregisterBrokerRequestData().setBrokerId(-1), 0);
    }
}
