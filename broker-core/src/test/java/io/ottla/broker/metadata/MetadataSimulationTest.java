package io.ottla.broker.metadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.storage.FlushPolicy;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.ManualClock;
import io.ottla.storage.SimulatedFiles;
import io.ottla.storage.StorageOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What is promised of metadata, whenever the process or the power goes. {@code -Dsimulation.runs} sets how many lives are lived. */
class MetadataSimulationTest {

    private static final int RUNS = Integer.getInteger("simulation.runs", 25);
    private static final long FIRST_SEED = Long.getLong("simulation.seed", 1L);
    private static final Path PATH = Path.of("/first/data");

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.ottla");
    private final Level level = logger.getLevel();

    /** What fails is logged, with the way to it; here that is all the time. */
    @BeforeEach
    void silence() {
        logger.setLevel(Level.OFF);
    }

    @AfterEach
    void speak() {
        logger.setLevel(level);
    }

    @Test
    void shouldKeepWhatIsSafeWhereverItCrashes() {
        int snapshots = 0;
        int cuts = 0;
        int refusals = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
            try {
                MetadataSimulation life = new MetadataSimulation(seed).run();
                snapshots += life.snapshots();
                cuts += life.cuts();
                refusals += life.refusals();
            } catch (Exception | AssertionError e) {
                throw new AssertionError("with -Dsimulation.seed=" + seed + " -Dsimulation.runs=1", e);
            }
        }
        if (RUNS >= 25) {
            assertTrue(
                    snapshots > RUNS && cuts > RUNS && refusals > RUNS,
                    snapshots + " snapshots, " + cuts + " cuts, " + refusals + " refusals");
        }
    }

    @Test
    void shouldLiveTheSameLifeAgainFromTheSameSeed() throws Exception {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + 3; seed++) {
            assertEquals(
                    new MetadataSimulation(seed).run().trace(),
                    new MetadataSimulation(seed).run().trace());
        }
    }

    @Test
    void shouldRefuseThoseWhoWaitBehindAChangeThatCannotBeSynced() throws IOException {
        SimulatedFiles files = new SimulatedFiles(new ManualClock(0), new Random(1));
        MetadataStore store = open(files, new ManualClock(0), FlushPolicy.POWER_SAFE);
        files.failSyncs(1);
        assertThrows(ApiException.class, () -> {
            new TopicControl(store).create("orders", 1, Map.of());
            store.awaitCommitted();
        });
        store.update(image -> List.of());
        CompletableFuture<ApiException> outcome = new CompletableFuture<>();
        store.whenCommitted(outcome::complete);
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, outcome.getNow(null).error());
        assertNull(store.image().topic("orders"));
    }

    @Test
    void shouldStartAfterAnEndAtAnyPointOfTheFirstStart() throws IOException {
        for (FlushPolicy policy : FlushPolicy.values()) {
            for (boolean powerLost : new boolean[] {false, true}) {
                boolean crashed = true;
                for (int changes = 0; crashed; changes++) {
                    crashed = firstStart(policy, powerLost, changes);
                }
            }
        }
    }

    /** Starts in a new folder, dies after some changes of files, and starts again; false if it came to the end without dying. */
    private static boolean firstStart(FlushPolicy policy, boolean powerLost, int changes) throws IOException {
        ManualClock clock = new ManualClock(1_700_000_000_000L);
        SimulatedFiles files = new SimulatedFiles(clock, new Random(changes));
        files.crashAfter(changes);
        String clusterId = null;
        boolean acknowledged = false;
        boolean crashed = false;
        try {
            MetadataStore store = open(files, clock, policy);
            clusterId = store.image().clusterId();
            new TopicControl(store).create("orders", 1, Map.of());
            acknowledged = true;
            new TopicControl(store).create("more", 1, Map.of());
        } catch (SimulatedFiles.Crash e) {
            crashed = true;
        }
        files.restart(powerLost);
        MetadataStore store = open(files, clock, policy);
        if (acknowledged && (!powerLost || policy == FlushPolicy.POWER_SAFE)) {
            assertEquals(clusterId, store.image().clusterId(), "after " + changes);
            assertNotNull(store.image().topic("orders"), "after " + changes);
        }
        new TopicControl(store).create("later", 1, Map.of());
        return crashed;
    }

    private static MetadataStore open(SimulatedFiles files, ManualClock clock, FlushPolicy policy) throws IOException {
        LogDirectory directory = LogDirectory.open(
                PATH,
                StorageOptions.of(clock, (task, delayMs) -> {}).withFiles(files).withFlushPolicy(policy));
        MetadataStore store = MetadataStore.open(List.of(directory), clock, BrokerConfig.of(Map.of()), Runnable::run);
        store.registerBroker(new Registration(
                1, null, List.of(), List.of(directory.metaProperties().directoryId())));
        return store;
    }
}
