package io.ottla.broker.handler.telemetry;

import io.ottla.broker.config.MetricsConfigs;
import io.ottla.broker.handler.ConnectionContext;
import io.ottla.broker.handler.RequestContext;
import io.ottla.protocol.Uuid;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What somebody who administers the broker wants to know of clients.
 *
 * @param metrics prefixes of names, or {@code *}
 * @param intervalMs how often
 * @param selectors which clients: all that fit each of these
 */
record MetricsSubscription(List<String> metrics, int intervalMs, Map<String, Pattern> selectors) {

    static MetricsSubscription of(Map<String, String> config) {
        return new MetricsSubscription(
                MetricsConfigs.metrics(config), MetricsConfigs.intervalMs(config), MetricsConfigs.selectors(config));
    }

    boolean fits(Uuid clientInstanceId, RequestContext context) {
        for (Map.Entry<String, Pattern> selector : selectors.entrySet()) {
            String attribute = attribute(selector.getKey(), clientInstanceId, context);
            if (!selector.getValue().matcher(attribute).matches()) {
                return false;
            }
        }
        return true;
    }

    private static String attribute(String selector, Uuid clientInstanceId, RequestContext context) {
        ConnectionContext connection = context.connection();
        return switch (selector) {
            case "client_instance_id" -> clientInstanceId.toString();
            case "client_id" -> context.clientId();
            case "client_software_name" -> connection.clientSoftwareName();
            case "client_software_version" -> connection.clientSoftwareVersion();
            case "client_source_address" -> connection.remoteAddress().getHostAddress();
            case "client_source_port" -> Integer.toString(connection.remotePort());
            default -> throw new IllegalStateException("Unknown selector " + selector);
        };
    }
}
