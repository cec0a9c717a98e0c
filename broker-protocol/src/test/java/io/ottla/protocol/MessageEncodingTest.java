package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message in every version, against Apache Kafka's own classes. Repeat a failure with -Dottla.test.seed=. */
class MessageEncodingTest {
    private static final long SEED = Long.getLong("ottla.test.seed", new Random().nextLong());
    private static final int ROUNDS = 12;
    private static final int MAX_TRUNCATIONS = 200;

    static List<Twin> messages() throws Exception {
        return Twin.all();
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldHaveTheVersionsAndTheDefaultsOfKafka(Twin twin) {
        assertEquals(twin.newKafkas().lowestSupportedVersion(), twin.newOurs().lowestSupportedVersion());
        assertEquals(twin.newKafkas().highestSupportedVersion(), twin.newOurs().highestSupportedVersion());
        Twin.assertSameValues(twin.toString(), twin.newOurs(), twin.newKafkas());
        assertEquals(twin.newOurs(), twin.newOurs());
        assertEquals(twin.newOurs().hashCode(), twin.newOurs().hashCode());
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldEncodeAsKafkaDoes(Twin twin) {
        forEachRound(twin, true, (message, version, where) -> {
            byte[] bytes = Twin.write(message, version);
            org.apache.kafka.common.protocol.Message kafkas = twin.readKafkas(bytes, version);
            Twin.assertSameValues(where, message, kafkas);
            assertArrayEquals(Twin.write(kafkas, version), bytes, where);

            Message again = twin.readOurs(bytes, version);
            assertEquals(message, again, where);
            assertEquals(message.hashCode(), again.hashCode(), where);
            assertEquals(message.toString(), again.toString(), where);
            assertArrayEquals(bytes, Twin.write(again, version), where);
        });
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldReadOverAnUsedMessageAsIntoANewOne(Twin twin) {
        Message[] used = {twin.newOurs()};
        forEachRound(twin, true, (message, version, where) -> {
            used[0].read(new ProtocolReader(ByteBuffer.wrap(Twin.write(message, version))), version);
            assertEquals(message, used[0], where);
        });
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldRefuseToWriteWhatKafkaRefuses(Twin twin) {
        short lowest = twin.newOurs().lowestSupportedVersion();
        short highest = twin.newOurs().highestSupportedVersion();
        forEachRound(twin, false, (message, version, where) -> {
            var kafkas = twin.readKafkas(Twin.write(message, version), version);
            for (short other = lowest; other <= highest; other++) {
                String to = where + ", written in version " + other;
                byte[] expected;
                try {
                    expected = Twin.write(kafkas, other);
                } catch (org.apache.kafka.common.errors.UnsupportedVersionException | NullPointerException e) {
                    short refused = other;
                    assertThrows(UnsupportedVersionException.class, () -> Twin.write(message, refused), to);
                    continue;
                }
                assertArrayEquals(expected, Twin.write(message, other), to);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldRefuseVersionsThatDoNotExist(Twin twin) {
        Message message = twin.newOurs();
        for (int version : new int[] {message.lowestSupportedVersion() - 1, message.highestSupportedVersion() + 1}) {
            assertThrows(UnsupportedVersionException.class, () -> Twin.write(message, (short) version));
            assertThrows(UnsupportedVersionException.class, () -> twin.readOurs(new byte[100], (short) version));
        }
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldRefuseATruncatedMessage(Twin twin) {
        forEachRound(twin, true, 2, (message, version, where) -> {
            byte[] bytes = Twin.write(message, version);
            int step = bytes.length / MAX_TRUNCATIONS + 1;
            for (int length = 0; length < bytes.length; length += step) {
                byte[] truncated = Arrays.copyOf(bytes, length);
                assertThrows(
                        MalformedMessageException.class,
                        () -> twin.readOurs(truncated, version),
                        () -> where + " cut to " + truncated.length + " bytes");
            }
        });
    }

    /** Any damage gives a message or the one exception, and never takes memory that the bytes do not justify. */
    @ParameterizedTest
    @MethodSource("messages")
    void shouldSurviveDamage(Twin twin) {
        Random random = new Random(SEED);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        forEachRound(twin, true, 4, (message, version, where) -> {
            byte[] bytes = Twin.write(message, version);
            for (int i = 0; i < 20 && bytes.length > 0; i++) {
                byte[] damaged = damage(bytes, random);
                long before = threads.getCurrentThreadAllocatedBytes();
                try {
                    twin.newOurs().read(new ProtocolReader(ByteBuffer.wrap(damaged)), version);
                } catch (MalformedMessageException e) {
                    // as it should
                } catch (RuntimeException | Error e) {
                    throw new AssertionError(where + ": " + Arrays.toString(damaged), e);
                }
                long allocated = threads.getCurrentThreadAllocatedBytes() - before;
                assertTrue(allocated < 100_000 + 500L * damaged.length, where + " took " + allocated + " bytes");
            }
        });
    }

    private static byte[] damage(byte[] bytes, Random random) {
        byte[] damaged = bytes.clone();
        int at = random.nextInt(damaged.length);
        switch (random.nextInt(4)) {
            case 0 -> damaged[at] = (byte) random.nextInt();
            case 1 -> damaged[at] = (byte) 0xFF;
            case 2 -> Arrays.fill(damaged, at, Math.min(damaged.length, at + 4), (byte) 0x7F);
            default -> Arrays.fill(damaged, at, Math.min(damaged.length, at + 5), (byte) 0xFF);
        }
        return damaged;
    }

    @Test
    void shouldFindTheMessages() throws Exception {
        assertTrue(messages().size() > 250, messages().size() + " messages");
    }

    private interface Round {
        void run(Message message, short version, String where);
    }

    private static void forEachRound(Twin twin, boolean unknownTaggedFields, Round round) {
        forEachRound(twin, unknownTaggedFields, ROUNDS, round);
    }

    private static void forEachRound(Twin twin, boolean unknownTaggedFields, int rounds, Round round) {
        Message first = twin.newOurs();
        for (short version = first.lowestSupportedVersion(); version <= first.highestSupportedVersion(); version++) {
            for (int i = 0; i < rounds; i++) {
                String where = "%s version %d, round %d, seed %d".formatted(twin, version, i, SEED);
                MessageFiller filler = new MessageFiller(SEED + i, unknownTaggedFields);
                Message message = filler.fill(twin.newOurs(), twin.schema(version));
                try {
                    round.run(message, version, where);
                } catch (RuntimeException e) {
                    throw new AssertionError(where, e);
                }
            }
        }
    }
}
