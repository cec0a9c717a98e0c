package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.ConfigException;
import io.ottla.protocol.Uuid;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.MetaProperties;
import java.io.IOException;
import java.util.List;

/** Whose data it is: the cluster id, the node id and the directory id in {@code meta.properties}. */
final class ClusterIdentity {

    private ClusterIdentity() {}

    /** The cluster id of the directories; a new one if none has any. Completes what is missing. */
    static String establish(List<LogDirectory> directories, BrokerConfig config) throws IOException {
        String clusterId = null;
        for (LogDirectory directory : directories) {
            MetaProperties properties = directory.metaProperties();
            if (properties == null) {
                continue;
            }
            if (properties.nodeId() != config.nodeId()) {
                throw new ConfigException(
                        "node.id",
                        config.nodeId(),
                        "The data folder " + directory.path() + " belongs to node " + properties.nodeId());
            }
            if (clusterId != null && !clusterId.equals(properties.clusterId())) {
                throw new ConfigException(
                        "log.dirs",
                        config.text("log.dirs"),
                        "The folders belong to different clusters, " + clusterId + " and " + properties.clusterId());
            }
            clusterId = properties.clusterId();
        }
        if (clusterId == null) {
            clusterId = Uuid.random().toString();
        }
        for (LogDirectory directory : directories) {
            MetaProperties properties = directory.metaProperties();
            if (properties == null || properties.directoryId().equals(Uuid.ZERO)) {
                directory.metaProperties(new MetaProperties(clusterId, config.nodeId(), Uuid.random()));
            }
        }
        return clusterId;
    }
}
