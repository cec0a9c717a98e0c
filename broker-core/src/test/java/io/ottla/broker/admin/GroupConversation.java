package io.ottla.broker.admin;

import static io.ottla.broker.admin.GroupRequests.assign;
import static io.ottla.broker.admin.GroupRequests.beat;
import static io.ottla.broker.admin.GroupRequests.commit;
import static io.ottla.broker.admin.GroupRequests.deleteOffset;
import static io.ottla.broker.admin.GroupRequests.describe;
import static io.ottla.broker.admin.GroupRequests.describeConsumers;
import static io.ottla.broker.admin.GroupRequests.enter;
import static io.ottla.broker.admin.GroupRequests.fetch;
import static io.ottla.broker.admin.GroupRequests.heartbeat;
import static io.ottla.broker.admin.GroupRequests.join;
import static io.ottla.broker.admin.GroupRequests.leave;
import static io.ottla.broker.admin.GroupRequests.member;
import static io.ottla.broker.admin.GroupRequests.owning;
import static io.ottla.broker.admin.GroupRequests.protocol;
import static io.ottla.broker.admin.GroupRequests.subscription;
import static io.ottla.broker.admin.GroupRequests.sync;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * One long talk with a broker about groups of both protocols and their offsets, good requests and bad ones. Held with Apache Kafka it
 * makes the reference; held with Ottla it must give the same answers.
 */
final class GroupConversation implements AutoCloseable {

    private static final String TOPIC = GroupRequests.TOPIC;

    private final KafkaWire wire;
    private final KafkaWire other;
    private final Map<String, String> answers = new LinkedHashMap<>();

    /** What stands for member ids, which differ from run to run. */
    private final Map<String, String> names = new LinkedHashMap<>();

    private Uuid topicId;

    private GroupConversation(String host, int port) throws IOException {
        wire = new KafkaWire(host, port);
        other = new KafkaWire(host, port);
    }

    /** Holds the conversation with a broker that has no topics and no groups. */
    static Map<String, String> hold(String host, int port) throws IOException {
        try (GroupConversation conversation = new GroupConversation(host, port)) {
            conversation.prepare();
            conversation.joinClassic();
            conversation.refuseClassic();
            conversation.useStaticMembers();
            conversation.rebalance();
            conversation.commitOffsets();
            conversation.refuseConsumers();
            conversation.joinConsumers();
            conversation.useStaticConsumers();
            conversation.migrate();
            conversation.administer();
            return conversation.answers;
        }
    }

    @Override
    public void close() throws IOException {
        wire.close();
        other.close();
    }

    private ApiMessage ask(String label, ApiMessage request, int version) throws IOException {
        ApiMessage answer = wire.call(request, version);
        note(label, answer, version);
        return answer;
    }

    private void note(String label, ApiMessage answer, int version) {
        if (answers.put(label + " v" + version, KafkaWire.text(answer, version, this::rename)) != null) {
            throw new IllegalArgumentException("Asked twice: " + label);
        }
    }

    private String rename(String text) {
        String renamed = text;
        for (Map.Entry<String, String> name : names.entrySet()) {
            renamed = renamed.replace(name.getKey(), name.getValue());
        }
        return renamed;
    }

    /** Makes the topic, and waits for the coordinator. */
    private void prepare() throws IOException {
        CreateTopicsRequestData creation = new CreateTopicsRequestData().setTimeoutMs(10_000);
        creation.topics()
                .add(new CreateTopicsRequestData.CreatableTopic()
                        .setName(TOPIC)
                        .setNumPartitions(4)
                        .setReplicationFactor((short) 1));
        wire.call(creation, 7);
        short error = -1;
        while (error != 0 || topicId == null || topicId.equals(Uuid.ZERO_UUID)) {
            MetadataRequestData metadata = new MetadataRequestData();
            metadata.topics().add(new MetadataRequestData.MetadataRequestTopic().setName(TOPIC));
            MetadataResponseData known = (MetadataResponseData) wire.call(metadata, 12);
            topicId = known.topics().iterator().next().topicId();
            wire.call(new FindCoordinatorRequestData().setCoordinatorKeys(new ArrayList<>(List.of("warm-up"))), 4);
            JoinGroupResponseData joined = (JoinGroupResponseData) wire.call(join("warm-up", ""), 2);
            error = joined.errorCode();
            if (error == 0) {
                wire.call(leave("warm-up", member(joined.memberId(), null)), 3);
                wire.call(new DeleteGroupsRequestData().setGroupsNames(List.of("warm-up")), 2);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
    }

    /** Makes a classic member in a group of its own, and gives its id. */
    private String newMember(String group, String name, String instanceId) throws IOException {
        String id = "";
        if (instanceId == null) {
            id = ((JoinGroupResponseData) wire.call(join(group, ""), 9)).memberId();
        }
        JoinGroupResponseData joined =
                (JoinGroupResponseData) wire.call(join(group, id).setGroupInstanceId(instanceId), 9);
        names.put(joined.memberId(), name);
        wire.call(
                assign(
                        sync(group, joined.memberId(), joined.generationId()).setGroupInstanceId(instanceId),
                        joined.memberId(),
                        0,
                        1,
                        2,
                        3),
                5);
        return joined.memberId();
    }

    private void joinClassic() throws IOException {
        for (int version = 0; version <= 9; version++) {
            String group = "classic" + version;
            JoinGroupResponseData joined = (JoinGroupResponseData) wire.call(join(group, ""), version);
            String id = joined.memberId();
            names.put(id, "<member" + version + ">");
            note("join", joined, version);
            if (version >= 4) {
                ask("heartbeat of a pending member of " + group, heartbeat(group, id, 1), Math.min(4, version));
                ask("join with the id", join(group, id), version);
            }
            ask("describe while completing " + group, describe(group), Math.min(6, version));
            ask("heartbeat while completing " + group, heartbeat(group, id, 1), Math.min(4, version));
            ask("commit while completing " + group, commit(group, id, 1, 0), Math.max(2, version));
            ask("sync as leader " + group, assign(sync(group, id, 1), id, 0, 1), Math.min(5, version));
            ask("sync again " + group, sync(group, id, 1), Math.min(5, version));
            ask("heartbeat " + group, heartbeat(group, id, 1), Math.min(4, version));
            ask("describe " + group, describe(group), Math.min(6, version));
            ask("commit " + group, commit(group, id, 1, 0), Math.max(2, version));
            int leaveVersion = Math.min(5, version);
            ask(
                    "leave " + group,
                    leaveVersion < 3
                            ? new LeaveGroupRequestData().setGroupId(group).setMemberId(id)
                            : leave(group, member(id, null)),
                    leaveVersion);
            ask("describe empty " + group, describe(group), Math.min(6, version));
        }
    }

    private void refuseClassic() throws IOException {
        ask("join without group", join("", ""), 9);
        ask("join with unknown id", join("none", "who"), 9);
        ask("join with unknown id", join("none", "who"), 2);
        ask("join, short session", join("none", "").setSessionTimeoutMs(5_999), 9);
        ask("join, long session", join("none", "").setSessionTimeoutMs(1_800_001), 9);
        ask("join without type", join("none", "").setProtocolType(""), 9);
        JoinGroupRequestData empty = join("none", "");
        empty.protocols().clear();
        ask("join without protocols", empty, 9);
        for (int version = 0; version <= 4; version++) {
            ask("heartbeat to no group", heartbeat("no-group", "who", 1), version);
        }
        ask("heartbeat without group", heartbeat("", "who", 1), 4);
        ask("sync to no group", sync("no-group", "who", 1), 5);
        ask("sync to no group", sync("no-group", "who", 1), 0);
        ask("sync without group", sync("", "who", 1), 5);
        ask("leave no group", leave("no-group", member("who", null), member("", "i")), 5);
        ask("leave no group", new LeaveGroupRequestData().setGroupId("no-group").setMemberId("who"), 2);
        ask("leave without group", leave("", member("who", null)), 5);
        String id = newMember("one", "<one>", null);
        ask("heartbeat of a stranger", heartbeat("one", "who", 1), 4);
        ask("heartbeat of another generation", heartbeat("one", id, 2), 4);
        ask("heartbeat of an unknown instance", heartbeat("one", id, 1).setGroupInstanceId("i"), 4);
        ask("sync of a stranger", sync("one", "who", 1), 5);
        ask("sync of another generation", sync("one", id, 2), 5);
        ask("sync of another type", sync("one", id, 1).setProtocolType("connect"), 5);
        ask("sync of another protocol", sync("one", id, 1).setProtocolName("sticky"), 5);
        ask("sync with neither", sync("one", id, 1).setProtocolName(null).setProtocolType(null), 5);
        ask("join of a stranger", join("one", "who"), 9);
        ask("join of another type", join("one", "").setProtocolType("connect"), 9);
        JoinGroupRequestData strange = join("one", "");
        strange.protocols().clear();
        ask("join of another protocol", protocol(strange, "sticky", subscription()), 9);
        ask("join of an unknown instance", join("one", id).setGroupInstanceId("i"), 9);
        ask("leave of several", leave("one", member("who", null), member("", "i"), member(id, "i")), 5);
        ask("delete with members", new DeleteGroupsRequestData().setGroupsNames(List.of("one", "no-group")), 2);
        ask("delete offset of a read topic", deleteOffset("one", TOPIC, 0), 0);
        ask("leave of it twice", leave("one", member(id, null), member(id, null)), 5);
    }

    private void useStaticMembers() throws IOException {
        String first = newMember("static", "<static 1>", "i");
        ask("describe static", describe("static"), 6);
        ask("heartbeat static", heartbeat("static", first, 1).setGroupInstanceId("i"), 4);
        JoinGroupResponseData again =
                (JoinGroupResponseData) wire.call(join("static", "").setGroupInstanceId("i"), 9);
        names.put(again.memberId(), "<static 2>");
        note("join static again", again, 9);
        ask("heartbeat fenced", heartbeat("static", first, 1).setGroupInstanceId("i"), 4);
        ask("heartbeat fenced, without instance", heartbeat("static", first, 1), 4);
        ask("sync fenced", sync("static", first, 1).setGroupInstanceId("i"), 5);
        ask("commit fenced", commit("static", first, 1, 0).setGroupInstanceId("i"), 9);
        ask("join fenced", join("static", first).setGroupInstanceId("i"), 9);
        ask("leave fenced", leave("static", member(first, "i")), 5);
        ask("sync of the new one", sync("static", again.memberId(), 1).setGroupInstanceId("i"), 5);
        JoinGroupResponseData old =
                (JoinGroupResponseData) wire.call(join("static", "").setGroupInstanceId("i"), 5);
        names.put(old.memberId(), "<static 3>");
        note("join static again", old, 5);
        ask("remove static", leave("static", member("", "i")), 5);
    }

    /** A second member comes, and the first rejoins. */
    private void rebalance() throws IOException {
        String first = newMember("two", "<first>", null);
        String second = ((JoinGroupResponseData) other.call(join("two", ""), 9)).memberId();
        names.put(second, "<second>");
        CompletableFuture<ApiMessage> joining = CompletableFuture.supplyAsync(() -> {
            try {
                return other.call(join("two", second), 9);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        while (((HeartbeatResponseData) wire.call(heartbeat("two", first, 1), 4)).errorCode() == 0) {
            Thread.onSpinWait();
        }
        ask("heartbeat while preparing", heartbeat("two", first, 1), 4);
        ask("sync while preparing", sync("two", first, 1), 5);
        ask("commit while preparing", commit("two", first, 1, 0), 9);
        ask("describe while preparing", describe("two"), 6);
        ask("rejoin", join("two", first), 9);
        note("join of the second", joining.join(), 9);
        ask("commit of the generation before", commit("two", first, 1, 0), 9);
        ask("sync of two", assign(assign(sync("two", first, 2), first, 0, 1), second, 2, 3), 5);
        ask("sync of the second", sync("two", second, 2), 5);
        ask("follower rejoins", join("two", second), 9);
        ask("describe two", describe("two"), 6);
        ask("leave both", leave("two", member(first, null), member(second, null)), 5);
    }

    private void commitOffsets() throws IOException {
        for (int version = 2; version <= 10; version++) {
            OffsetCommitRequestData simple = commit("simple", "", -1, 0, 1);
            OffsetCommitRequestData unknown = commit("simple", "", -1, 0);
            if (version == 10) {
                simple.topics().get(0).setName("").setTopicId(topicId);
                unknown.topics().get(0).setName("").setTopicId(new Uuid(5, 6));
            } else {
                unknown.topics().get(0).setName("unknown");
            }
            ask("commit simply", simple, version);
            ask("commit unknown topic", unknown, version);
            ask("commit as a member of no group", byId(commit("no-group", "who", 3, 0), version), version);
            ask("commit as a stranger", byId(commit("simple", "who", 3, 0), version), version);
        }
        ask("commit an unknown partition", commit("simple", "", -1, 9, 0), 9);
        OffsetCommitRequestData large = commit("simple", "", -1, 0);
        large.topics().get(0).partitions().get(0).setCommittedMetadata("x".repeat(4097));
        ask("commit large metadata", large, 9);
        OffsetCommitRequestData none = commit("simple", "", -1, 2);
        none.topics().get(0).partitions().get(0).setCommittedMetadata(null);
        ask("commit no metadata", none, 9);
        ask("commit without group", commit("", "", -1, 0), 9);
        for (int version = 1; version <= 10; version++) {
            fetchOffsets(version);
        }
        ask("describe simple", describe("simple"), 6);
        ask("describe simple", describe("simple"), 5);
        ask("describe simple as consumers", describeConsumers("simple", "", "no-group"), 1);
        ask("delete offsets", deleteOffset("simple", TOPIC, 1, 3, 9), 0);
        ask("delete offsets of an unknown topic", deleteOffset("simple", "unknown", 0), 0);
        ask("delete offsets of no group", deleteOffset("no-group", TOPIC, 0), 0);
        ask("delete offsets without group", deleteOffset("", TOPIC, 0), 0);
        ask("delete simple", new DeleteGroupsRequestData().setGroupsNames(List.of("simple", "")), 2);
    }

    private OffsetCommitRequestData byId(OffsetCommitRequestData request, int version) {
        if (version == 10) {
            request.topics().get(0).setName("").setTopicId(topicId);
        }
        return request;
    }

    private void fetchOffsets(int version) throws IOException {
        if (version < 8) {
            OffsetFetchRequestData.OffsetFetchRequestTopic topic =
                    new OffsetFetchRequestData.OffsetFetchRequestTopic().setName(TOPIC);
            OffsetFetchRequestData request = new OffsetFetchRequestData()
                    .setGroupId("simple")
                    .setTopics(List.of(topic.setPartitionIndexes(List.of(0, 2, 3, 9))));
            ask("fetch", request, version);
            ask("fetch of no group", request.duplicate().setGroupId("no-group"), version);
            if (version >= 2) {
                ask("fetch all", request.duplicate().setTopics(null), version);
            }
            return;
        }
        OffsetFetchRequestData request = fetch("simple", null, -1, 0, 2, 3, 9);
        OffsetFetchRequestData none = fetch("no-group", "who", 3, 0);
        OffsetFetchRequestData stranger = fetch("simple", "who", 3, 0);
        if (version == 10) {
            for (OffsetFetchRequestData each : List.of(request, none, stranger)) {
                each.groups().get(0).topics().get(0).setName("").setTopicId(topicId);
            }
        }
        ask("fetch", request, version);
        ask("fetch of no group", none, version);
        ask("fetch of a stranger", stranger, version);
        ask("fetch all", fetch("simple", null, -1), version);
        ask("fetch all, stable", fetch("simple", null, -1).setRequireStable(true), version);
        if (version == 10) {
            OffsetFetchRequestData unknown = fetch("simple", null, -1, 0);
            unknown.groups().get(0).topics().get(0).setName("").setTopicId(new Uuid(5, 6));
            ask("fetch of an unknown id", unknown, version);
        }
    }

    private void refuseConsumers() throws IOException {
        for (int version = 0; version <= 1; version++) {
            ask("beat without id", beat("cg", "", 1), version);
            ask("beat, join without id", enter("cg", "").setSubscribedTopicNames(null), version);
            ask("beat without group", enter("", "a"), version);
            ask("beat with an empty instance", enter("cg", "a").setInstanceId(""), version);
            ask("beat with an empty rack", enter("cg", "a").setRackId(""), version);
            ask("beat of a strange epoch", beat("cg", "a", -3), version);
            ask("beat, back without instance", beat("cg", "a", -2), version);
            ask("beat without timeout", enter("cg", "a").setRebalanceTimeoutMs(-1), version);
            ask("beat without partitions", enter("cg", "a").setTopicPartitions(null), version);
            ask(
                    "beat with partitions",
                    enter("cg", "a")
                            .setTopicPartitions(owning(topicId, "cg", "a", 0, 1).topicPartitions()),
                    version);
            ask("beat without topics", enter("cg", "a").setSubscribedTopicNames(null), version);
            ask("beat of another assignor", enter("cg", "a").setServerAssignor("sticky"), version);
            ask("beat to no group", beat("cg", "a", 1), version);
            ask("leave to no group", beat("cg", "a", -1), version);
        }
        ask("beat of a bad pattern", enter("cg", "a").setSubscribedTopicRegex("("), 1);
        ask("beat of no topics, no pattern", enter("cg2", "a").setSubscribedTopicNames(List.of()), 1);
        ask("describe of no topics", describeConsumers("cg2"), 1);
        ask("leave of it", beat("cg2", "a", -1), 1);
    }

    private void joinConsumers() throws IOException {
        ConsumerGroupHeartbeatResponseData old = (ConsumerGroupHeartbeatResponseData) wire.call(enter("cg0", ""), 0);
        names.put(old.memberId(), "<made>");
        note("enter without id", old, 0);
        ask("enter", enter("cg", "a"), 1);
        ask("beat", beat("cg", "a", 2), 1);
        ask("beat with all", owning(topicId, "cg", "a", 2, 0, 1, 2, 3), 1);
        ask("beat of a greater epoch", beat("cg", "a", 3), 1);
        ask("beat of a stranger", beat("cg", "who", 2), 1);
        ask("describe one", describeConsumers("cg"), 0);
        ask("describe one", describeConsumers("cg"), 1);
        ask("describe one as classic", describe("cg"), 6);
        ask("describe one as classic", describe("cg"), 5);
        ask("enter as second", enter("cg", "b"), 1);
        ask("describe assigning", describeConsumers("cg"), 1);
        ask("beat of the first", beat("cg", "a", 2), 1);
        ask("beat of the waiting", beat("cg", "b", 3), 1);
        ask("beat of the first, not yet", owning(topicId, "cg", "a", 2, 0, 1, 2, 3), 1);
        ask("describe revoking", describeConsumers("cg"), 1);
        ask("commit while revoking", commit("cg", "a", 2, 0, 3), 9);
        ask("beat of the first, given up", owning(topicId, "cg", "a", 2, 0, 1), 1);
        ask("beat of the waiting again", beat("cg", "b", 3), 1);
        ask("beat of the epoch before", owning(topicId, "cg", "a", 2, 0), 1);
        ask("beat of the epoch before, with others", owning(topicId, "cg", "a", 2, 3), 1);
        ask("beat of the epoch before, saying nothing", beat("cg", "a", 2), 1);
        ask("describe both", describeConsumers("cg"), 1);
        for (int version = 8; version <= 9; version++) {
            ask("commit of the epoch", commit("cg", "a", 3, 0), version);
            ask("commit of the epoch before", commit("cg", "a", 2, 0), version);
            ask("commit of the epoch before, of another's", commit("cg", "a", 2, 3), version);
            ask("commit of a greater epoch", commit("cg", "a", 4, 0), version);
            ask("commit of nobody", commit("cg", "", -1, 0), version);
            ask("commit of a stranger to consumers", commit("cg", "who", 3, 0), version);
        }
        ask("fetch of a member", fetch("cg", "a", 3, 0), 9);
        ask("fetch of another epoch", fetch("cg", "a", 2, 0), 9);
        ask("fetch of a stranger to consumers", fetch("cg", "who", 3, 0), 9);
        ask("fetch of nobody", fetch("cg", null, -1, 0), 9);
        ask("delete offsets that are read", deleteOffset("cg", TOPIC, 0), 0);
        ask("delete consumers", new DeleteGroupsRequestData().setGroupsNames(List.of("cg")), 2);
        ask("classic heartbeat of a consumer", heartbeat("cg", "a", 3), 4);
        ask("classic sync of a consumer", sync("cg", "a", 3), 5);
        ask("range from now on", beat("cg", "a", 3).setServerAssignor("range"), 1);
        ask("describe range", describeConsumers("cg"), 1);
        ask("leave of the second", beat("cg", "b", -1), 1);
        ask("leave again", beat("cg", "b", -1), 1);
        ask("describe after it", describeConsumers("cg"), 1);
        ask("remove the first", leave("cg", member("a", null), member("who", null)), 5);
        ask("describe empty", describeConsumers("cg"), 1);
    }

    private void useStaticConsumers() throws IOException {
        ask("enter static", enter("sg", "a").setInstanceId("i"), 1);
        ask("enter static, taken", enter("sg", "b").setInstanceId("i"), 1);
        ask("beat of the wrong one", beat("sg", "b", 2).setInstanceId("i"), 1);
        ask("beat of an unknown instance", beat("sg", "a", 2).setInstanceId("j"), 1);
        ask("leave for a while", beat("sg", "a", -2).setInstanceId("i"), 1);
        ask("describe left", describeConsumers("sg"), 1);
        ask("enter static again", enter("sg", "b").setInstanceId("i"), 1);
        ask("beat of the replaced", beat("sg", "a", 2), 1);
        ask("beat of the replaced, as instance", beat("sg", "a", 2).setInstanceId("i"), 1);
        ask("describe static consumers", describeConsumers("sg"), 1);
        ask("leave static", beat("sg", "b", -1).setInstanceId("i"), 1);
    }

    private void migrate() throws IOException {
        String id = newMember("mg", "<classic>", null);
        ask("enter a classic group", enter("mg", "new"), 1);
        ask("describe mixed", describeConsumers("mg"), 1);
        ask("describe mixed as classic", describe("mg"), 6);
        ask("classic heartbeat, to rejoin", heartbeat("mg", id, 1), 4);
        ask("classic sync, to rejoin", sync("mg", id, 1), 5);
        ask("classic commit before", commit("mg", id, 1, 0), 8);
        ask("classic rejoin", join("mg", id, 0, 1, 2, 3), 9);
        ask("describe mixed, revoking", describeConsumers("mg"), 1);
        ask("classic sync, revoking", sync("mg", id, 1), 5);
        ask("classic heartbeat, revoking", heartbeat("mg", id, 1), 4);
        ask("classic rejoin, revoked", join("mg", id, 0, 1), 8);
        ask("classic sync", sync("mg", id, 2), 4);
        ask("classic heartbeat", heartbeat("mg", id, 2), 4);
        ask("classic sync of another protocol", sync("mg", id, 2).setProtocolName("sticky"), 5);
        ask("classic sync of another type", sync("mg", id, 2).setProtocolType("connect"), 5);
        ask("classic sync of another generation", sync("mg", id, 1), 5);
        ask("classic heartbeat of an instance", heartbeat("mg", id, 2).setGroupInstanceId("i"), 4);
        ask("consumer gets the rest", beat("mg", "new", 2), 1);
        ask("describe mixed, stable", describeConsumers("mg"), 1);
        ask("classic commit", commit("mg", id, 2, 0), 8);
        ask("classic commit of the generation before", commit("mg", id, 1, 3), 8);
        ask("classic commit of the next generation", commit("mg", id, 3, 0), 8);
        ask("classic fetch of another generation", fetch("mg", id, 1, 0), 9);
        JoinGroupResponseData named = (JoinGroupResponseData) wire.call(join("mg", ""), 9);
        names.put(named.memberId(), "<another>");
        note("classic join without id", named, 9);
        ask("classic join of another type", join("mg", "x").setProtocolType("connect"), 9);
        JoinGroupRequestData strange = join("mg", "x");
        strange.protocols().clear();
        ask("classic join without protocol", strange.duplicate(), 9);
        ask("classic join of another protocol", protocol(strange, "sticky", subscription()), 9);
        ask("classic join of an unknown instance", join("mg", "x").setGroupInstanceId("j"), 9);
        JoinGroupRequestData malformed = join("mg", "x");
        malformed.protocols().clear();
        byte[] nonsense = "\0\1nonsense".getBytes(StandardCharsets.UTF_8);
        ask("classic join, malformed", protocol(malformed, "range", nonsense), 9);
        ask("last consumer leaves", beat("mg", "new", -1), 1);
        ask("describe downgraded", describe("mg"), 6);
        ask("describe downgraded as consumers", describeConsumers("mg"), 1);
        ask("heartbeat downgraded", heartbeat("mg", id, 2), 4);
        ask("rejoin downgraded", join("mg", id, 0, 1), 9);
        ask("sync downgraded", assign(sync("mg", id, 3), id, 0, 1, 2, 3), 5);
        ask("enter again", enter("mg", "new"), 1);
        ask("leave mixed", leave("mg", member(id, null), member("new", null), member("", "i")), 5);
        ask("describe mixed, empty", describeConsumers("mg"), 1);
        ask("join empty with an id", join("mg", "x"), 9);
        JoinGroupResponseData joined = (JoinGroupResponseData) wire.call(join("mg", ""), 9);
        names.put(joined.memberId(), "<joined>");
        note("join empty", joined, 9);
        migrateStatic();
    }

    private void migrateStatic() throws IOException {
        String id = newMember("ms", "<static classic>", "i");
        ask("enter for a classic static one", enter("ms", "new").setInstanceId("i"), 1);
        ask("heartbeat of the replaced classic one", heartbeat("ms", id, 1).setGroupInstanceId("i"), 4);
        ask("describe replaced", describeConsumers("ms"), 1);
        JoinGroupResponseData back =
                (JoinGroupResponseData) wire.call(join("ms", "").setGroupInstanceId("i"), 9);
        names.put(back.memberId(), "<back>");
        note("classic static one is back", back, 9);
        ask("describe back", describe("ms"), 6);
        ask(
                "sync of the one that is back",
                sync("ms", back.memberId(), back.generationId()).setGroupInstanceId("i"),
                5);
        ask(
                "heartbeat of the one that is back",
                heartbeat("ms", back.memberId(), back.generationId()).setGroupInstanceId("i"),
                4);
    }

    private void administer() throws IOException {
        for (int version = 0; version <= 5; version++) {
            ask("list", new ListGroupsRequestData(), version);
        }
        for (String filter : List.of("Stable", "stable", "EMPTY", "Dead", "nonsense", "CompletingRebalance")) {
            ask("list " + filter, new ListGroupsRequestData().setStatesFilter(List.of(filter)), 5);
        }
        for (String filter : List.of("classic", "Consumer", "share", "nonsense")) {
            ask("list of type " + filter, new ListGroupsRequestData().setTypesFilter(List.of(filter)), 5);
        }
        for (int version = 0; version <= 2; version++) {
            ask(
                    "delete groups",
                    new DeleteGroupsRequestData().setGroupsNames(List.of("cg", "sg", "ms", "none")),
                    version);
        }
        ask("describe several", describe("classic0", "none", "cg0", "").setIncludeAuthorizedOperations(true), 6);
    }
}
