package io.ottla.broker.metadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MetadataRecord;
import io.ottla.storage.FlushPolicy;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.ManualClock;
import io.ottla.storage.SimulatedFiles;
import io.ottla.storage.StorageOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;

/**
 * One life of the metadata of a broker that loses its process and its power at any call to the file system, and whose writes and syncs fail now and
 * then; follows from a seed.
 */
final class MetadataSimulation {

    private static final Path PATH = Path.of("/sim/data");
    private static final int CRASHES = 10;

    private final Random random;
    private final ManualClock clock = new ManualClock(1_700_000_000_000L);
    private final SimulatedFiles files;
    private final FlushPolicy policy;
    private final RandomMetadata changes;
    private final BrokerConfig config;

    /** What the metadata was or may have become, by the offset of the last record; the last of them is the last that was tried. */
    private final NavigableMap<Long, List<Map<String, Object>>> history = new TreeMap<>();

    private final List<Runnable> delayed = new ArrayList<>();
    private LogDirectory directory;
    private MetadataStore store;
    private MetadataUpkeep upkeep;

    /** Up to where changes have been acknowledged, and up to where a snapshot has been seen. */
    private long acknowledgedOffset = -1;

    private long snapshotOffset = -1;
    /** What could not be synced may be read until the power is lost, and is gone then, whatever is synced later. */
    private boolean syncFails;

    private int crashes;
    private int refusals;
    private int snapshots;
    private int cuts;

    /** The metadata after the first start. */
    private Map<String, Object> initial;

    MetadataSimulation(long seed) {
        random = new Random(seed);
        files = new SimulatedFiles(clock, new Random(random.nextLong()));
        policy = random.nextBoolean() ? FlushPolicy.POWER_SAFE : FlushPolicy.PROCESS_CRASH_SAFE;
        changes = new RandomMetadata(new Random(random.nextLong()));
        config = BrokerConfig.of(Map.of(
                "metadata.log.max.record.bytes.between.snapshots",
                Integer.toString(500 + random.nextInt(3000)),
                "metadata.max.retention.bytes",
                Integer.toString(random.nextInt(20_000)),
                "metadata.max.retention.ms",
                Integer.toString(random.nextInt(200_000)),
                "internal.metadata.log.segment.bytes",
                Integer.toString(2000 + random.nextInt(4000))));
    }

    /** Lives on until it has crashed a number of times. */
    MetadataSimulation run() throws Exception {
        files.createDirectories(PATH);
        files.syncDirectory(Path.of("/"));
        files.syncDirectory(PATH.getParent());
        start(false);
        while (crashes < CRASHES) {
            files.crashAfter(random.nextInt(1 << (2 + random.nextInt(8))));
            try {
                while (true) {
                    step();
                }
            } catch (SimulatedFiles.Crash e) {
                crashes++;
                start(syncFails || random.nextBoolean());
            } catch (ApiException e) {
                assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, e.error());
                start(syncFails || random.nextBoolean());
            }
        }
        close();
        return this;
    }

    /** What went on, in short. */
    String trace() {
        return refusals + " refusals, " + snapshots + " snapshots, " + cuts + " cuts, " + files.changeCount()
                + " changes of files, end offset " + acknowledgedOffset;
    }

    /** How many snapshots were written. */
    int snapshots() {
        return snapshots;
    }

    /** How many changes were refused because files could not be written or synced. */
    int refusals() {
        return refusals;
    }

    /** How often the log lost its beginning. */
    int cuts() {
        return cuts;
    }

    private void start(boolean powerLostAtFirst) throws Exception {
        boolean powerLost = powerLostAtFirst;
        boolean everLost = powerLost;
        syncFails = false;
        while (true) {
            files.restart(powerLost);
            if (random.nextInt(3) > 0) {
                files.crashAfter(random.nextInt(60));
            }
            try {
                open();
                break;
            } catch (SimulatedFiles.Crash e) {
                crashes++;
                powerLost = random.nextBoolean();
                everLost |= powerLost;
            }
        }
        files.crashNever();
        verify(everLost);
    }

    private void open() throws IOException {
        delayed.clear();
        StorageOptions options = StorageOptions.of(clock, (task, delayMs) -> delayed.add(task))
                .withFiles(files)
                .withFlushPolicy(policy);
        directory = LogDirectory.open(PATH, options);
        store = MetadataStore.open(List.of(directory), clock, config, Runnable::run);
        upkeep = new MetadataUpkeep(store, this::inBackground, clock);
    }

    /** In between two calls, as far as the metadata can tell. */
    private void inBackground(Runnable task, long delayMs) {
        if (delayMs > 0) {
            delayed.add(task);
            return;
        }
        long endBefore = store.log().snapshotEndOffset();
        long startBefore = logStart();
        task.run();
        snapshots += store.log().snapshotEndOffset() > endBefore ? 1 : 0;
        cuts += logStart() > startBefore ? 1 : 0;
        snapshotOffset = store.log().snapshotEndOffset() - 1;
    }

    private long logStart() {
        return directory.log(TopicNames.CLUSTER_METADATA, 0).logStartOffset();
    }

    private void verify(boolean powerLost) throws Exception {
        MetadataImage image = store.image();
        long offset = image.offset();
        Map<String, Object> state = ImageRecordsTest.state(image);
        boolean mayLoseTheUnsynced = powerLost && policy == FlushPolicy.PROCESS_CRASH_SAFE;
        if (initial == null) {
            initial = state;
        } else if (!(mayLoseTheUnsynced && snapshotOffset < 0 && state.equals(initial))) {
            // But for metadata that were lost up to their beginning, and are begun anew, behind what is left of the
            // first start.
            List<Map<String, Object>> possible = history.get(offset);
            assertNotNull(possible, () -> "The metadata ends at offset " + offset + ", within a change");
            // A change that was refused is there after a power failure if the device has it, and not what took its
            // place.
            boolean refusedOne = (mayLoseTheUnsynced || offset > acknowledgedOffset) && possible.contains(state);
            if (!refusedOne) {
                assertEquals(possible.get(possible.size() - 1), state);
            }
        }
        long least = mayLoseTheUnsynced ? snapshotOffset : Math.max(snapshotOffset, acknowledgedOffset);
        assertTrue(offset >= least, () -> "The metadata ends at " + offset + ", but was safe up to " + least);
        history.tailMap(offset, false).clear();
        history.headMap(offset, false).clear();
        history.put(offset, new ArrayList<>(List.of(state)));
        acknowledgedOffset = mayLoseTheUnsynced ? snapshotOffset : offset;
        upkeep.start();
    }

    private void step() throws Exception {
        int kind = random.nextInt(100);
        if (kind < 85) {
            change(changes.records(store.latestImage()));
        } else if (kind < 90) {
            clock.advance(Duration.ofMillis(random.nextInt(100_000)));
            List<Runnable> due = new ArrayList<>(delayed);
            delayed.clear();
            due.forEach(Runnable::run);
        } else if (kind < 93) {
            directory.checkpoint();
        } else if (kind < 95) {
            directory.log(TopicNames.CLUSTER_METADATA, 0).flush();
        } else if (kind == 95 && !syncFails) {
            close();
            open();
            verify(false);
        } else if (kind == 96) {
            files.failWrites(1 + random.nextInt(3));
        } else if (kind == 97) {
            files.failSyncs(1 + random.nextInt(3));
            syncFails = true;
        }
    }

    private void close() throws Exception {
        expect(ClusterRecords.fenceAll(store.image()));
        upkeep.close();
        store.close();
        directory.close();
        acknowledgedOffset = store.image().offset();
    }

    private void change(List<MetadataRecord> records) throws Exception {
        expect(records);
        MetadataImage before = store.image();
        try {
            store.update(image -> records);
            store.awaitCommitted();
        } catch (ApiException e) {
            refusals++;
            assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, e.error());
            assertSame(before, store.image(), "a change that was refused can be seen");
            if (random.nextInt(3) == 0) {
                throw e;
            }
            return;
        }
        acknowledgedOffset = Math.max(acknowledgedOffset, store.image().offset());
    }

    private void expect(List<MetadataRecord> records) throws Exception {
        if (records.isEmpty()) {
            return;
        }
        MetadataDelta delta = new MetadataDelta(store.latestImage());
        long offset = store.endOffset();
        for (MetadataRecord record : records) {
            delta.replay(record, offset++);
        }
        history.computeIfAbsent(offset - 1, end -> new ArrayList<>()).add(ImageRecordsTest.state(delta.build()));
    }
}
