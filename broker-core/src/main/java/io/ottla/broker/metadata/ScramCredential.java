package io.ottla.broker.metadata;

import io.ottla.protocol.message.UserScramCredentialRecord;
import java.util.Arrays;

/** What proves that somebody knows a user's password, without being the password (RFC 5802). Immutable, as nobody may change its arrays. */
public final class ScramCredential {

    private final byte[] salt;
    private final byte[] storedKey;
    private final byte[] serverKey;
    private final int iterations;

    ScramCredential(UserScramCredentialRecord record) {
        this.salt = record.salt();
        this.storedKey = record.storedKey();
        this.serverKey = record.serverKey();
        this.iterations = record.iterations();
    }

    /** What the password was salted with; not to be changed. */
    public byte[] salt() {
        return salt;
    }

    /** The hash of the key that the client proves to have; not to be changed. */
    public byte[] storedKey() {
        return storedKey;
    }

    /** The key that the server proves to have; not to be changed. */
    public byte[] serverKey() {
        return serverKey;
    }

    /** How many rounds of hashing lie between the password and the keys. */
    public int iterations() {
        return iterations;
    }

    UserScramCredentialRecord toRecord(String user, ScramMechanism mechanism) {
        return new UserScramCredentialRecord()
                .name(user)
                .mechanism(mechanism.id())
                .salt(salt)
                .storedKey(storedKey)
                .serverKey(serverKey)
                .iterations(iterations);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ScramCredential that
                && iterations == that.iterations
                && Arrays.equals(salt, that.salt)
                && Arrays.equals(storedKey, that.storedKey)
                && Arrays.equals(serverKey, that.serverKey);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(storedKey) * 31 + iterations;
    }

    /** Shows none of the keys. */
    @Override
    public String toString() {
        return "ScramCredential(iterations=" + iterations + ")";
    }
}
