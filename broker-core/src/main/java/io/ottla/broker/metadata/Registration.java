package io.ottla.broker.metadata;

import io.ottla.broker.config.Listener;
import io.ottla.protocol.Uuid;
import java.util.List;

/**
 * What a broker says of itself when it starts.
 *
 * @param brokerId its id
 * @param rack where it stands, null if it does not say
 * @param endpoints where clients find it; hosts and ports are final
 * @param logDirs the ids of its log directories
 */
public record Registration(int brokerId, String rack, List<Listener> endpoints, List<Uuid> logDirs) {}
