package io.ottla.broker.metadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Over images of all that can be in one; the fields are found by reflection, so that none can be forgotten here either. */
class ImageRecordsTest {

    private static final int IMAGES = 300;

    /** Which record made the image, and when, is in the name and the header of a snapshot; the list is made of other fields. */
    private static final Set<String> NOT_STATE = Set.of("offset", "timeMs", "sortedTopics");

    @Test
    void shouldMakeTheSameImageAgain() throws IllegalAccessException {
        Map<String, Object> nothing = state(MetadataImage.empty("cluster"));
        Set<String> everDifferent = new HashSet<>();
        for (int seed = 0; seed < IMAGES; seed++) {
            RandomMetadata random = new RandomMetadata(new Random(seed));
            MetadataImage image = random.change(MetadataImage.empty("cluster"), 1 + seed);
            Map<String, Object> expected = state(image);
            assertEquals(expected, state(again(image)), "seed " + seed);
            for (Map.Entry<String, Object> part : expected.entrySet()) {
                if (!part.getValue().equals(nothing.get(part.getKey()))) {
                    everDifferent.add(part.getKey());
                }
            }
        }
        everDifferent.add("clusterId");
        assertEquals(nothing.keySet(), everDifferent, "parts of the image that no random image has");
    }

    @Test
    void shouldMakeTheSameImageAgainFromChangedImages() throws IllegalAccessException {
        for (int seed = 0; seed < IMAGES; seed++) {
            RandomMetadata random = new RandomMetadata(new Random(seed));
            MetadataImage image = random.change(MetadataImage.empty("cluster"), 100);
            MetadataImage changed = random.change(image, 50);
            assertEquals(state(changed), state(again(changed)), "seed " + seed);
            assertEquals(state(changed), state(again(again(changed))), "seed " + seed);
        }
    }

    @Test
    void shouldHaveRandomRecordsOfEveryType() {
        RandomMetadata random = new RandomMetadata(new Random(1));
        random.change(MetadataImage.empty("cluster"), 5_000);
        assertTrue(random.unusedTypes().isEmpty(), () -> "never made: " + random.unusedTypes());
    }

    private static MetadataImage again(MetadataImage image) {
        MetadataDelta delta = new MetadataDelta("cluster");
        ImageRecords.write(image, record -> delta.replay(MetadataRecords.decode(MetadataRecords.encode(record)), 7L));
        return delta.build();
    }

    /** What the image holds, by the names of its fields, so that it can be compared. */
    static Map<String, Object> state(MetadataImage image) throws IllegalAccessException {
        Map<String, Object> state = new HashMap<>();
        for (Field field : MetadataImage.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) || NOT_STATE.contains(field.getName())) {
                continue;
            }
            field.setAccessible(true);
            state.put(field.getName(), comparable(field.get(image)));
        }
        return state;
    }

    private static Object comparable(Object value) {
        if (value instanceof CarriedRecords carried) {
            return comparable(carried.records());
        }
        if (value instanceof PersistentMap<?, ?> map) {
            Map<Object, Object> copy = new HashMap<>();
            map.forEach(copy::put);
            return copy;
        }
        return value;
    }
}
