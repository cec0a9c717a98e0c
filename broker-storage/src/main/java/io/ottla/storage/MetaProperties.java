package io.ottla.storage;

import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Properties;

/**
 * The file {@code meta.properties}: whose data directory it is.
 *
 * @param clusterId the cluster's id
 * @param nodeId the node's id
 * @param directoryId this directory's id
 */
public record MetaProperties(String clusterId, int nodeId, Uuid directoryId) {

    static final String FILE_NAME = "meta.properties";

    private static final String VERSION = "1";

    void write(StorageFiles files, Path logDirectory) throws IOException {
        String text = "#\n#\ncluster.id=" + clusterId + "\ndirectory.id=" + directoryId + "\nnode.id=" + nodeId
                + "\nversion=" + VERSION + "\n";
        files.replace(logDirectory.resolve(FILE_NAME), text.getBytes(StandardCharsets.UTF_8), true);
    }

    /** The file's content; null if there is no file. */
    static MetaProperties read(StorageFiles files, Path logDirectory) throws IOException {
        Path path = logDirectory.resolve(FILE_NAME);
        if (!files.exists(path)) {
            return null;
        }
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(new String(files.readAll(path), StandardCharsets.UTF_8)));
        } catch (IllegalArgumentException e) {
            throw new LogDamageException(path, 0, "not a file of properties: " + e.getMessage());
        }
        String version = properties.getProperty("version", "").trim();
        String clusterId = properties.getProperty("cluster.id", "").trim();
        if (!version.equals(VERSION) || clusterId.isEmpty()) {
            throw new LogDamageException(path, 0, "version " + VERSION + " and a cluster.id are expected");
        }
        try {
            String directoryId = properties.getProperty("directory.id");
            return new MetaProperties(
                    clusterId,
                    Integer.parseInt(properties.getProperty("node.id", "").trim()),
                    directoryId == null ? Uuid.ZERO : Uuid.fromString(directoryId.trim()));
        } catch (IllegalArgumentException e) {
            throw new LogDamageException(path, 0, "node.id or directory.id is not one: " + e.getMessage());
        }
    }
}
