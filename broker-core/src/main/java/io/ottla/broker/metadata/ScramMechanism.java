package io.ottla.broker.metadata;

/** A mechanism of SCRAM (RFC 5802, RFC 7677), with the number that it has in the protocol (KIP-554). */
public enum ScramMechanism {
    SHA_256(1, "SHA-256", "HmacSHA256"),
    SHA_512(2, "SHA-512", "HmacSHA512");

    private final byte id;
    private final String hash;
    private final String mac;

    ScramMechanism(int id, String hash, String mac) {
        this.id = (byte) id;
        this.hash = hash;
        this.mac = mac;
    }

    /** The number in the protocol. */
    public byte id() {
        return id;
    }

    /** The hash function, as Java names it. */
    public String hash() {
        return hash;
    }

    /** The keyed hash function, as Java names it. */
    public String mac() {
        return mac;
    }

    /** The mechanism with this number, null if there is none. */
    public static ScramMechanism of(byte id) {
        for (ScramMechanism mechanism : values()) {
            if (mechanism.id == id) {
                return mechanism;
            }
        }
        return null;
    }
}
