package io.ottla.storage;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Apache Kafka's checkpoint files.
 *
 * <pre>
 *   0            the version
 *   2            how many lines follow
 *   ...          one line for each entry, its fields parted by spaces
 * </pre>
 */
final class TextCheckpoint {

    private static final String VERSION = "0";

    private TextCheckpoint() {}

    static void write(StorageFiles files, Path path, List<String> entries, boolean sync) throws IOException {
        StringBuilder text =
                new StringBuilder(VERSION).append('\n').append(entries.size()).append('\n');
        for (String entry : entries) {
            text.append(entry).append('\n');
        }
        files.replace(path, text.toString().getBytes(StandardCharsets.UTF_8), sync);
    }

    /**
     * The fields of every entry.
     *
     * @param fieldCount how many fields an entry has
     * @return null if the file is missing or damaged, which is logged
     */
    static List<String[]> read(StorageFiles files, Path path, int fieldCount) throws IOException {
        if (!files.exists(path)) {
            return null;
        }
        List<String[]> entries = parse(files, path, fieldCount);
        if (entries == null) {
            StorageLog.LOG.warn("{} is damaged: it is ignored and will be written again", path);
        }
        return entries;
    }

    /** The same of a file that is there; says nothing. */
    static List<String[]> parse(StorageFiles files, Path path, int fieldCount) throws IOException {
        String[] lines = new String(files.readAll(path), StandardCharsets.UTF_8).split("\n", -1);
        List<String[]> entries = new ArrayList<>();
        if (lines.length < 2 || !lines[0].equals(VERSION)) {
            return null;
        }
        for (int i = 2; i < lines.length - 1; i++) {
            String[] fields = lines[i].trim().split(" +", -1);
            if (fields.length != fieldCount) {
                return null;
            }
            entries.add(fields);
        }
        boolean complete =
                lines[1].trim().equals(Integer.toString(entries.size())) && lines[lines.length - 1].isEmpty();
        return complete ? entries : null;
    }
}
