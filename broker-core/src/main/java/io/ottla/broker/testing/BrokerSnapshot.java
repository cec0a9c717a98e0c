package io.ottla.broker.testing;

import io.ottla.storage.DirectorySnapshots;
import io.ottla.storage.LogDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The whole state of a broker at one moment: topics, records, groups, offsets, transactions, configurations, users, quotas. Made by
 * {@code broker.snapshot()}, put back by {@code broker.restore(snapshot)}, any number of times.
 *
 * <p>It lies beside the data folder and shares its large files with it, so that it costs next to nothing; it goes when it is closed, or
 * with the broker. Thread-safe.
 *
 * <pre>{@code
 * try (BrokerSnapshot filled = broker.snapshot()) {
 *     broker.topic("orders").write("42", "created");
 *     broker.restore(filled);
 * }
 * }</pre>
 */
public final class BrokerSnapshot implements AutoCloseable {

    /** One for each data directory, in their order. */
    private final List<Path> folders;

    private BrokerSnapshot(List<Path> folders) {
        this.folders = List.copyOf(folders);
    }

    /**
     * For the broker: the state as it is now. Whoever appends meanwhile waits.
     *
     * @throws UncheckedIOException if it cannot be written
     */
    public static BrokerSnapshot take(BrokerParts broker) {
        List<Path> folders = new ArrayList<>();
        try {
            broker.workers().runAlone(() -> {
                for (LogDirectory directory : broker.directories()) {
                    Path folder = newFolder(directory.path());
                    folders.add(folder);
                    DirectorySnapshots.take(directory, folder);
                }
            });
        } catch (IOException | RuntimeException e) {
            new BrokerSnapshot(folders).close();
            if (e instanceof IOException failure) {
                throw new UncheckedIOException("The snapshot cannot be written: " + e.getMessage(), failure);
            }
            throw (RuntimeException) e;
        }
        return new BrokerSnapshot(folders);
    }

    /** On the same disk if possible: only there can files be shared. */
    private static Path newFolder(Path directory) throws IOException {
        String prefix = directory.getFileName() + "-snapshot-";
        try {
            return Files.createTempDirectory(directory.getParent(), prefix);
        } catch (IOException e) {
            return Files.createTempDirectory(prefix);
        }
    }

    /**
     * For the broker: puts the state in the place of what the directories hold, which nobody may use meanwhile.
     *
     * @throws IllegalStateException if the snapshot is closed, or of a broker with another number of directories
     * @throws UncheckedIOException if it cannot be done
     */
    public void restore(List<Path> directories) {
        ensureFits(directories.size());
        try {
            for (int i = 0; i < folders.size(); i++) {
                DirectorySnapshots.restore(folders.get(i), directories.get(i));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The snapshot cannot be restored: " + e.getMessage(), e);
        }
    }

    /**
     * For the broker: whether {@link #restore} can be expected to succeed.
     *
     * @throws IllegalStateException if the snapshot is closed, or of a broker with another number of directories
     */
    public void ensureFits(int directoryCount) {
        if (folders.size() != directoryCount) {
            throw new IllegalStateException("The snapshot is of a broker with " + folders.size()
                    + " data folders, this one has " + directoryCount);
        }
        for (Path folder : folders) {
            if (Files.notExists(folder)) {
                throw new IllegalStateException("The snapshot is closed");
            }
        }
    }

    /** Deletes the snapshot. Has no effect on a closed one, nor on a broker that it was restored to. */
    @Override
    public void close() {
        try {
            for (Path folder : folders) {
                DirectorySnapshots.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The snapshot cannot be deleted: " + e.getMessage(), e);
        }
    }
}
