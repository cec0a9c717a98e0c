package io.ottla.broker.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.coordinator.ListOutput;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Random members of both protocols in one group that changes its protocol with them, without network or disk: they join, leave, die, come
 * late and come back by either protocol; topics come, grow and go; and the coordinator is loaded anew from its records in between. After
 * every step a second coordinator that replays the log must equal the live one, no partition may be read by two members that are up to
 * date, and epochs only grow.
 */
class MixedGroupSimulationTest {

    private static final int RUNS = Integer.getInteger("ottla.simulation.runs", 200);

    /** Where to begin. */
    private static final int SEED = Integer.getInteger("ottla.simulation.seed", 0);

    private static final int STEPS = 100;

    /** How often a group has become one of the other protocol while it had members, in all runs. */
    private int upgrades;

    private int downgrades;

    @Test
    void shouldNeverLetTwoMembersReadAPartitionWhateverTheySpeak() {
        for (int seed = SEED; seed < SEED + RUNS; seed++) {
            try {
                new Simulation(seed).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed " + seed + ", again with -Dottla.simulation.runs=1 -Dottla.simulation.seed=" + seed, e);
            }
        }
        assertTrue(RUNS < 100 || upgrades > RUNS / 10, "upgrades: " + upgrades);
        assertTrue(RUNS < 100 || downgrades > RUNS / 10, "downgrades: " + downgrades);
    }

    private final class Simulation {
        private final Random random;
        private final GroupFixture fixture;
        private final ListOutput<GroupShard> out;
        private final boolean cooperative;
        private final List<SlowConsumer> consumers = new ArrayList<>();
        private final List<ClassicClient> classics = new ArrayList<>();

        /** Reads every record as it comes. */
        private final GroupShard follower;

        /**
         * Classic clients that read what the coordinator does not know of, until they have heard of another assignment: those that have
         * been put out and come back with their id; those that have not heard of the assignment that was there when the group left the
         * classic protocol; and, if the coordinator is lost right after the group has come back to it, those that have not heard of the
         * one that it came back with. It is the same with Apache Kafka: what a client says that it has is not in the log.
         */
        private final Set<ClassicClient> lapsed = new HashSet<>();

        private int comparedCount;
        private boolean towardsConsumer;
        private int count;
        private GroupType type;

        /** The generation in which the group came back to the classic protocol; not known to the log that all have to join again. */
        private int downgradedEpoch = -1;

        private int epoch;

        private Simulation(int seed) {
            random = new Random(seed);
            fixture = new GroupFixture(GroupFixture.CONFIG, random.nextInt(4) == 0 ? 3 : 100);
            cooperative = random.nextBoolean();
            int policy = random.nextInt(8);
            fixture.migrating(
                    policy < 4 ? List.of(MigrationPolicy.values()).get(policy) : MigrationPolicy.BIDIRECTIONAL);
            fixture.assignmentIntervalMs = random.nextInt(3) == 0 ? 1_000 : 0;
            fixture.topics.set("topic", 1 + random.nextInt(6)).set("unread", 1);
            out = fixture.out;
            follower = fixture.newShard();
            out.onAppend(record -> follower.replay(record, out.log().size() - 1, RecordBatch.NO_PRODUCER_ID));
        }

        private Group group() {
            return fixture.shard().state().find(GroupFixture.GROUP);
        }

        private void run() {
            for (int step = 0; step < STEPS; step++) {
                // Most clients move one way, then back.
                towardsConsumer = step / 25 % 2 == 1;
                act();
                hear();
                check();
            }
            settle();
        }

        private void act() {
            int dice = random.nextInt(100);
            if (dice < 8 && consumers.size() + classics.size() < 6) {
                join(random.nextInt(3) == 0 ? "static" + count : null);
            } else if (dice < 14) {
                out.advance(random.nextInt(random.nextInt(5) == 0 ? 70_000 : 3_000));
            } else if (dice < 16) {
                reload();
            } else if (dice < 18) {
                changeTopics();
            } else if (dice < 19) {
                fixture.shard().queries().delete(GroupFixture.GROUP, out);
            } else {
                int index = random.nextInt(Math.max(1, consumers.size() + classics.size()));
                if (index < consumers.size()) {
                    act(consumers.get(index), random.nextInt(100));
                } else if (!classics.isEmpty()) {
                    act(classics.get(index - consumers.size()), random.nextInt(100));
                }
            }
        }

        private void join(String instanceId) {
            if (random.nextInt(4) < (towardsConsumer ? 3 : 1)) {
                consumers.add(new SlowConsumer(new ConsumerClient(fixture, "member" + count++, instanceId)));
            } else {
                count++;
                classics.add(new ClassicClient(fixture, instanceId, cooperative));
            }
        }

        /** A static member may come back as another process, maybe by the other protocol. */
        private void comeBack(String instanceId) {
            if (instanceId != null && random.nextBoolean()) {
                join(instanceId);
            }
        }

        private void changeTopics() {
            Uuid other = fixture.topics.id("other");
            switch (random.nextInt(3)) {
                case 0 ->
                    fixture.topics.set(
                            "topic", fixture.topics.partitionCount(fixture.topics.id("topic")) + random.nextInt(3));
                case 1 -> fixture.topics.set("other", 1 + (other == null ? 0 : fixture.topics.partitionCount(other)));
                default -> {
                    if (other != null) {
                        fixture.topics.delete("other");
                    }
                }
            }
        }

        private List<String> someTopics() {
            return new ArrayList<>(random.nextBoolean() ? List.of("topic") : List.of("topic", "other"));
        }

        private void act(SlowConsumer slow, int dice) {
            ConsumerClient client = slow.client;
            if (dice < 4) {
                // Gone without a word.
                consumers.remove(slow);
                comeBack(client.instanceId);
            } else if (dice < (towardsConsumer ? 7 : 14) && client.epoch > 0) {
                client.leave(client.instanceId != null && random.nextBoolean() ? -2 : -1);
                consumers.remove(slow);
                comeBack(client.instanceId);
            } else if (dice < 17) {
                client.topics = someTopics();
                client.regex = random.nextInt(3) == 0 ? "ot.*" : "";
                client.hasNews = true;
            } else if (dice < 20) {
                slow.loseAnswer();
            } else if (dice < 40) {
                slow.adopt();
            } else {
                beat(slow);
            }
        }

        private void beat(SlowConsumer slow) {
            boolean joins = slow.client.epoch == 0;
            ErrorCode error = slow.beat();
            switch (error) {
                case NONE, UNRELEASED_INSTANCE_ID -> {
                    // Goes on as it is, or asks again.
                }
                case GROUP_ID_NOT_FOUND -> {
                    slow.abandon();
                    if (joins) {
                        // The policy keeps it out.
                        consumers.remove(slow);
                    }
                }
                case FENCED_MEMBER_EPOCH, UNKNOWN_MEMBER_ID -> slow.abandon();
                case FENCED_INSTANCE_ID, GROUP_MAX_SIZE_REACHED -> consumers.remove(slow);
                default -> throw new AssertionError("unexpected: " + error);
            }
        }

        private void act(ClassicClient client, int dice) {
            if (dice < 4) {
                classics.remove(client);
                comeBack(client.instanceId);
            } else if (dice < 8 && !client.memberId.isEmpty()) {
                fixture.shard()
                        .leave(
                                GroupFixture.GROUP,
                                List.of(new MemberIdentity()
                                        .memberId(
                                                random.nextBoolean() || client.instanceId == null
                                                        ? client.memberId
                                                        : "")
                                        .groupInstanceId(client.instanceId)),
                                out);
                classics.remove(client);
                comeBack(client.instanceId);
            } else if (dice < 11) {
                client.topics = someTopics();
                client.giveUpWaiting();
            } else if (dice < 13) {
                client.giveUpWaiting();
            } else if (dice < 18) {
                ErrorCode error = fixture.commit(
                        GroupFixture.commitRequest(client.memberId, client.generation, "topic", 0, random.nextInt(9))
                                .groupInstanceId(client.instanceId),
                        8);
                assertTrue(
                        Set.of(
                                        ErrorCode.NONE,
                                        ErrorCode.UNKNOWN_MEMBER_ID,
                                        ErrorCode.FENCED_INSTANCE_ID,
                                        ErrorCode.ILLEGAL_GENERATION,
                                        ErrorCode.REBALANCE_IN_PROGRESS)
                                .contains(error),
                        error.name());
            } else {
                behave(client);
            }
        }

        private void behave(ClassicClient client) {
            onAnswer(client, client.act());
        }

        private void hear() {
            List.copyOf(classics).forEach(client -> onAnswer(client, client.hear()));
        }

        private void onAnswer(ClassicClient client, ErrorCode error) {
            switch (error) {
                case NONE, MEMBER_ID_REQUIRED, REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION, NOT_COORDINATOR -> {
                    // The client does what it has to.
                }
                case UNKNOWN_MEMBER_ID -> client.lost();
                case FENCED_INSTANCE_ID, INCONSISTENT_GROUP_PROTOCOL, GROUP_MAX_SIZE_REACHED -> classics.remove(client);
                default -> throw new AssertionError("unexpected: " + error);
            }
        }

        /** A new coordinator takes over; whoever waits for an answer gets none and asks again. */
        private void reload() {
            GroupShard before = fixture.shard();
            out.load(fixture.newShard());
            before.drainReplies(reply -> reply.fail(ErrorCode.NOT_COORDINATOR));
            hear();
            // A generation that the leader had not assigned is lost, as it is with Apache Kafka.
            type = null;
        }

        private void check() {
            boolean converted = type == GroupType.CLASSIC && group() instanceof ConsumerGroup;
            // That is, loaded anew.
            converted |=
                    type == null && fixture.group() != null && fixture.group().generationId() == downgradedEpoch;
            if (out.log().size() > comparedCount) {
                compare(follower);
                comparedCount = out.log().size();
            }
            checkEpoch();
            checkReaders(converted);
        }

        /** What another coordinator has from the log must equal what this one has. */
        private void compare(GroupShard replayed) {
            Map<String, String> live = GroupSnapshot.groupsOf(fixture.shard().state());
            Map<String, String> recovered = GroupSnapshot.groupsOf(replayed.state());
            assertEquals(live.keySet(), recovered.keySet());
            live.forEach((groupId, text) -> {
                if (!text.equals("rebalancing")) {
                    assertEquals(text, recovered.get(groupId));
                }
            });
            assertEquals(GroupSnapshot.offsetsOf(fixture.shard().state()), GroupSnapshot.offsetsOf(replayed.state()));
        }

        private void checkEpoch() {
            Group group = group();
            if (group == null || group.isEmpty()) {
                type = null;
                return;
            }
            int now = group instanceof ConsumerGroup consumer
                    ? consumer.groupEpoch()
                    : fixture.group().generationId();
            if (type != null) {
                assertTrue(now >= epoch, "the epoch went back from " + epoch + " to " + now);
                upgrades += type == GroupType.CLASSIC && group.type() == GroupType.CONSUMER ? 1 : 0;
                if (type == GroupType.CONSUMER && group.type() == GroupType.CLASSIC) {
                    downgrades++;
                    downgradedEpoch = now;
                }
            }
            type = group.type();
            epoch = now;
        }

        private void checkReaders(boolean converted) {
            Map<String, Set<TopicIdPartition>> reads = new HashMap<>();
            if (group() instanceof ConsumerGroup group) {
                consumers.stream()
                        .map(slow -> slow.client)
                        .filter(client -> group.find(client.memberId) != null)
                        .forEach(client -> reads.put(client.memberId, client.owned));
            }
            for (ClassicClient client : classics) {
                if (client.owned.isEmpty() || (isKnown(client) && isUpToDate(client))) {
                    lapsed.remove(client);
                } else if (converted || !isKnown(client)) {
                    lapsed.add(client);
                }
                if (!lapsed.contains(client)) {
                    reads.put(client.memberId, client.owned);
                }
            }
            Map<TopicIdPartition, String> readers = new HashMap<>();
            reads.forEach((memberId, owned) -> owned.forEach(partition -> assertNull(
                    readers.put(partition, memberId), () -> partition + " is read by " + memberId + " too")));
        }

        private boolean isKnown(ClassicClient client) {
            return group() instanceof ConsumerGroup group
                    ? group.find(client.memberId) != null
                    : fixture.group() != null && fixture.group().hasMember(client.memberId);
        }

        private boolean isUpToDate(ClassicClient client) {
            int generation = group() instanceof ConsumerGroup group
                    ? group.member(client.memberId).epoch()
                    : fixture.group().generationId();
            return client.hasSynced() && client.generation == generation;
        }

        /** All behave now: the group must become stable, and all partitions must be read by those who want to. */
        private void settle() {
            for (int round = 0; round < 100; round++) {
                for (SlowConsumer slow : List.copyOf(consumers)) {
                    beat(slow);
                    slow.adopt();
                }
                for (ClassicClient client : List.copyOf(classics)) {
                    behave(client);
                }
                hear();
                out.advance(1_000);
                hear();
                if (round % 10 == 0) {
                    check();
                }
            }
            check();
            GroupShard replayed = fixture.newShard();
            out.replayInto(replayed);
            compare(replayed);
            Group group = group();
            if (consumers.isEmpty() && classics.isEmpty()) {
                assertTrue(group == null || group.isEmpty(), "members without clients");
                return;
            }
            assertEquals("Stable", group.stateName());
            Set<TopicIdPartition> wanted = new TreeSet<>();
            Set<TopicIdPartition> read = new TreeSet<>();
            for (SlowConsumer slow : consumers) {
                read.addAll(slow.client.owned);
                want(((ConsumerGroup) group).topicsOf(((ConsumerGroup) group).member(slow.client.memberId)), wanted);
            }
            for (ClassicClient client : classics) {
                read.addAll(client.owned);
                want(client.topics, wanted);
            }
            assertEquals(wanted, read);
        }

        private void want(Iterable<String> topics, Set<TopicIdPartition> wanted) {
            for (String topic : topics) {
                Uuid id = fixture.topics.id(topic);
                for (int partition = 0; id != null && partition < fixture.topics.partitionCount(id); partition++) {
                    wanted.add(new TopicIdPartition(id, partition));
                }
            }
        }
    }
}
