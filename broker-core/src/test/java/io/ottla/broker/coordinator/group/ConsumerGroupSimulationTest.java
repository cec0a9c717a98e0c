package io.ottla.broker.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.coordinator.ListOutput;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerGroupMetadataKey;
import io.ottla.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Random members of a consumer group, without network or disk: they join, leave, die, come late and come back, take their time to give
 * up partitions, miss answers, change what they read; topics come, grow and go; and the coordinator is loaded anew from its records in
 * between. After every step a second coordinator that replays the log must equal the live one, and no partition may be read by two
 * members.
 */
class ConsumerGroupSimulationTest {

    private static final int RUNS = Integer.getInteger("ottla.simulation.runs", 150);

    /** Where to begin. */
    private static final int SEED = Integer.getInteger("ottla.simulation.seed", 0);

    private static final int STEPS = 120;

    @Test
    void shouldNeverLetTwoMembersReadAPartition() {
        for (int seed = SEED; seed < SEED + RUNS; seed++) {
            try {
                new Simulation(seed).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed " + seed + ", again with -Dottla.simulation.runs=1 -Dottla.simulation.seed=" + seed, e);
            }
        }
    }

    private static final class Simulation {
        private final Random random;
        private final GroupFixture fixture;
        private final ListOutput<GroupShard> out;
        private final List<SlowConsumer> clients = new ArrayList<>();

        /** Reads every record as it comes. */
        private final GroupShard follower;

        private int comparedCount;
        private int count;
        private int highestEpoch;

        private Simulation(int seed) {
            random = new Random(seed);
            fixture = new GroupFixture(GroupFixture.CONFIG, random.nextInt(4) == 0 ? 3 : 100);
            fixture.assignmentIntervalMs = random.nextInt(3) == 0 ? 1_000 : 0;
            fixture.topics.set("topic", 1 + random.nextInt(8)).set("unread", 1);
            out = fixture.out;
            follower = fixture.newShard();
            out.onAppend(record -> {
                follower.replay(record, out.log().size() - 1, RecordBatch.NO_PRODUCER_ID);
                if (record.key() instanceof ConsumerGroupMetadataKey) {
                    int epoch = record.value() == null ? 0 : group().groupEpoch();
                    assertTrue(record.value() == null || epoch > highestEpoch, "the epoch went back");
                    highestEpoch = epoch;
                }
            });
        }

        private ConsumerGroup group() {
            return fixture.shard().state().findConsumer(GroupFixture.GROUP);
        }

        private void run() {
            for (int step = 0; step < STEPS; step++) {
                act();
                check();
            }
            settle();
        }

        private void act() {
            int dice = random.nextInt(100);
            if (dice < 8 && clients.size() < 6) {
                join(random.nextInt(3) == 0 ? "static" + count : null);
            } else if (dice < 14) {
                out.advance(random.nextInt(random.nextInt(5) == 0 ? 70_000 : 3_000));
            } else if (dice < 16) {
                out.load(fixture.newShard());
            } else if (dice < 19) {
                changeTopics();
            } else if (dice < 20) {
                fixture.shard().queries().delete(GroupFixture.GROUP, out);
            } else if (!clients.isEmpty()) {
                act(clients.get(random.nextInt(clients.size())), random.nextInt(100));
            }
        }

        private void join(String instanceId) {
            clients.add(new SlowConsumer(new ConsumerClient(fixture, "member" + count++, instanceId)));
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

        private void act(SlowConsumer slow, int dice) {
            ConsumerClient client = slow.client;
            if (dice < 3) {
                // Gone without a word.
                clients.remove(slow);
                comeBack(client);
            } else if (dice < 6 && client.epoch > 0) {
                client.leave(client.instanceId != null && random.nextBoolean() ? -2 : -1);
                clients.remove(slow);
                comeBack(client);
            } else if (dice < 10) {
                client.topics = new ArrayList<>(random.nextBoolean() ? List.of("topic") : List.of("topic", "other"));
                client.regex = random.nextInt(3) == 0 ? "ot.*" : "";
                client.assignor = random.nextInt(3) == 0 ? "range" : null;
                client.hasNews = true;
            } else if (dice < 14) {
                slow.loseAnswer();
            } else if (dice < 18) {
                ErrorCode error = fixture.commit(client.memberId, random.nextInt(5), "topic", 0, random.nextInt(9));
                assertTrue(
                        Set.of(
                                        ErrorCode.NONE,
                                        ErrorCode.STALE_MEMBER_EPOCH,
                                        ErrorCode.UNKNOWN_MEMBER_ID,
                                        ErrorCode.ILLEGAL_GENERATION,
                                        ErrorCode.GROUP_ID_NOT_FOUND)
                                .contains(error),
                        error.name());
            } else if (dice < 45) {
                slow.adopt();
            } else {
                beat(slow);
            }
        }

        /** A static client may come back as another process. */
        private void comeBack(ConsumerClient gone) {
            if (gone.instanceId != null && random.nextBoolean()) {
                join(gone.instanceId);
            }
        }

        private void beat(SlowConsumer slow) {
            ErrorCode error = slow.beat();
            switch (error) {
                case NONE, UNRELEASED_INSTANCE_ID -> {
                    // Goes on as it is, or asks again.
                }
                case FENCED_MEMBER_EPOCH, UNKNOWN_MEMBER_ID, GROUP_ID_NOT_FOUND -> slow.abandon();
                case FENCED_INSTANCE_ID, GROUP_MAX_SIZE_REACHED -> clients.remove(slow);
                default -> throw new AssertionError("unexpected: " + error);
            }
        }

        private void check() {
            if (out.log().size() > comparedCount) {
                compare(follower);
                comparedCount = out.log().size();
            }
            Map<TopicIdPartition, String> readers = new HashMap<>();
            for (SlowConsumer slow : clients) {
                ConsumerClient client = slow.client;
                // Who has been put out and does not know yet reads on; there is no protocol against that.
                if (group() != null && group().find(client.memberId) != null) {
                    for (TopicIdPartition partition : client.owned) {
                        String other = readers.put(partition, client.memberId);
                        assertEquals(null, other, partition + " is read by " + client.memberId + " too");
                    }
                }
            }
        }

        /** What another coordinator has from the log must equal what this one has. */
        private void compare(GroupShard replayed) {
            assertEquals(GroupSnapshot.groupsOf(fixture.shard().state()), GroupSnapshot.groupsOf(replayed.state()));
            assertEquals(GroupSnapshot.offsetsOf(fixture.shard().state()), GroupSnapshot.offsetsOf(replayed.state()));
        }

        /** All behave now: the group must become stable, and all partitions must be read by those who want to. */
        private void settle() {
            for (int round = 0; round < 40; round++) {
                for (SlowConsumer slow : List.copyOf(clients)) {
                    beat(slow);
                    slow.adopt();
                }
                out.advance(1_000);
                check();
            }
            GroupShard replayed = fixture.newShard();
            out.replayInto(replayed);
            compare(replayed);
            ConsumerGroup group = group();
            if (clients.isEmpty()) {
                assertTrue(group == null || group.isEmpty(), "members without clients");
                return;
            }
            assertEquals("Stable", group.stateName());
            Set<TopicIdPartition> wanted = new TreeSet<>();
            Set<TopicIdPartition> read = new TreeSet<>();
            for (SlowConsumer slow : clients) {
                assertEquals(group.targetEpoch(), slow.client.epoch);
                read.addAll(slow.client.owned);
                for (String topic : group.topicsOf(group.member(slow.client.memberId))) {
                    Uuid id = fixture.topics.id(topic);
                    for (int partition = 0; id != null && partition < fixture.topics.partitionCount(id); partition++) {
                        wanted.add(new TopicIdPartition(id, partition));
                    }
                }
            }
            assertEquals(wanted, read);
        }
    }
}
