package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which brokers hold which partitions, in the manner of Apache Kafka: leaders take turns among the racks and among the brokers of a
 * rack, the replicas of a partition stand in as many racks as there are, and only brokers that serve lead.
 *
 * <p>What Apache Kafka leaves to chance comes from the name of the topic here, so that tests find the same placement in each run.
 */
final class ReplicaPlacement {

    private static final String NO_RACK = "";
    private static final int NONE = -1;

    private ReplicaPlacement() {}

    /**
     * Spreads partitions over the brokers.
     *
     * @param topic the name of the topic
     * @param first the index of the first partition
     * @param count how many partitions to place
     */
    static List<List<Integer>> spread(MetadataImage image, String topic, int first, int count, int replicationFactor) {
        List<BrokerImage> brokers = image.brokers();
        if (replicationFactor > brokers.size()) {
            throw notEnough(
                    replicationFactor,
                    "The target replication factor of " + replicationFactor + " cannot be reached because only "
                            + brokers.size()
                            + " broker(s) are registered or some brokers have all their log directories cordoned.");
        }
        if (brokers.stream().allMatch(BrokerImage::fenced)) {
            throw notEnough(replicationFactor, "All brokers are currently fenced.");
        }
        if (brokers.size() == 1) {
            return Collections.nCopies(count, List.of(brokers.get(0).id()));
        }
        Racks racks = new Racks(brokers, new Random(topic.hashCode() * 31L + first));
        List<List<Integer>> placements = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            placements.add(racks.place(replicationFactor));
        }
        return placements;
    }

    private static ApiException notEnough(int replicationFactor, String reason) {
        return new ApiException(
                ErrorCode.INVALID_REPLICATION_FACTOR,
                "Unable to replicate the partition " + replicationFactor + " time(s): " + reason);
    }

    /** The replicas of a new partition whose brokers serve; empty if none does. */
    static List<Integer> serving(MetadataImage image, List<Integer> replicas) {
        List<Integer> serving = replicas;
        for (int id : replicas) {
            if (image.broker(id).fenced()) {
                if (serving == replicas) {
                    serving = new ArrayList<>(replicas);
                }
                serving.remove(Integer.valueOf(id));
            }
        }
        return serving;
    }

    /**
     * Checks replicas that a client chose for one partition.
     *
     * @param expectedFactor how many there must be, -1 for any number
     */
    static void validate(MetadataImage image, List<Integer> replicas, int expectedFactor) {
        if (replicas.isEmpty()) {
            throw invalid("The manual partition assignment includes an empty replica list.");
        }
        Set<Integer> seen = new HashSet<>();
        for (Integer id : replicas.stream().sorted().toList()) {
            if (image.broker(id) == null) {
                throw invalid("The manual partition assignment includes broker " + id
                        + ", but no such broker is registered.");
            }
            if (!seen.add(id)) {
                throw invalid("The manual partition assignment includes the broker " + id + " more than once.");
            }
        }
        if (expectedFactor >= 0 && replicas.size() != expectedFactor) {
            throw invalid("The manual partition assignment includes a partition with " + replicas.size()
                    + " replica(s), but this is not consistent with previous partitions, which have " + expectedFactor
                    + " replica(s).");
        }
    }

    /**
     * Checks that somebody can lead a new partition whose replicas a client chose.
     *
     * @param index the index of the partition
     */
    static void validateServing(MetadataImage image, int index, List<Integer> replicas) {
        if (serving(image, replicas).isEmpty()) {
            throw invalid("All brokers specified in the manual partition assignment for partition " + index
                    + " are fenced or in controlled shutdown.");
        }
    }

    static ApiException invalid(String message) {
        return new ApiException(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
    }

    /** Brokers in a circle that begins one further in each turn that asks for one of them. */
    private static final class Circle {

        private final List<Integer> ids = new ArrayList<>();
        private int start;
        private int taken;
        private int turn;

        /** The next broker in this turn, -1 if all have been taken. */
        int next(int currentTurn) {
            if (turn != currentTurn && !ids.isEmpty()) {
                turn = currentTurn;
                taken = 0;
                start = (start + 1) % ids.size();
            }
            return taken < ids.size() ? ids.get((start + taken++) % ids.size()) : NONE;
        }
    }

    private static final class Rack {

        private final Circle serving = new Circle();
        private final Circle fenced = new Circle();

        int next(int turn) {
            int id = serving.next(turn);
            return id == NONE ? fenced.next(turn) : id;
        }
    }

    /** The brokers by rack; one partition is placed in each turn. */
    private static final class Racks {

        private final List<Rack> racks;
        private final Random random;
        private final int servingCount;
        private int firstRack;
        private int turn;

        Racks(List<BrokerImage> brokers, Random random) {
            Map<String, Rack> byName = new TreeMap<>();
            int count = 0;
            for (BrokerImage broker : brokers) {
                Rack rack = byName.computeIfAbsent(broker.rack() == null ? NO_RACK : broker.rack(), name -> new Rack());
                (broker.fenced() ? rack.fenced : rack.serving).ids.add(broker.id());
                count += broker.fenced() ? 0 : 1;
            }
            this.racks = new ArrayList<>(byName.values());
            this.random = random;
            this.servingCount = count;
            this.firstRack = random.nextInt(racks.size());
            for (Rack rack : racks) {
                for (Circle circle : List.of(rack.serving, rack.fenced)) {
                    circle.start = circle.ids.isEmpty() ? 0 : random.nextInt(circle.ids.size());
                }
            }
        }

        List<Integer> place(int replicationFactor) {
            if (turn == servingCount && servingCount > 1) {
                // Everybody has led: another order keeps the placements from repeating.
                shuffle();
                turn = 0;
            }
            turn++;
            List<Integer> replicas = new ArrayList<>(replicationFactor);
            int rackOfLeader = firstRack;
            int leader = racks.get(rackOfLeader).serving.next(turn);
            while (leader == NONE) {
                rackOfLeader = (rackOfLeader + 1) % racks.size();
                leader = racks.get(rackOfLeader).serving.next(turn);
            }
            replicas.add(leader);
            int rack = (rackOfLeader + 1) % racks.size();
            while (replicas.size() < replicationFactor) {
                int id = racks.get(rack).next(turn);
                if (id != NONE) {
                    replicas.add(id);
                }
                rack = (rack + 1) % racks.size();
            }
            firstRack = (firstRack + 1) % racks.size();
            return List.copyOf(replicas);
        }

        private void shuffle() {
            Collections.shuffle(racks, random);
            for (Rack rack : racks) {
                for (Circle circle : List.of(rack.serving, rack.fenced)) {
                    Collections.shuffle(circle.ids, random);
                    circle.turn = 0;
                }
            }
        }
    }
}
