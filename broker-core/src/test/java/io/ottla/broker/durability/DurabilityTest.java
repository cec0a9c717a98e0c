package io.ottla.broker.durability;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Lives of brokers that crash at any call of the file system, and keep what they have acknowledged. */
class DurabilityTest {

    /** How many crashes in all; the profile {@code simulation} asks for more. */
    private static final int CRASHES = Integer.getInteger("ottla.simulation.crashes", 1_200);

    private static final long SEED = Long.getLong("ottla.simulation.seed", 0L);

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.ottla");
    private final Level level = logger.getLevel();

    /** Of thousands of accidents nobody wants to read; of one, with {@code -Dottla.simulation.trace=true}. */
    @BeforeEach
    void silence() {
        logger.setLevel(Boolean.getBoolean("ottla.simulation.trace") ? Level.INFO : Level.OFF);
    }

    @AfterEach
    void speak() {
        logger.setLevel(level);
    }

    @Test
    void shouldKeepWhatWasAcknowledgedThroughAnyCrash() {
        int crashes = 0;
        long seed = SEED;
        while (crashes < CRASHES) {
            DurabilitySimulation simulation = new DurabilitySimulation(seed);
            try {
                crashes += simulation.run();
            } catch (Throwable e) {
                throw new AssertionError(
                        "seed " + seed + ", in '" + simulation.last() + "'; again with: mvn test -pl broker-core"
                                + " -Dtest=DurabilityTest -Dottla.simulation.crashes=1 -Dottla.simulation.seed="
                                + seed,
                        e);
            }
            seed++;
        }
        assertTrue(crashes >= CRASHES);
    }
}
