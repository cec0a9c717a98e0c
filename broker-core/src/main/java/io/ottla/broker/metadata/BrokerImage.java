package io.ottla.broker.metadata;

import io.ottla.broker.config.Listener;
import io.ottla.protocol.Uuid;
import java.util.List;

/**
 * One broker, as the metadata has it.
 *
 * @param id the broker id
 * @param epoch the offset of its registration in the metadata log
 * @param incarnationId one run of the broker process
 * @param rack where it stands, null if it does not say
 * @param fenced whether clients must not see it
 * @param endpoints where clients find it
 * @param logDirs the ids of its log directories
 * @param details what nobody on one node asks for
 */
public record BrokerImage(
        int id,
        long epoch,
        Uuid incarnationId,
        String rack,
        boolean fenced,
        List<Listener> endpoints,
        List<Uuid> logDirs,
        Details details) {

    /**
     * The rarer facts of a broker.
     *
     * @param features the levels of features that it can serve
     * @param inControlledShutdown whether it is about to stop
     * @param cordonedLogDirs log directories that get no new partitions (KIP-1066)
     */
    public record Details(List<FeatureRange> features, boolean inControlledShutdown, List<Uuid> cordonedLogDirs) {}

    /** The end point of a listener, null if the broker has none of that name. */
    public Listener endpoint(String listenerName) {
        for (Listener endpoint : endpoints) {
            if (endpoint.name().equals(listenerName)) {
                return endpoint;
            }
        }
        return null;
    }
}
