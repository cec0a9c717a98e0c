package io.ottla.broker.metadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.message.RegisterBrokerRecord;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Where replicas go, with brokers in racks and without. */
class ReplicaPlacementTest {

    /** Brokers from 1 on; a rack that ends with a ! is that of a fenced one. */
    private static MetadataImage brokers(String... racks) {
        MetadataDelta delta = new MetadataDelta("cluster");
        for (int i = 0; i < racks.length; i++) {
            String rack = racks[i];
            MetadataRecord record = new RegisterBrokerRecord()
                    .brokerId(i + 1)
                    .rack(rack == null ? null : rack.replace("!", ""))
                    .fenced(rack != null && rack.endsWith("!"));
            delta.replay(record, i);
        }
        return delta.build();
    }

    private static Map<Integer, Integer> leaders(List<List<Integer>> placements) {
        Map<Integer, Integer> counts = new HashMap<>();
        placements.forEach(replicas -> counts.merge(replicas.get(0), 1, Integer::sum));
        return counts;
    }

    @Test
    void shouldGiveEachBrokerItsTurnToLead() {
        MetadataImage image = brokers(null, null, null);
        for (String topic : List.of("a", "b", "orders")) {
            List<List<Integer>> placements = ReplicaPlacement.spread(image, topic, 0, 30, 3);
            assertEquals(Map.of(1, 10, 2, 10, 3, 10), leaders(placements));
            placements.forEach(replicas -> assertEquals(Set.of(1, 2, 3), new HashSet<>(replicas)));
        }
    }

    @Test
    void shouldUseAllRacks() {
        MetadataImage image = brokers("a", "a", "b", "b", "c", "c");
        Map<Integer, String> rackOf =
                image.brokers().stream().collect(Collectors.toMap(BrokerImage::id, BrokerImage::rack));
        List<List<Integer>> placements = ReplicaPlacement.spread(image, "orders", 0, 36, 3);
        for (List<Integer> replicas : placements) {
            assertEquals(
                    Set.of("a", "b", "c"), replicas.stream().map(rackOf::get).collect(Collectors.toSet()));
        }
        assertEquals(6, leaders(placements).size());
        assertTrue(leaders(placements).values().stream().allMatch(count -> count == 6), () -> leaders(placements)
                .toString());
        for (List<Integer> replicas : ReplicaPlacement.spread(image, "orders", 0, 36, 5)) {
            assertEquals(5, new HashSet<>(replicas).size());
        }
    }

    @Test
    void shouldLetOnlyBrokersLeadThatServe() {
        MetadataImage image = brokers("a!", "b", "c");
        List<List<Integer>> placements = ReplicaPlacement.spread(image, "orders", 0, 20, 3);
        assertEquals(Set.of(2, 3), leaders(placements).keySet());
        placements.forEach(replicas -> assertEquals(Set.of(1, 2, 3), new HashSet<>(replicas)));
        assertEquals(List.of(2, 3), ReplicaPlacement.serving(image, List.of(1, 2, 3)));
    }

    @Test
    void shouldPlaceTheSameTopicTheSameWay() {
        MetadataImage image = brokers(null, null, null);
        List<List<Integer>> orders = ReplicaPlacement.spread(image, "orders", 0, 9, 2);
        assertEquals(orders, ReplicaPlacement.spread(image, "orders", 0, 9, 2));
        Set<Integer> firstLeaders = new HashSet<>();
        for (int i = 0; i < 30; i++) {
            firstLeaders.add(
                    ReplicaPlacement.spread(image, "topic-" + i, 0, 1, 1).get(0).get(0));
        }
        assertEquals(Set.of(1, 2, 3), firstLeaders);
        assertNotEquals(orders.get(0).get(0), orders.get(1).get(0));
    }

    @Test
    void shouldSayWhyThereIsNoPlace() {
        assertError(
                "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached",
                4,
                "a",
                "b",
                "c");
        assertError("Unable to replicate the partition 1 time(s): All brokers are currently fenced.", 1, "a!", "b!");
    }

    private static void assertError(String message, int factor, String... racks) {
        ApiException failure =
                assertThrows(ApiException.class, () -> ReplicaPlacement.spread(brokers(racks), "orders", 0, 1, factor));
        assertEquals(ErrorCode.INVALID_REPLICATION_FACTOR, failure.error());
        assertTrue(failure.getMessage().startsWith(message), failure.getMessage());
    }
}
