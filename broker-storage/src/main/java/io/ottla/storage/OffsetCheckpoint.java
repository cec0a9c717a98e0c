package io.ottla.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A checkpoint file with one offset for each partition: {@code <topic> <partition> <offset>} by the line. */
final class OffsetCheckpoint {

    static final String RECOVERY_POINT = "recovery-point-offset-checkpoint";
    static final String LOG_START_OFFSET = "log-start-offset-checkpoint";
    static final String CLEANER_OFFSET = "cleaner-offset-checkpoint";
    static final String REPLICATION_OFFSET = "replication-offset-checkpoint";

    private final StorageFiles files;
    private final Path path;
    private List<String> written;

    OffsetCheckpoint(StorageFiles files, Path path) {
        this.files = files;
        this.path = path;
    }

    /** The offsets by the name of the partition's directory; empty if the file is missing or damaged. */
    Map<String, Long> read() throws IOException {
        Map<String, Long> offsets = new TreeMap<>();
        List<String[]> entries = TextCheckpoint.read(files, path, 3);
        if (entries == null) {
            return offsets;
        }
        try {
            for (String[] entry : entries) {
                offsets.put(PartitionDirectory.name(entry[0], Integer.parseInt(entry[1])), Long.parseLong(entry[2]));
            }
        } catch (NumberFormatException e) {
            StorageLog.LOG.warn("{} is damaged: it is ignored and will be written again", path);
            offsets.clear();
        }
        return offsets;
    }

    /** Writes the file unless it would be the same. */
    void write(Map<String, Long> offsets) throws IOException {
        List<String> entries = new ArrayList<>();
        for (Map.Entry<String, Long> entry : offsets.entrySet()) {
            int dash = PartitionDirectory.dash(entry.getKey());
            entries.add(entry.getKey().substring(0, dash) + " " + entry.getKey().substring(dash + 1) + " "
                    + entry.getValue());
        }
        if (!entries.equals(written)) {
            TextCheckpoint.write(files, path, entries, true);
            written = entries;
        }
    }
}
