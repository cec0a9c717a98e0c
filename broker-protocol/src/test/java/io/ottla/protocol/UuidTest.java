package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;

class UuidTest {
    @Test
    void shouldBeWrittenAsKafkaDoes() {
        Random random = new Random(7);
        for (int i = 0; i < 1000; i++) {
            Uuid uuid = new Uuid(random.nextLong(), random.nextLong());
            var kafkas = new org.apache.kafka.common.Uuid(uuid.mostSignificantBits(), uuid.leastSignificantBits());
            assertEquals(kafkas.toString(), uuid.toString());
            assertEquals(uuid, Uuid.fromString(kafkas.toString()));
        }
        assertEquals(org.apache.kafka.common.Uuid.ZERO_UUID.toString(), Uuid.ZERO.toString());
        assertEquals(org.apache.kafka.common.Uuid.ONE_UUID.toString(), Uuid.ONE.toString());
    }

    @Test
    void shouldBeOrderedAsKafkaDoes() {
        Random random = new Random(7);
        for (int i = 0; i < 1000; i++) {
            Uuid one = new Uuid(random.nextInt(3) - 1, random.nextInt(3) - 1);
            Uuid other = new Uuid(random.nextInt(3) - 1, random.nextInt(3) - 1);
            int expected = new org.apache.kafka.common.Uuid(one.mostSignificantBits(), one.leastSignificantBits())
                    .compareTo(new org.apache.kafka.common.Uuid(
                            other.mostSignificantBits(), other.leastSignificantBits()));
            assertEquals(Integer.signum(expected), Integer.signum(one.compareTo(other)));
        }
    }

    @Test
    void shouldNotMakeIdsThatLookLikeOptions() {
        for (int i = 0; i < 500; i++) {
            assertFalse(Uuid.random().toString().startsWith("-"));
        }
    }

    @Test
    void shouldRefuseOtherText() {
        for (String text : new String[] {
            "", "abc", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "!!!!!!!!!!!!!!!!!!!!!!"
        }) {
            assertThrows(IllegalArgumentException.class, () -> Uuid.fromString(text), text);
        }
    }
}
