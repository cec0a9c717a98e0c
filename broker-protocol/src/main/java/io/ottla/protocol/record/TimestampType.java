package io.ottla.protocol.record;

/**
 * Whose clock the timestamps of a batch come from: bit 3 of the batch's attributes.
 *
 * <p>Source: KIP-32.
 */
public enum TimestampType {
    /** The producer set the timestamp of each record. */
    CREATE_TIME(0, "CreateTime"),
    /** The broker set one timestamp for the whole batch when it appended it. */
    LOG_APPEND_TIME(1, "LogAppendTime");

    private final int id;
    private final String configName;

    TimestampType(int id, String configName) {
        this.id = id;
        this.configName = configName;
    }

    /** The value of the attribute bit, 0 or 1. */
    public int id() {
        return id;
    }

    /** The name as {@code message.timestamp.type} spells it. */
    public String configName() {
        return configName;
    }

    /** The type with that configuration name, or null if there is none. */
    public static TimestampType forName(String configName) {
        for (TimestampType type : values()) {
            if (type.configName.equals(configName)) {
                return type;
            }
        }
        return null;
    }

    @Override
    public String toString() {
        return configName;
    }
}
