package io.ottla.broker.config;

import java.util.Map;

/** The loggers of the process, where their levels may be seen and changed from outside (KIP-412). Thread-safe. */
public interface Loggers {

    /** What the logger is called that all others inherit from. */
    String ROOT = "root";

    /** The levels that hold for all loggers there are, by their names. */
    Map<String, String> levels();

    /**
     * Sets the level of a logger.
     *
     * @param logger one of those that there are
     * @param level one of DEBUG, ERROR, FATAL, INFO, TRACE, WARN; null lets it inherit the level again, which the root cannot
     */
    void level(String logger, String level);

    /** No loggers: logging belongs to whoever embeds the broker. */
    static Loggers none() {
        return new Loggers() {
            @Override
            public Map<String, String> levels() {
                return Map.of();
            }

            @Override
            public void level(String logger, String level) {
                throw new IllegalArgumentException("There is no logger " + logger);
            }
        };
    }
}
