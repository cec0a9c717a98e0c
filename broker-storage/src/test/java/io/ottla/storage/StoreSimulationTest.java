package io.ottla.storage;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Lives of data directories in which everything goes wrong that the promises speak of. */
class StoreSimulationTest {

    /** How many crashes in all; the profile {@code simulation} asks for more. */
    private static final int CRASHES = Integer.getInteger("ottla.simulation.crashes", 1_200);

    private static final long SEED = Long.getLong("ottla.simulation.seed", 0L);

    private final Logger logger = (Logger) StorageLog.LOG;
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
            StoreSimulation simulation = new StoreSimulation(seed);
            try {
                crashes += simulation.run();
            } catch (Throwable e) {
                throw new AssertionError(
                        "seed " + seed + ", in '" + simulation.last() + "'; again with: mvn test -pl broker-storage"
                                + " -Dtest=StoreSimulationTest -Dottla.simulation.crashes=1 -Dottla.simulation.seed="
                                + seed,
                        e);
            }
            seed++;
        }
        assertTrue(crashes >= CRASHES);
    }
}
