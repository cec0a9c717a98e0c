package io.ottla.broker.metadata;

/**
 * What a configuration belongs to.
 *
 * @param type one of the constants here, as the protocol numbers them
 * @param name the name of the topic, group or subscription, or the id of the broker; empty for the default of all brokers
 */
public record ConfigResource(byte type, String name) {

    public static final byte TOPIC = 2;
    public static final byte BROKER = 4;
    public static final byte BROKER_LOGGER = 8;
    public static final byte CLIENT_METRICS = 16;
    public static final byte GROUP = 32;

    public static ConfigResource topic(String name) {
        return new ConfigResource(TOPIC, name);
    }

    public static ConfigResource broker(int id) {
        return new ConfigResource(BROKER, Integer.toString(id));
    }

    /** The configuration that holds for all brokers. */
    public static ConfigResource allBrokers() {
        return new ConfigResource(BROKER, "");
    }

    // Both written out for the sake of the start; see Uuid.
    @Override
    public boolean equals(Object other) {
        return other instanceof ConfigResource resource && type == resource.type && name.equals(resource.name);
    }

    @Override
    public int hashCode() {
        return 31 * type + name.hashCode();
    }
}
