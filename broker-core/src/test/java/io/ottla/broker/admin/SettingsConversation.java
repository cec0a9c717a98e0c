package io.ottla.broker.admin;

import static io.ottla.broker.admin.Requests.alter;
import static io.ottla.broker.admin.Requests.assigned;
import static io.ottla.broker.admin.Requests.creation;
import static io.ottla.broker.admin.Requests.delete;
import static io.ottla.broker.admin.Requests.deleteNames;
import static io.ottla.broker.admin.Requests.describe;
import static io.ottla.broker.admin.Requests.metadata;
import static io.ottla.broker.admin.Requests.replace;
import static io.ottla.broker.admin.Requests.topic;
import static io.ottla.broker.admin.Requests.with;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;

/** One talk with a broker that is configured: what its settings do to topics, and how they are shown and changed. */
final class SettingsConversation {

    /** What the broker must be started with. */
    static final Map<String, String> SETTINGS = Map.ofEntries(
            Map.entry("auto.create.topics.enable", "false"),
            Map.entry("delete.topic.enable", "false"),
            Map.entry("num.partitions", "3"),
            Map.entry("log.retention.hours", "5"),
            Map.entry("log.roll.hours", "7"),
            Map.entry("log.segment.bytes", "10485760"),
            Map.entry("log.cleanup.policy", "compact,delete"),
            Map.entry("compression.type", "gzip"),
            Map.entry("message.max.bytes", "200000"),
            Map.entry("log.flush.interval.messages", "1000"),
            Map.entry("log.flush.interval.ms", "60000"),
            Map.entry("background.threads", "4"),
            Map.entry("group.max.size", "17"),
            Map.entry("ssl.key.password", "secret"));

    private static final int TOPIC = 2;
    private static final int BROKER = 4;
    private static final int SET = 0;
    private static final int DELETE = 1;
    private static final int APPEND = 2;
    private static final int SUBTRACT = 3;

    private final Questions questions;

    private SettingsConversation(Questions questions) {
        this.questions = questions;
    }

    /**
     * Holds the conversation with a broker on localhost that has the settings and no topics.
     *
     * @param whole whether each key of a broker is changed, too, in both places
     */
    static Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException {
        try (Questions questions = new Questions(port, settleMs)) {
            SettingsConversation conversation = new SettingsConversation(questions);
            conversation.useTopics();
            conversation.describeConfigs();
            conversation.changeConfigs();
            conversation.changeLists();
            conversation.refuseChanges();
            if (whole) {
                conversation.changeEach();
            }
            return questions.answers();
        }
    }

    private void useTopics() throws IOException {
        questions.ask("create with defaults", creation(topic("plain", -1, -1)), 7);
        questions.ask(
                "create with configs",
                creation(with(topic("own", 2, 1), "retention.ms", "1000", "segment.ms", "5")),
                7);
        questions.ask("create with an assignment", creation(assigned("placed", 0, 1)), 7);
        questions.ask("create by version 5", creation(topic("five", -1, -1)), 5);
        questions.settle();
        for (int version : new int[] {0, 3, 4, 12}) {
            questions.ask("metadata, create", metadata("nope").setAllowAutoTopicCreation(true), version);
        }
        questions.ask(
                "metadata, create internal", metadata("__consumer_offsets").setAllowAutoTopicCreation(true), 12);
        questions.ask("metadata, create bad name", metadata("a b").setAllowAutoTopicCreation(true), 12);
        for (int version = 1; version <= 5; version++) {
            questions.ask("delete", deleteNames("plain", "nope"), version);
        }
        questions.ask("delete by name", delete("plain", "nope", "plain"), 6);
        questions.ask("delete by id", delete(new Uuid(5, 6)), 6);
        questions.ask("delete nothing", delete(), 6);
        questions.settle();
        questions.ask("metadata of what is there", metadata("plain", "own", "placed", "five"), 12);
    }

    private void describeConfigs() throws IOException {
        questions.ask("describe plain topic", describe(TOPIC, "plain"), 4);
        questions.ask("describe own topic", describe(TOPIC, "own"), 4);
        questions.ask("describe own topic plainly", describe(TOPIC, "own").setIncludeSynonyms(false), 4);
        questions.ask("describe own topic", describe(TOPIC, "own"), 1);
        String[] keys = SETTINGS.keySet().stream().sorted().toArray(String[]::new);
        questions.ask("describe settings", describe(BROKER, "1", keys), 4);
        questions.ask("describe settings", describe(BROKER, "1", keys), 1);
        questions.ask("describe settings plainly", describe(BROKER, "1", keys).setIncludeSynonyms(false), 4);
        questions.ask("describe settings of all brokers", describe(BROKER, "", keys), 4);
        questions.ask(
                "describe neighbours",
                describe(
                        BROKER,
                        "1",
                        "log.retention.ms",
                        "log.retention.minutes",
                        "log.roll.ms",
                        "ssl.keystore.password"),
                4);
        questions.ask("describe a key twice", describe(BROKER, "1", "log.roll.ms", "log.roll.ms"), 4);
        questions.ask("describe no key", describe(BROKER, "1").setResources(List.of()), 4);
    }

    private void changeConfigs() throws IOException {
        questions.ask("set for all", alter(BROKER, "", "log.retention.ms", SET, "7000000"), 1);
        questions.ask("set for one", alter(BROKER, "1", "log.retention.ms", SET, "8000000"), 1);
        questions.ask("set message size", alter(BROKER, "", "message.max.bytes", SET, "300000"), 1);
        questions.ask("set compression", alter(BROKER, "1", "compression.type", SET, "zstd"), 1);
        questions.ask("set threads", alter(BROKER, "1", "background.threads", SET, "6"), 1);
        questions.settle();
        questions.ask("describe topic after setting", describe(TOPIC, "plain"), 4);
        questions.ask(
                "describe own topic after setting", describe(TOPIC, "own", "retention.ms", "max.message.bytes"), 4);
        questions.ask(
                "describe broker after setting",
                describe(
                        BROKER,
                        "1",
                        "log.retention.ms",
                        "log.retention.hours",
                        "message.max.bytes",
                        "compression.type",
                        "background.threads"),
                4);
        questions.ask("create after setting", creation(topic("young", 1, 1)), 7);
        questions.ask("unset for one", alter(BROKER, "1", "log.retention.ms", DELETE, null), 1);
        questions.settle();
        questions.ask("describe topic after unsetting", describe(TOPIC, "plain", "retention.ms"), 4);
        questions.ask("replace for one", replace(BROKER, "1", "background.threads", "5"), 2);
        questions.ask("replace for all", replace(BROKER, "", "log.retention.ms", "9000000"), 2);
        questions.settle();
        questions.ask("describe all brokers after replacing", describe(BROKER, ""), 4);
        questions.ask("describe topic after replacing", describe(TOPIC, "plain"), 4);
        questions.ask("replace by nothing for one", replace(BROKER, "1"), 2);
        questions.ask("replace by nothing for all", replace(BROKER, ""), 2);
        questions.settle();
        questions.ask("describe all brokers after emptying", describe(BROKER, ""), 4);
        questions.ask("describe topic after emptying", describe(TOPIC, "plain"), 4);
    }

    private void changeLists() throws IOException {
        questions.ask("append to static list", alter(BROKER, "1", "log.cleanup.policy", APPEND, "delete"), 1);
        questions.ask("subtract from static list", alter(BROKER, "1", "log.cleanup.policy", SUBTRACT, "compact"), 1);
        questions.settle();
        questions.ask("describe list of broker", describe(BROKER, "1", "log.cleanup.policy"), 4);
        questions.ask("describe list of topic", describe(TOPIC, "plain", "cleanup.policy"), 4);
        questions.ask("append to topic", alter(TOPIC, "plain", "cleanup.policy", APPEND, "delete"), 1);
        questions.settle();
        questions.ask("describe appended list of topic", describe(TOPIC, "plain", "cleanup.policy"), 4);
        questions.ask("append two", alter(TOPIC, "own", "cleanup.policy", APPEND, "compact,delete"), 1);
        questions.ask("append one twice", alter(TOPIC, "own", "cleanup.policy", APPEND, "compact,compact"), 1);
        questions.ask("subtract what is not there", alter(TOPIC, "own", "cleanup.policy", SUBTRACT, "nope"), 1);
        questions.ask("append nothing", alter(TOPIC, "own", "cleanup.policy", APPEND, ""), 1);
        questions.ask("set list to nothing", alter(TOPIC, "own", "cleanup.policy", SET, ""), 1);
        questions.settle();
        questions.ask("describe empty list", describe(TOPIC, "own", "cleanup.policy"), 4);
        questions.ask(
                "append to replicas", alter(TOPIC, "own", "leader.replication.throttled.replicas", APPEND, "0:1"), 1);
        questions.ask(
                "append to replicas badly",
                alter(TOPIC, "own", "leader.replication.throttled.replicas", APPEND, "x"),
                1);
        questions.ask("subtract from metric reporters", alter(BROKER, "1", "metric.reporters", SUBTRACT, "x"), 1);
    }

    private void refuseChanges() throws IOException {
        for (String key : List.of(
                "auto.create.topics.enable",
                "broker.id",
                "log.dirs",
                "log.retention.hours",
                "log.retention.minutes",
                "node.id",
                "process.roles",
                "advertised.listeners",
                "group.max.size",
                "nope")) {
            questions.ask("set fixed " + key, alter(BROKER, "1", key, SET, "5").setValidateOnly(true), 1);
            questions.ask(
                    "set fixed for all " + key, alter(BROKER, "", key, SET, "5").setValidateOnly(true), 1);
        }
        for (String value : List.of("", " ", "x", "-1", "0", "1.5", "99999999999", "3 ", "08")) {
            questions.ask(
                    "set threads to '" + value + "'",
                    alter(BROKER, "1", "num.io.threads", SET, value).setValidateOnly(true),
                    1);
            questions.ask(
                    "set retention to '" + value + "'",
                    alter(TOPIC, "own", "retention.ms", SET, value).setValidateOnly(true),
                    1);
            questions.ask(
                    "set a switch to '" + value + "'",
                    alter(TOPIC, "own", "preallocate", SET, value).setValidateOnly(true),
                    1);
            questions.ask(
                    "set a ratio to '" + value + "'",
                    alter(TOPIC, "own", "min.cleanable.dirty.ratio", SET, value).setValidateOnly(true),
                    1);
        }
        questions.ask("more threads than twice", alter(BROKER, "1", "num.io.threads", SET, "17"), 1);
        for (String key : List.of(
                "background.threads",
                "log.cleaner.threads",
                "num.network.threads",
                "num.recovery.threads.per.data.dir",
                "num.replica.fetchers")) {
            for (String count : List.of("0", "1", "2", "40")) {
                questions.ask(
                        "set " + key + " to " + count,
                        alter(BROKER, "", key, SET, count).setValidateOnly(true),
                        1);
            }
        }
        questions.ask("less threads than half", alter(BROKER, "1", "num.io.threads", SET, "3"), 1);
        IncrementalAlterConfigsRequestData mixed = alter(TOPIC, "own", "retention.ms", SET, "1");
        mixed.resources()
                .add(alter(BROKER, "1", "nope", SET, "1")
                        .resources()
                        .iterator()
                        .next()
                        .duplicate());
        mixed.resources()
                .add(alter(TOPIC, "nope", "retention.ms", SET, "1")
                        .resources()
                        .iterator()
                        .next()
                        .duplicate());
        questions.ask("set of several kinds", mixed.setValidateOnly(true), 1);
        for (String value : List.of("0", "1", "2", "-1")) {
            questions.ask(
                    "set isr to " + value,
                    alter(TOPIC, "own", "min.insync.replicas", SET, value).setValidateOnly(true),
                    1);
        }
        for (String key :
                List.of("remote.storage.enable", "remote.log.copy.disable", "unclean.leader.election.enable")) {
            questions.ask(
                    "switch on " + key, alter(TOPIC, "own", key, SET, "true").setValidateOnly(true), 1);
        }
    }

    /** Each key that a broker shows is set to the value that it has, there and for all brokers. */
    private void changeEach() throws IOException {
        DescribeConfigsResponseData all = (DescribeConfigsResponseData) questions.call(describe(BROKER, "1"), 4);
        for (DescribeConfigsResponseData.DescribeConfigsResourceResult each :
                all.results().get(0).configs()) {
            if (each.name().equals("ssl.engine.factory.class") || each.name().startsWith("listener")) {
                // A class that is not there, and ports that differ.
                continue;
            }
            String value = each.value() == null ? "x" : each.value();
            questions.ask(
                    "each " + each.name(),
                    alter(BROKER, "1", each.name(), SET, value).setValidateOnly(true),
                    1);
            questions.ask(
                    "each for all " + each.name(),
                    alter(BROKER, "", each.name(), SET, value).setValidateOnly(true),
                    1);
        }
    }
}
