package io.ottla.broker;

/**
 * What everything that a broker acknowledges survives: records, committed offsets, topics and their configurations. Also set by the
 * configuration key {@code ottla.durability}.
 *
 * <pre>{@code
 * try (EmbeddedBroker broker =
 *         EmbeddedBroker.builder().durability(Durability.POWER_SAFE).start()) {
 *     // Every acknowledgement has waited for the disk.
 * }
 * }</pre>
 */
public enum Durability {
    /**
     * The death of the process, not that of the machine: what is acknowledged is in the operating system's memory. As Apache Kafka does
     * it.
     */
    PROCESS_CRASH_SAFE("process-crash-safe"),

    /**
     * A power failure, too: acknowledgements wait until the disk has what they are about, and consumers see no more than that. One fsync
     * serves all who wait.
     */
    POWER_SAFE("power-safe");

    private final String configValue;

    Durability(String configValue) {
        this.configValue = configValue;
    }

    String configValue() {
        return configValue;
    }
}
