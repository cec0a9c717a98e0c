package io.ottla.protocol.record;

/**
 * How the records of a batch are compressed: bits 0 to 2 of the batch's attributes.
 *
 * <p>Naming a type loads no native library; that happens at the first byte that is compressed or decompressed.
 *
 * <p>Source: the Kafka protocol's record batch page; KIP-110 (zstd), KIP-390 (levels).
 */
public enum CompressionType {
    NONE(0, "none", 0, 0, 0),
    GZIP(1, "gzip", 1, 9, -1),
    SNAPPY(2, "snappy", 0, 0, 0),
    LZ4(3, "lz4", 1, 17, 9),
    ZSTD(4, "zstd", -131072, 22, 3);

    private static final CompressionType[] BY_ID = values();

    private final int id;
    private final String configName;
    private final int minLevel;
    private final int maxLevel;
    private final int defaultLevel;

    CompressionType(int id, String configName, int minLevel, int maxLevel, int defaultLevel) {
        this.id = id;
        this.configName = configName;
        this.minLevel = minLevel;
        this.maxLevel = maxLevel;
        this.defaultLevel = defaultLevel;
    }

    /** The id on the wire, 0 to 4. */
    public int id() {
        return id;
    }

    /** The name as configurations spell it, for instance {@code zstd}. */
    public String configName() {
        return configName;
    }

    /** The lowest level that {@code compression.<type>.level} allows; 0 for a type without levels. */
    public int minLevel() {
        return minLevel;
    }

    /** The highest level that {@code compression.<type>.level} allows; 0 for a type without levels. */
    public int maxLevel() {
        return maxLevel;
    }

    /** The level that is used if none is configured; 0 for a type without levels. */
    public int defaultLevel() {
        return defaultLevel;
    }

    /** Whether the level may be asked for: within the range, or the type's default. */
    public boolean allowsLevel(int level) {
        return level == defaultLevel || (level >= minLevel && level <= maxLevel);
    }

    /** The type with that id, or null if the protocol knows none. */
    public static CompressionType forId(int id) {
        return id >= 0 && id < BY_ID.length ? BY_ID[id] : null;
    }

    /** The type with that configuration name, or null if there is none. */
    public static CompressionType forName(String configName) {
        for (CompressionType type : BY_ID) {
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
