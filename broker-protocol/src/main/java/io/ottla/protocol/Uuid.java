package io.ottla.protocol;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.UUID;

/** 128 bits that name a topic, a directory, a member. As text: 22 characters of URL-safe base64 without padding. */
public record Uuid(long mostSignificantBits, long leastSignificantBits) implements Comparable<Uuid> {
    /** Stands for no id. */
    public static final Uuid ZERO = new Uuid(0L, 0L);

    /** Reserved: the id of the cluster metadata topic. */
    public static final Uuid ONE = new Uuid(0L, 1L);

    private static final int SIZE_BYTES = 16;
    private static final int TEXT_LENGTH = 22;

    /** A random id (version 4) that is not reserved and whose text does not start with a dash, which command lines take for an option. */
    public static Uuid random() {
        while (true) {
            UUID random = UUID.randomUUID();
            Uuid uuid = new Uuid(random.getMostSignificantBits(), random.getLeastSignificantBits());
            if (!uuid.equals(ZERO) && !uuid.equals(ONE) && !uuid.toString().startsWith("-")) {
                return uuid;
            }
        }
    }

    /**
     * Reads what {@link #toString} writes.
     *
     * @throws IllegalArgumentException if the text is not the base64 form of 16 bytes
     */
    public static Uuid fromString(String text) {
        if (text.length() > TEXT_LENGTH + 2) {
            throw new IllegalArgumentException("Not a base64 UUID: it has " + text.length() + " characters");
        }
        byte[] bytes = Base64.getUrlDecoder().decode(text);
        if (bytes.length != SIZE_BYTES) {
            throw new IllegalArgumentException("Not a base64 UUID: " + text + " has " + bytes.length + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new Uuid(buffer.getLong(), buffer.getLong());
    }

    // Written out, as those of ConfigResource: what the compiler makes for a record builds itself of method handles
    // when it is first called, which is a twentieth of a broker's start.
    @Override
    public boolean equals(Object other) {
        return other instanceof Uuid uuid
                && mostSignificantBits == uuid.mostSignificantBits
                && leastSignificantBits == uuid.leastSignificantBits;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(mostSignificantBits) + Long.hashCode(leastSignificantBits);
    }

    @Override
    public int compareTo(Uuid other) {
        int most = Long.compare(mostSignificantBits, other.mostSignificantBits);
        return most != 0 ? most : Long.compare(leastSignificantBits, other.leastSignificantBits);
    }

    @Override
    public String toString() {
        byte[] bytes = ByteBuffer.allocate(SIZE_BYTES)
                .putLong(mostSignificantBits)
                .putLong(leastSignificantBits)
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
