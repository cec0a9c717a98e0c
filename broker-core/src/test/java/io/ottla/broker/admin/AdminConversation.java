package io.ottla.broker.admin;

import static io.ottla.broker.admin.Requests.alter;
import static io.ottla.broker.admin.Requests.assigned;
import static io.ottla.broker.admin.Requests.creation;
import static io.ottla.broker.admin.Requests.delete;
import static io.ottla.broker.admin.Requests.deleteNames;
import static io.ottla.broker.admin.Requests.describe;
import static io.ottla.broker.admin.Requests.grow;
import static io.ottla.broker.admin.Requests.metadata;
import static io.ottla.broker.admin.Requests.metadataById;
import static io.ottla.broker.admin.Requests.page;
import static io.ottla.broker.admin.Requests.replace;
import static io.ottla.broker.admin.Requests.topic;
import static io.ottla.broker.admin.Requests.with;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * One long talk with a broker about topics and configurations, good requests and bad ones. Held with Apache Kafka it makes the
 * reference; held with Ottla it must give the same answers.
 */
final class AdminConversation {

    private static final int TOPIC = 2;
    private static final int BROKER = 4;
    private static final int LOGGER = 8;
    private static final int METRICS = 16;
    private static final int GROUP = 32;

    private static final int SET = 0;
    private static final int DELETE = 1;
    private static final int APPEND = 2;
    private static final int SUBTRACT = 3;

    private final KafkaWire wire;
    private final Map<String, String> answers = new LinkedHashMap<>();

    /** How long a change may take to be seen everywhere: in Apache Kafka metadata travels. */
    private final long settleMs;

    private AdminConversation(KafkaWire wire, long settleMs) {
        this.wire = wire;
        this.settleMs = settleMs;
    }

    /** Holds the conversation with a broker that has no topics. */
    static Map<String, String> hold(String host, int port, long settleMs) throws IOException {
        try (KafkaWire wire = new KafkaWire(host, port)) {
            AdminConversation conversation = new AdminConversation(wire, settleMs);
            conversation.createTopics();
            conversation.createWithAssignments();
            conversation.createWithConfigs();
            conversation.settle();
            conversation.describeTopics();
            conversation.describeTopicsById();
            conversation.describeCluster();
            conversation.pageTopics();
            conversation.growTopics();
            conversation.describeConfigs();
            conversation.alterTopicConfigs();
            conversation.alterLists();
            conversation.alterBrokerConfigs();
            conversation.alterOtherConfigs();
            conversation.replaceConfigs();
            conversation.deleteTopics();
            return conversation.answers;
        }
    }

    private void ask(String label, ApiMessage request, int version) throws IOException {
        String answer = KafkaWire.text(wire.call(request, version), version);
        if (answers.put(label + " v" + version, answer) != null) {
            throw new IllegalArgumentException("Asked twice: " + label);
        }
    }

    private void settle() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(settleMs));
    }

    private Uuid id(String topic) throws IOException {
        MetadataResponseData answer = (MetadataResponseData) wire.call(metadata(topic), 12);
        return answer.topics().iterator().next().topicId();
    }

    private void createTopics() throws IOException {
        for (String name : List.of("", ".", "..", "a b", "a/b", "ä", "_ok", "__ok2", "a.b", "UPPER-1", "a-b")) {
            ask("create '" + name + "'", creation(topic(name, 1, 1)), 7);
        }
        ask("create long name", creation(topic("x".repeat(250), 1, 1)), 7);
        ask("create longest name", creation(topic("x".repeat(249), 1, 1)).setValidateOnly(true), 7);
        ask("create existing", creation(topic("_ok", 1, 1)), 7);
        ask("create collision", creation(topic("a_b", 1, 1)), 7);
        ask("create collision of two underscores", creation(topic("__ok.2", 1, 1), topic("_.ok2", 1, 1)), 7);
        for (int count : new int[] {0, -1, -2, 3}) {
            ask("create partitions " + count, creation(topic("parts" + count, count, 1)), 7);
        }
        for (int factor : new int[] {0, -1, -2, 2, 3}) {
            ask("create replicas " + factor, creation(topic("factor" + factor, 1, factor)), 7);
        }
        for (int version = 2; version <= 7; version++) {
            ask("create", creation(topic("version", 2, 1)).setValidateOnly(true), version);
        }
        ask("create validate only", creation(topic("only", 3, 1)).setValidateOnly(true), 7);
        ask("create validate only again", creation(topic("only", 3, 1)).setValidateOnly(true), 7);
        ask("create validate existing", creation(topic("_ok", 3, 1)).setValidateOnly(true), 7);
        ask("create duplicates", creation(topic("dup", 1, 1), topic("dup", 2, 1), topic("single", 1, 1)), 7);
        ask("create bad duplicates", creation(topic("b d", 1, 1), topic("b d", 2, 1)), 7);
        ask("create some", creation(topic("z1", 1, 1), topic("b d", 1, 1), topic("_ok", 1, 1), topic("a1", 1, 1)), 7);
        ask("create nothing", creation(), 7);
        ask("create metadata topic", creation(topic("__cluster_metadata", 1, 1)), 7);
        ask("create offsets topic", creation(topic("__consumer_offsets", 1, 1)).setValidateOnly(true), 7);
        ask("create 10000 partitions", creation(topic("huge", 10_000, 1)).setValidateOnly(true), 7);
        ask("create 10001 partitions", creation(topic("huge", 10_001, 1)).setValidateOnly(true), 7);
        ask(
                "create 6000 twice",
                creation(topic("h1", 6000, 1), topic("h2", 6000, 1)).setValidateOnly(true),
                7);
    }

    private void createWithAssignments() throws IOException {
        ask("assign", creation(assigned(assigned("as1", 0, 1), 1, 1)), 7);
        ask("assign and count", creation(assigned(topic("as2", 1, -1), 0, 1)), 7);
        ask("assign and factor", creation(assigned(topic("as2", -1, 1), 0, 1)), 7);
        ask("assign, count and factor", creation(assigned(topic("as2", 1, 1), 0, 1)), 2);
        ask("assign with a gap", creation(assigned(assigned("as3", 0, 1), 2, 1)), 7);
        ask("assign from 1", creation(assigned("as3", 1, 1)), 7);
        ask("assign unknown broker", creation(assigned("as4", 0, 9)), 7);
        ask("assign negative broker", creation(assigned("as4", 0, -1)), 7);
        ask("assign partition twice", creation(assigned(assigned("as5", 0, 1), 0, 1)), 7);
        ask("assign broker twice", creation(assigned("as6", 0, 1, 1)), 7);
        ask("assign nobody", creation(assigned("as7", 0)), 7);
        ask("assign unevenly", creation(assigned(assigned("as8", 0, 1), 1, 1, 2)), 7);
    }

    private void createWithConfigs() throws IOException {
        ask("config", creation(with(topic("cf", 1, 1), "retention.ms", "1000", "cleanup.policy", "compact,delete")), 7);
        ask("config unknown", creation(with(topic("cf2", 1, 1), "nope", "1")), 7);
        ask("config unknown and bad", creation(with(topic("cf2", 1, 1), "nope", "1", "retention.ms", "x")), 7);
        ask("config bad", creation(with(topic("cf2", 1, 1), "retention.ms", "abc")), 7);
        ask("config bad", creation(with(topic("cf2", 1, 1), "retention.ms", "abc")), 2);
        ask("config null", creation(with(topic("cf2", 1, 1), "retention.ms", null)), 7);
        ask("config nulls", creation(with(topic("cf2", 1, 1), "retention.ms", null, "segment.ms", null)), 7);
        ask("config twice", creation(with(topic("cf3", 1, 1), "retention.ms", "1", "retention.ms", "2")), 7);
        ask("config isr", creation(with(topic("cf5", 1, 1), "min.insync.replicas", "2")), 7);
        ask("config remote", creation(with(topic("cf6", 1, 1), "remote.storage.enable", "true")), 7);
    }

    private void describeTopics() throws IOException {
        for (int version = 0; version <= 13; version++) {
            MetadataRequestData request = metadata("cf");
            ask("metadata", version < 4 ? request.setAllowAutoTopicCreation(true) : request, version);
        }
        ask("metadata of nothing", metadata().setAllowAutoTopicCreation(true), 1);
        ask("metadata of nothing", metadata(), 12);
        ask("metadata twice", metadata("cf", "cf"), 12);
        ask("metadata unknown", metadata("nope"), 12);
        ask("metadata invalid", metadata("a b"), 12);
        ask("metadata invalid, create", metadata("a b").setAllowAutoTopicCreation(true), 12);
        ask("metadata empty name", metadata(""), 12);
        ask("metadata mix", metadata("zz", "cf", "_ok", "a b"), 12);
        ask("metadata offsets topic", metadata("__consumer_offsets"), 12);
        ask("metadata auto-create", metadata("auto1").setAllowAutoTopicCreation(true), 12);
        settle();
        ask("metadata auto-created", metadata("auto1").setAllowAutoTopicCreation(true), 12);
        ask("metadata auto-create collision", metadata("a_b").setAllowAutoTopicCreation(true), 12);
        ask("metadata operations", metadata("cf", "nope").setIncludeTopicAuthorizedOperations(true), 12);
        ask(
                "metadata operations",
                metadata("cf").setIncludeTopicAuthorizedOperations(true).setIncludeClusterAuthorizedOperations(true),
                8);
        ask("metadata of all", metadata().setTopics(null).setAllowAutoTopicCreation(true), 1);
        ask("metadata of all", metadata().setTopics(null), 12);
        ask("metadata of all", metadata().setAllowAutoTopicCreation(true), 0);
    }

    private void describeTopicsById() throws IOException {
        Uuid cf = id("cf");
        ask("metadata by id", metadataById(null, cf), 12);
        ask("metadata by id and name", metadataById("cf", cf), 12);
        ask("metadata by id and other name", metadataById("_ok", cf), 12);
        ask("metadata by unknown id", metadataById(null, new Uuid(5, 6), cf), 12);
        ask("metadata by neither", metadataById(null, Uuid.ZERO_UUID), 12);
        ask("metadata by id", metadataById("cf", cf), 11);
        ask("metadata by id without name", metadataById(null, cf), 10);
        MetadataRequestData mixed = metadata("_ok");
        ask(
                "metadata by id, and by name",
                mixed.setTopics(List.of(
                        mixed.topics().get(0), metadataById(null, cf).topics().get(0))),
                12);
    }

    private void describeCluster() throws IOException {
        for (int version = 0; version <= 2; version++) {
            ask("cluster", new DescribeClusterRequestData(), version);
        }
        ask("cluster operations", new DescribeClusterRequestData().setIncludeClusterAuthorizedOperations(true), 1);
        ask("cluster controllers", new DescribeClusterRequestData().setEndpointType((byte) 2), 1);
        ask("cluster of strangers", new DescribeClusterRequestData().setEndpointType((byte) 3), 1);
        ask("cluster fenced", new DescribeClusterRequestData().setIncludeFencedBrokers(true), 2);
    }

    private void pageTopics() throws IOException {
        ask("create paged", creation(topic("paged", 7, 1)), 7);
        settle();
        ask("page", page(2000, null, 0, "paged"), 0);
        ask("page full", page(3, null, 0, "paged", "cf"), 0);
        ask("page exactly full", page(7, null, 0, "paged", "cf"), 0);
        ask("page not full", page(8, null, 0, "paged", "cf"), 0);
        ask("page on", page(3, "paged", 3, "paged", "cf"), 0);
        ask("page to the end", page(3, "paged", 6, "paged", "unknown", "zeta"), 0);
        ask("page behind the end", page(10, "paged", 100, "paged"), 0);
        ask("page from before the start", page(10, "paged", -1, "paged"), 0);
        ask("page from elsewhere", page(10, "nope", 0, "paged", "zz"), 0);
        ask("page from behind", page(10, "q", 0, "paged", "cf"), 0);
        ask("page limit 0", page(0, null, 0, "paged"), 0);
        ask("page limit -1", page(-1, null, 0, "paged"), 0);
        ask("page all", page(2, null, 0), 0);
        ask("page all on", page(2, "cf", 0), 0);
        ask("page all from a gap", page(2, "cf1", 5), 0);
        ask("page twice", page(20, null, 0, "cf", "cf"), 0);
        ask("page unknown", page(20, null, 0, "cf", "nope"), 0);
        ask("page unknown when full", page(1, null, 0, "cf", "nope"), 0);
        ask("page invalid", page(20, null, 0, "a b"), 0);
    }

    private void growTopics() throws IOException {
        ask("grow to the same", grow("cf", 1), 3);
        for (int count : new int[] {3, 0, -1}) {
            ask("grow to " + count, grow("paged", count), 3);
        }
        ask("grow unknown", grow("nope", 3), 3);
        ask("grow empty name", grow("", 3), 3);
        ask("grow", grow("cf", 2), 3);
        ask("grow only checked", grow("cf", 4).setValidateOnly(true), 3);
        ask("grow assigned", grow("cf", 4, List.of(1), List.of(1)), 3);
        ask("grow assigned too few", grow("cf", 6, List.of(1)), 3);
        ask("grow assigned too many", grow("cf", 5, List.of(1), List.of(1)), 3);
        ask("grow assigned unknown broker", grow("cf", 5, List.of(9)), 3);
        ask("grow assigned another factor", grow("cf", 5, List.of(1, 2)), 3);
        ask("grow assigned twice", grow("cf", 5, List.of(1, 1)), 3);
        ask("grow assigned nobody", grow("cf", 5, List.of()), 3);
        ask("grow the same, assigned", grow("paged", 7, List.of(1)), 3);
        CreatePartitionsRequestData twice = grow("cf", 6);
        twice.topics().add(grow("cf", 7).topics().iterator().next().duplicate());
        ask("grow twice", twice, 3);
        for (int version = 0; version <= 2; version++) {
            ask("grow to less", grow("cf", 1), version);
        }
        settle();
        ask("metadata of grown", metadata("cf"), 12);
    }

    private void describeConfigs() throws IOException {
        ask("describe topic", describe(TOPIC, "cf"), 4);
        ask("describe topic", describe(TOPIC, "cf"), 3);
        ask("describe topic", describe(TOPIC, "cf"), 1);
        ask("describe keys", describe(TOPIC, "cf", "retention.ms", "flush.ms", "nope"), 4);
        ask("describe plainly", describe(TOPIC, "cf", "retention.ms").setIncludeSynonyms(false), 4);
        ask("describe with words", describe(TOPIC, "cf", "retention.ms").setIncludeDocumentation(true), 4);
        ask("describe unknown topic", describe(TOPIC, "nope"), 4);
        ask("describe invalid topic", describe(TOPIC, "a b"), 4);
        ask("describe empty topic", describe(TOPIC, ""), 4);
        for (int type : new int[] {0, 3, 99}) {
            ask("describe type " + type, describe(type, "x"), 4);
        }
        ask(
                "describe broker",
                describe(
                        BROKER,
                        "1",
                        "log.retention.ms",
                        "log.retention.hours",
                        "log.cleaner.threads",
                        "min.insync.replicas"),
                4);
        ask("describe broker 2", describe(BROKER, "2"), 4);
        ask("describe broker x", describe(BROKER, "x"), 4);
        ask("describe all brokers", describe(BROKER, ""), 4);
        ask("describe group", describe(GROUP, "g1"), 4);
        ask("describe empty group", describe(GROUP, ""), 4);
        ask("describe metrics", describe(METRICS, "m1"), 4);
        ask("describe empty metrics", describe(METRICS, ""), 4);
        ask("describe logger of 2", describe(LOGGER, "2"), 4);
    }

    private void alterTopicConfigs() throws IOException {
        ask("set", alter(TOPIC, "cf", "retention.ms", SET, "5000"), 1);
        ask("set", alter(TOPIC, "cf", "retention.ms", SET, "5000"), 0);
        ask("set only checked", alter(TOPIC, "cf", "retention.ms", SET, "6000").setValidateOnly(true), 1);
        ask("set bad", alter(TOPIC, "cf", "retention.ms", SET, "x"), 1);
        ask("set unknown", alter(TOPIC, "cf", "nope", SET, "1"), 1);
        ask("set unknown and bad", alter(TOPIC, "cf", "nope", SET, "1", "retention.ms", SET, "x"), 1);
        ask("set of unknown topic", alter(TOPIC, "nope", "retention.ms", SET, "1"), 1);
        ask("set of invalid topic", alter(TOPIC, "a b", "retention.ms", SET, "1"), 1);
        ask("set of empty topic", alter(TOPIC, "", "retention.ms", SET, "1"), 1);
        ask("set null", alter(TOPIC, "cf", "retention.ms", SET, null), 1);
        ask("set nulls", alter(TOPIC, "cf", "retention.ms", SET, null, "segment.ms", SET, null), 1);
        ask("set twice", alter(TOPIC, "cf", "retention.ms", SET, "1", "retention.ms", DELETE, null), 1);
        ask("set nothing", alter(TOPIC, "cf"), 1);
        ask(
                "set conflict",
                alter(TOPIC, "cf", "min.compaction.lag.ms", SET, "20", "max.compaction.lag.ms", SET, "10"),
                1);
        ask("set type 0", alter(0, "cf", "retention.ms", SET, "1"), 1);
        ask("set type 99", alter(99, "cf", "retention.ms", SET, "1"), 1);
        ask("unset", alter(TOPIC, "cf", "retention.ms", DELETE, null), 1);
        ask("unset what is not set", alter(TOPIC, "cf", "segment.ms", DELETE, null), 1);
        ask("unset unknown", alter(TOPIC, "cf", "nope", DELETE, null), 1);
        ask("operation 9", alter(TOPIC, "cf", "retention.ms", 9, "1"), 1);
        IncrementalAlterConfigsRequestData two = alter(TOPIC, "cf", "retention.ms", SET, "1");
        two.resources()
                .add(alter(TOPIC, "_ok", "retention.ms", SET, "x")
                        .resources()
                        .iterator()
                        .next()
                        .duplicate());
        ask("set of two", two, 1);
        IncrementalAlterConfigsRequestData same = alter(TOPIC, "cf", "retention.ms", SET, "1");
        same.resources()
                .add(alter(TOPIC, "cf", "segment.ms", SET, "7")
                        .resources()
                        .iterator()
                        .next()
                        .duplicate());
        ask("set of one twice", same, 1);
        settle();
        ask("describe after setting", describe(TOPIC, "cf", "retention.ms", "segment.ms"), 4);
    }

    private void alterLists() throws IOException {
        ask("append there already", alter(TOPIC, "cf", "cleanup.policy", APPEND, "compact"), 1);
        ask("subtract", alter(TOPIC, "cf", "cleanup.policy", SUBTRACT, "delete"), 1);
        settle();
        ask("describe subtracted", describe(TOPIC, "cf", "cleanup.policy"), 4);
        ask("append", alter(TOPIC, "cf", "cleanup.policy", APPEND, "delete"), 1);
        settle();
        ask("describe appended", describe(TOPIC, "cf", "cleanup.policy"), 4);
        ask("append bad", alter(TOPIC, "cf", "cleanup.policy", APPEND, "zzz"), 1);
        ask("append null", alter(TOPIC, "cf", "cleanup.policy", APPEND, null), 1);
        ask("append to a number", alter(TOPIC, "cf", "retention.ms", APPEND, "1"), 1);
        ask("subtract from a number", alter(TOPIC, "cf", "retention.ms", SUBTRACT, "1"), 1);
        ask("subtract all", alter(TOPIC, "cf", "cleanup.policy", SUBTRACT, "compact,delete"), 1);
        ask("subtract from default", alter(TOPIC, "_ok", "cleanup.policy", SUBTRACT, "delete"), 1);
        settle();
        ask("describe none left", describe(TOPIC, "cf", "cleanup.policy"), 4);
        ask("describe subtracted from default", describe(TOPIC, "_ok", "cleanup.policy"), 4);
    }

    private void alterBrokerConfigs() throws IOException {
        ask("set broker", alter(BROKER, "1", "log.cleaner.threads", SET, "2"), 1);
        ask("set all brokers", alter(BROKER, "", "log.retention.ms", SET, "100000"), 1);
        settle();
        ask("describe set broker", describe(BROKER, "1", "log.cleaner.threads", "log.retention.ms"), 4);
        ask("describe set of all brokers", describe(BROKER, ""), 4);
        ask("describe topic under set brokers", describe(TOPIC, "cf", "retention.ms"), 4);
        ask("describe other topic under set brokers", describe(TOPIC, "a.b", "retention.ms"), 4);
        ask("set broker, fixed", alter(BROKER, "1", "num.partitions", SET, "2"), 1);
        ask("set all brokers, fixed", alter(BROKER, "", "num.partitions", SET, "2"), 1);
        ask("set broker, unknown", alter(BROKER, "1", "nope", SET, "2"), 1);
        settle();
        ask("describe unknown of broker", describe(BROKER, "1", "nope"), 4);
        ask("set broker 2", alter(BROKER, "2", "log.cleaner.threads", SET, "2"), 1);
        ask("set broker x", alter(BROKER, "x", "log.cleaner.threads", SET, "2"), 1);
        ask("set broker, bad", alter(BROKER, "1", "log.cleaner.threads", SET, "x"), 1);
        ask("set broker, too small", alter(BROKER, "1", "log.cleaner.threads", SET, "-1"), 1);
        ask("set all brokers, bad", alter(BROKER, "", "message.max.bytes", SET, "x"), 1);
        ask("set all brokers, of one", alter(BROKER, "", "listeners", SET, "PLAINTEXT://:1"), 1);
        ask("set broker isr", alter(BROKER, "1", "min.insync.replicas", SET, "1"), 1);
        ask("set all brokers isr", alter(BROKER, "", "min.insync.replicas", SET, "2"), 1);
        ask("delete all brokers isr", alter(BROKER, "", "min.insync.replicas", DELETE, null), 1);
        ask("set all brokers isr back", alter(BROKER, "", "min.insync.replicas", SET, "1"), 1);
        ask("delete of broker", alter(BROKER, "1", "log.cleaner.threads", DELETE, null), 1);
        ask("delete of all brokers", alter(BROKER, "", "log.retention.ms", DELETE, null), 1);
        settle();
        ask("describe broker after deleting", describe(BROKER, "1", "log.cleaner.threads", "log.retention.ms"), 4);
    }

    private void alterOtherConfigs() throws IOException {
        ask("set group", alter(GROUP, "g1", "consumer.session.timeout.ms", SET, "46000"), 1);
        ask("set group too small", alter(GROUP, "g1", "consumer.session.timeout.ms", SET, "1"), 1);
        ask("set group too large", alter(GROUP, "g1", "streams.num.standby.replicas", SET, "9"), 1);
        ask("set group unknown", alter(GROUP, "g1", "nope", SET, "1"), 1);
        ask("set group bad", alter(GROUP, "g1", "share.auto.offset.reset", SET, "middle"), 1);
        ask("set group empty", alter(GROUP, "", "consumer.session.timeout.ms", SET, "46000"), 1);
        ask("set metrics", alter(METRICS, "m1", "interval.ms", SET, "1000"), 1);
        ask("set metrics bad", alter(METRICS, "m1", "interval.ms", SET, "1"), 1);
        ask("set metrics unknown", alter(METRICS, "m1", "nope", SET, "1"), 1);
        ask("set metrics empty", alter(METRICS, "", "interval.ms", SET, "1000"), 1);
        ask("set metrics bad match", alter(METRICS, "m1", "match", SET, "who=me"), 1);
        settle();
        ask("describe set group", describe(GROUP, "g1", "consumer.session.timeout.ms"), 4);
        ask("describe set metrics", describe(METRICS, "m1"), 4);
        ask("set logger bad", alter(LOGGER, "1", "root", SET, "ZZ"), 1);
        ask("set logger unknown", alter(LOGGER, "1", "no.such", SET, "INFO"), 1);
        ask("set logger of 2", alter(LOGGER, "2", "root", SET, "INFO"), 1);
    }

    private void replaceConfigs() throws IOException {
        ask("replace", replace(TOPIC, "cf", "retention.ms", "777", "segment.ms", "888"), 2);
        settle();
        ask("describe replaced", describe(TOPIC, "cf", "retention.ms", "segment.ms", "cleanup.policy"), 4);
        ask("replace again", replace(TOPIC, "cf", "retention.ms", "778"), 1);
        settle();
        ask("describe replaced again", describe(TOPIC, "cf", "retention.ms", "segment.ms"), 4);
        ask("replace bad", replace(TOPIC, "cf", "retention.ms", "x"), 2);
        ask("replace unknown", replace(TOPIC, "cf", "nope", "x"), 2);
        ask("replace of unknown topic", replace(TOPIC, "nope", "retention.ms", "1"), 2);
        ask("replace null", replace(TOPIC, "cf", "retention.ms", null), 2);
        ask("replace only checked", replace(TOPIC, "cf", "retention.ms", "5").setValidateOnly(true), 2);
        ask("replace twice", replace(TOPIC, "cf", "retention.ms", "5", "retention.ms", "6"), 2);
        ask("replace broker, fixed", replace(BROKER, "1", "num.partitions", "3"), 2);
        ask("replace type 9", replace(9, "1", "num.partitions", "3"), 2);
        ask("replace empty group", replace(GROUP, "", "consumer.session.timeout.ms", "46000"), 2);
    }

    private void deleteTopics() throws IOException {
        for (int version = 1; version <= 5; version++) {
            ask("delete unknown", deleteNames("nope"), version);
        }
        ask("delete unknown id", delete(new Uuid(5, 6)), 6);
        ask("delete neither", delete(Uuid.ZERO_UUID), 6);
        ask("delete by id", delete(id("paged")), 6);
        ask("delete by name", delete("a-b"), 6);
        ask("delete by name", deleteNames("a1"), 5);
        Uuid cf = id("cf");
        DeleteTopicsRequestData both = delete("cf");
        both.topics().get(0).setTopicId(cf);
        ask("delete by both", both, 6);
        ask("delete by id and by name", delete(cf, "cf"), 6);
        ask("delete id twice", delete(cf, cf), 6);
        ask("delete name twice", delete("cf", "cf"), 6);
        ask("delete unknown twice", delete("nope", "nope"), 6);
        ask("delete names twice", deleteNames("z1", "z1", "single"), 5);
        ask("delete empty name", delete(""), 6);
        ask("delete invalid name", delete("a b"), 6);
        ask("delete nothing", delete(), 6);
        ask("delete some", delete("nope", "a.b", new Uuid(1, 2)), 6);
        ask("delete configured", delete("cf"), 6);
        settle();
        ask("metadata of deleted", metadata("cf", "paged", "a-b", "single"), 12);
        ask("describe deleted", describe(TOPIC, "cf"), 4);
        ask("create deleted again", creation(topic("cf", 1, 1)), 7);
        settle();
        ask("describe created again", describe(TOPIC, "cf", "retention.ms", "segment.ms", "cleanup.policy"), 4);
        ask("create where nothing collides any more", creation(topic("a_b", 1, 1)), 7);
    }
}
