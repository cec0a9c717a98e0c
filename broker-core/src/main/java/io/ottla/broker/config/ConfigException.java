package io.ottla.broker.config;

/** A configuration value that is not allowed. The message is one line that names the key, the value and what is allowed. */
public final class ConfigException extends RuntimeException {

    private final String key;

    /**
     * @param key the configuration key
     * @param value the value as it was given; pass {@code [hidden]} for secrets
     * @param allowed what is allowed instead, as half a sentence
     */
    public ConfigException(String key, Object value, String allowed) {
        this(key, "Invalid value " + value + " for configuration " + key + ": " + allowed);
    }

    public ConfigException(String key, String message) {
        super(message);
        this.key = key;
    }

    /** The key whose value is not allowed. */
    public String key() {
        return key;
    }
}
