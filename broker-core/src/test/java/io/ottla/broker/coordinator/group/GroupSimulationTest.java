package io.ottla.broker.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.coordinator.ListOutput;
import io.ottla.broker.coordinator.group.GroupFixture.Answer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.GroupMetadataKey;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.JoinGroupResponse.JoinGroupResponseMember;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.SyncGroupResponse;
import io.ottla.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Random members of a classic group, without network or disk: they join, leave, die, come late and come back, commit offsets, and the
 * coordinator is loaded anew from its records in between. After every step a second coordinator that replays the log must equal the
 * live one.
 */
class GroupSimulationTest {

    private static final int RUNS = Integer.getInteger("ottla.simulation.runs", 150);

    /** Where to begin. */
    private static final int SEED = Integer.getInteger("ottla.simulation.seed", 0);

    private static final int STEPS = 120;
    private static final int PARTITIONS = 7;

    @Test
    void shouldAgreeWithItsLogWhateverMembersDo() {
        for (int seed = SEED; seed < SEED + RUNS; seed++) {
            try {
                new Simulation(seed).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed " + seed + ", again with -Dottla.simulation.runs=1 -Dottla.simulation.seed=" + seed, e);
            }
        }
    }

    /** A client of the group: it does what the protocol asks for, at times of the simulation's choice. */
    private static final class Client {
        private final String instanceId;
        private String memberId = "";
        private int generation = -1;
        private boolean wantsToJoin = true;
        private String[] protocols = {"range"};
        private Answer<JoinGroupResponse> join;
        private Answer<SyncGroupResponse> sync;
        private JoinGroupResponse joined;
        private String owned;

        private Client(String instanceId) {
            this.instanceId = instanceId;
        }

        private void lost() {
            memberId = "";
            rejoin();
        }

        private void rejoin() {
            wantsToJoin = true;
            owned = null;
            joined = null;
        }
    }

    private static final class Simulation {
        private final Random random;
        private final GroupFixture fixture;
        private final ListOutput<GroupShard> out;
        private final List<Client> clients = new ArrayList<>();
        private final Map<String, String> settled = new TreeMap<>();

        /** Reads every record as it comes. */
        private final GroupShard follower;

        private int comparedCount;
        private int highestGeneration;
        private int instanceCount;

        private Simulation(int seed) {
            random = new Random(seed);
            GroupConfig config = GroupFixture.CONFIG;
            int delayMs = random.nextInt(3) == 0 ? 3_000 : 0;
            int maxSize = random.nextInt(4) == 0 ? 3 : 100;
            fixture = new GroupFixture(new GroupConfig(
                    config.minSessionTimeoutMs(),
                    config.maxSessionTimeoutMs(),
                    delayMs,
                    maxSize,
                    config.offsetMetadataMaxSize(),
                    config.offsetsRetentionMs(),
                    config.offsetsRetentionCheckIntervalMs()));
            out = fixture.out;
            follower = fixture.newShard();
            out.onAppend(record -> {
                follower.replay(record, out.log().size() - 1, RecordBatch.NO_PRODUCER_ID);
                if (record.key() instanceof GroupMetadataKey key) {
                    if (record.value() == null) {
                        settled.remove(key.group());
                        highestGeneration = 0;
                    } else {
                        settled.put(key.group(), GroupSnapshot.of(fixture.group()));
                    }
                }
            });
        }

        private void run() {
            for (int step = 0; step < STEPS; step++) {
                act();
                hearAnswers();
                check();
            }
            settle();
        }

        private void act() {
            int dice = random.nextInt(100);
            if (dice < 8 && clients.size() < 6) {
                clients.add(new Client(random.nextInt(3) == 0 ? "static" + instanceCount++ : null));
            } else if (dice < 14) {
                out.advance(random.nextInt(random.nextInt(5) == 0 ? 70_000 : 3_000));
            } else if (dice < 16) {
                reload();
            } else if (dice < 17) {
                fixture.shard().removal().dropTopics((topic, id) -> topic.equals("topic"), out);
            } else if (dice < 19) {
                fixture.commit(
                        "", -1, random.nextBoolean() ? "topic" : "other", random.nextInt(3), random.nextInt(100));
            } else if (dice < 20) {
                fixture.shard().queries().delete(GroupFixture.GROUP, out);
            } else if (!clients.isEmpty()) {
                act(clients.get(random.nextInt(clients.size())), random.nextInt(100));
            }
        }

        private void act(Client client, int dice) {
            if (dice < 3) {
                // Gone without a word; a static one may come back as another process.
                clients.remove(client);
                if (client.instanceId != null && random.nextBoolean()) {
                    clients.add(new Client(client.instanceId));
                }
            } else if (dice < 6 && !client.memberId.isEmpty()) {
                fixture.leave(new MemberIdentity()
                        .memberId(client.memberId)
                        .groupInstanceId(random.nextBoolean() ? client.instanceId : null));
                clients.remove(client);
            } else if (dice < 9) {
                client.protocols = random.nextBoolean() ? new String[] {"range"} : new String[] {"sticky", "range"};
                client.rejoin();
            } else if (dice < 12 && client.join != null) {
                // Gives up waiting and asks again.
                client.join = null;
                client.wantsToJoin = true;
            } else if (dice < 20 && client.owned != null) {
                fixture.commit(
                        GroupFixture.commitRequest(
                                        client.memberId,
                                        client.generation,
                                        "topic",
                                        random.nextInt(3),
                                        random.nextInt(100))
                                .groupInstanceId(client.instanceId),
                        9);
            } else if (dice < 24) {
                fixture.heartbeat("nobody", random.nextInt(3));
                fixture.join("nobody");
                fixture.sync("nobody", random.nextInt(3), Map.of());
            } else {
                behave(client);
            }
        }

        /** What the client's protocol asks for next. */
        private void behave(Client client) {
            if (client.join != null || client.sync != null) {
                return;
            }
            if (client.wantsToJoin) {
                JoinGroupRequest request = GroupFixture.joinRequest(client.memberId, client.protocols)
                        .groupInstanceId(client.instanceId);
                client.wantsToJoin = false;
                client.join = fixture.join(request, random.nextInt(4) == 0 ? 3 : 9);
            } else if (client.joined != null) {
                client.sync = fixture.sync(
                        GroupFixture.syncRequest(client.memberId, client.generation, assignmentsOf(client.joined))
                                .groupInstanceId(client.instanceId));
                client.joined = null;
            } else {
                onError(client, fixture.heartbeat(client.memberId, client.instanceId, client.generation));
            }
        }

        private static Map<String, String> assignmentsOf(JoinGroupResponse joined) {
            Map<String, String> assignments = new HashMap<>();
            List<JoinGroupResponseMember> members = joined.members();
            if (joined.skipAssignment() || members.isEmpty()) {
                return assignments;
            }
            for (int partition = 0; partition < PARTITIONS; partition++) {
                String memberId = members.get(partition % members.size()).memberId();
                assignments.merge(memberId, partition + ",", String::concat);
            }
            return assignments;
        }

        private void hearAnswers() {
            for (Client client : List.copyOf(clients)) {
                if (client.join != null && client.join.isThere()) {
                    JoinGroupResponse response = client.join.get();
                    client.join = null;
                    onJoined(client, response);
                }
                if (client.sync != null && client.sync.isThere()) {
                    Answer<SyncGroupResponse> sync = client.sync;
                    client.sync = null;
                    onSynced(client, sync);
                }
            }
        }

        private void onJoined(Client client, JoinGroupResponse response) {
            ErrorCode error = ErrorCode.forCode(response.errorCode());
            if (error == ErrorCode.NONE) {
                client.memberId = response.memberId();
                client.generation = response.generationId();
                client.joined = response;
                client.owned = null;
                assertTrue(response.generationId() >= highestGeneration, "the generation went back");
                highestGeneration = response.generationId();
            } else if (error == ErrorCode.MEMBER_ID_REQUIRED) {
                client.memberId = response.memberId();
                client.wantsToJoin = true;
            } else {
                onError(client, error);
            }
        }

        private void onSynced(Client client, Answer<SyncGroupResponse> sync) {
            try {
                SyncGroupResponse response = sync.get();
                if (response.errorCode() == 0) {
                    client.owned = GroupFixture.text(response.assignment());
                }
                onError(client, ErrorCode.forCode(response.errorCode()));
            } catch (ApiException e) {
                onError(client, e.error());
            }
        }

        private void onError(Client client, ErrorCode error) {
            switch (error) {
                case NONE -> {
                    // Goes on as it is.
                }
                case REBALANCE_IN_PROGRESS -> client.rejoin();
                case UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, GROUP_MAX_SIZE_REACHED, NOT_COORDINATOR -> client.lost();
                case FENCED_INSTANCE_ID, INCONSISTENT_GROUP_PROTOCOL -> clients.remove(client);
                default -> throw new AssertionError("unexpected: " + error);
            }
        }

        /** A new coordinator takes over; whoever waits for an answer gets none and asks again. */
        private void reload() {
            GroupShard before = fixture.shard();
            out.load(fixture.newShard());
            before.drainReplies(reply -> reply.fail(ErrorCode.NOT_COORDINATOR));
            // A generation that the leader had not assigned is lost, as it is with Apache Kafka.
            highestGeneration = fixture.group() == null ? 0 : fixture.group().generationId();
            for (Client client : clients) {
                if (client.join != null) {
                    client.join = null;
                    client.wantsToJoin = true;
                }
                if (client.sync != null) {
                    client.sync = null;
                    client.rejoin();
                }
            }
        }

        private void check() {
            if (out.log().size() > comparedCount) {
                compare(follower);
                comparedCount = out.log().size();
            }
            checkOwnership();
        }

        /** What another coordinator has from the log must equal what this one has, as far as it is in the log. */
        private void compare(GroupShard replayed) {
            assertEquals(GroupSnapshot.offsetsOf(fixture.shard().state()), GroupSnapshot.offsetsOf(replayed.state()));
            Map<String, String> live = GroupSnapshot.groupsOf(fixture.shard().state());
            Map<String, String> recovered = GroupSnapshot.groupsOf(replayed.state());
            assertEquals(live.keySet(), recovered.keySet());
            settled.forEach((groupId, group) -> assertEquals(group, recovered.get(groupId)));
            ClassicGroup group = fixture.group();
            if (group != null && (group.isIn(ClassicGroupState.STABLE) || group.isEmpty())) {
                assertEquals(live, recovered);
            }
        }

        /** No two members that are confirmed in one generation own a partition. */
        private void checkOwnership() {
            Map<Integer, Set<String>> ownedByGeneration = new HashMap<>();
            for (Client client : clients) {
                ClassicGroup group = fixture.group();
                boolean confirmed = client.owned != null && group != null && group.hasMember(client.memberId);
                if (!confirmed) {
                    continue;
                }
                Set<String> owned = ownedByGeneration.computeIfAbsent(client.generation, generation -> new TreeSet<>());
                for (String partition : partitionsOf(client)) {
                    assertTrue(owned.add(partition), "partition " + partition + " owned twice");
                }
            }
        }

        private static List<String> partitionsOf(Client client) {
            List<String> partitions = new ArrayList<>();
            for (char partition : client.owned.replace(",", "").toCharArray()) {
                partitions.add(String.valueOf(partition));
            }
            return partitions;
        }

        /** All behave now: the group must become stable, and all partitions must be owned. */
        private void settle() {
            for (int round = 0; round < 400; round++) {
                for (Client client : List.copyOf(clients)) {
                    behave(client);
                    hearAnswers();
                }
                out.advance(1_000);
                hearAnswers();
                check();
            }
            GroupShard replayed = fixture.newShard();
            out.replayInto(replayed);
            compare(replayed);
            ClassicGroup group = fixture.group();
            if (clients.isEmpty()) {
                assertTrue(group == null || group.isEmpty(), "members without clients");
                return;
            }
            assertNotNull(group);
            assertEquals(ClassicGroupState.STABLE, group.state());
            Set<String> owned = new TreeSet<>();
            for (Client client : clients) {
                if (client.owned != null) {
                    assertEquals(group.generationId(), client.generation);
                    owned.addAll(partitionsOf(client));
                }
            }
            assertEquals(PARTITIONS, owned.size());
        }
    }
}
