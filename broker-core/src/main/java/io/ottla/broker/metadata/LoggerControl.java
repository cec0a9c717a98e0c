package io.ottla.broker.metadata;

import io.ottla.broker.config.Loggers;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Changes the levels of loggers (KIP-412), by the rules and with the words of Apache Kafka. They last until the process ends. Thread-safe. */
final class LoggerControl {

    private static final Logger LOG = LoggerFactory.getLogger(LoggerControl.class);
    private static final Set<String> LEVELS = Set.of("DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN");

    private final Loggers loggers;
    private final int nodeId;

    LoggerControl(Loggers loggers, int nodeId) {
        this.loggers = loggers;
        this.nodeId = nodeId;
    }

    /**
     * Looks whether a wish can be granted.
     *
     * @throws ApiException if it cannot
     */
    void check(ConfigWish wish) {
        if (wish.replaceAll()) {
            throw ConfigControl.invalidRequest("Unknown resource type BROKER_LOGGER");
        }
        checkNode(wish.resource().name());
        Map<String, String> levels = loggers.levels();
        wish.changes().forEach(change -> check(change, levels));
    }

    private void checkNode(String name) {
        try {
            if (Integer.parseInt(name) == nodeId) {
                return;
            }
        } catch (NumberFormatException e) {
            throw ConfigControl.invalidRequest("Node id must be an integer, but it is: " + name);
        }
        throw ConfigControl.invalidRequest("Unexpected node id. Expected " + nodeId + ", but received " + name);
    }

    private static void check(ConfigChange change, Map<String, String> levels) {
        switch (change.operation()) {
            case ConfigChange.SET, ConfigChange.DELETE -> {}
            case ConfigChange.APPEND -> throw notAllowed("APPEND operation");
            case ConfigChange.SUBTRACT -> throw notAllowed("SUBTRACT operation");
            default -> throw notAllowed("Unknown operation type " + change.operation());
        }
        String logger = change.key();
        if (!levels.containsKey(logger)) {
            throw new ApiException(ErrorCode.INVALID_CONFIG, "Logger " + logger + " does not exist!");
        }
        if (change.operation() == ConfigChange.DELETE) {
            if (logger.equals(Loggers.ROOT)) {
                throw ConfigControl.invalidRequest("Removing the log level of the root logger is not allowed");
            }
        } else if (!LEVELS.contains(change.value())) {
            throw new ApiException(
                    ErrorCode.INVALID_CONFIG,
                    "Cannot set the log level of " + logger + " to " + change.value()
                            + " as it is not a supported log level. Valid log levels are "
                            + "DEBUG, ERROR, FATAL, INFO, TRACE, WARN");
        }
    }

    private static ApiException notAllowed(String what) {
        return ConfigControl.invalidRequest(what + " is not allowed for the BROKER_LOGGER resource");
    }

    /** Grants a wish that has been checked. */
    void apply(ConfigWish wish) {
        for (ConfigChange change : wish.changes()) {
            String level = change.operation() == ConfigChange.DELETE ? null : change.value();
            loggers.level(change.key(), level);
            LOG.info("The level of the logger {} is {} now", change.key(), level == null ? "inherited" : level);
        }
    }
}
