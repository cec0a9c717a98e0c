package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.protocol.Uuid;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.ManualClock;
import io.ottla.storage.StorageOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A metadata store in a folder, with one registered broker; closing it is a clean stop. */
public final class TestMetadata implements AutoCloseable {

    public static final int BROKER_ID = 1;

    private final LogDirectory directory;
    private final MetadataStore store;
    private final ManualClock clock;
    private final MetadataUpkeep upkeep;
    private boolean abandoned;

    private TestMetadata(LogDirectory directory, MetadataStore store, ManualClock clock) {
        this.directory = directory;
        this.store = store;
        this.clock = clock;
        // What is to be done at once is done before the change returns; nothing is done later.
        this.upkeep = new MetadataUpkeep(store, TestMetadata::runIfDue, clock);
    }

    private static void runIfDue(Runnable task, long delayMs) {
        if (delayMs <= 0) {
            task.run();
        }
    }

    public static TestMetadata open(Path path) {
        return open(path, Map.of());
    }

    public static TestMetadata open(Path path, Map<String, String> properties) {
        try {
            ManualClock clock = new ManualClock(1_700_000_000_000L);
            LogDirectory directory = LogDirectory.open(path, StorageOptions.of(clock, (task, delayMs) -> {}));
            MetadataStore store;
            try {
                store = MetadataStore.open(List.of(directory), clock, BrokerConfig.of(properties), Runnable::run);
            } catch (RuntimeException e) {
                directory.abandon();
                throw e;
            }
            TestMetadata metadata = new TestMetadata(directory, store, clock);
            metadata.upkeep.start();
            metadata.register(BROKER_ID);
            return metadata;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void register(int brokerId) {
        Uuid directoryId = directory.metaProperties().directoryId();
        Listener endpoint = new Listener("PLAINTEXT", "PLAINTEXT", "localhost", 9091 + brokerId);
        store.registerBroker(new Registration(brokerId, null, List.of(endpoint), List.of(directoryId)));
    }

    ManualClock clock() {
        return clock;
    }

    public MetadataStore store() {
        return store;
    }

    public LogDirectory directory() {
        return directory;
    }

    /** The only segment of the metadata log. */
    public Path logFile() {
        return directory.path().resolve("__cluster_metadata-0/00000000000000000000.log");
    }

    /** Lets go of the folder without a clean stop, as a kill does; closing does nothing any more. */
    public void abandon() {
        abandoned = true;
        upkeep.close();
        directory.abandon();
    }

    @Override
    public void close() {
        if (abandoned) {
            return;
        }
        upkeep.close();
        store.close();
        directory.close();
    }
}
