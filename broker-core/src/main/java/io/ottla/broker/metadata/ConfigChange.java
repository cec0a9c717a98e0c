package io.ottla.broker.metadata;

/**
 * One step of a configuration change.
 *
 * @param key the configuration key
 * @param operation one of the constants here, as the protocol numbers them
 * @param value the value to set, or the comma-separated elements to add or take away; null only for DELETE
 */
public record ConfigChange(String key, byte operation, String value) {

    public static final byte SET = 0;
    public static final byte DELETE = 1;
    public static final byte APPEND = 2;
    public static final byte SUBTRACT = 3;
}
