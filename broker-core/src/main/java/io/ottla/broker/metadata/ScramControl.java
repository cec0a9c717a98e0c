package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.message.AlterUserScramCredentialsRequest.ScramCredentialDeletion;
import io.ottla.protocol.message.AlterUserScramCredentialsRequest.ScramCredentialUpsertion;
import io.ottla.protocol.message.RemoveUserScramCredentialRecord;
import io.ottla.protocol.message.UserScramCredentialRecord;
import io.ottla.storage.CommitCallback;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Sets and deletes users' SCRAM credentials, by the rules and with the words of Apache Kafka. Thread-safe. */
public final class ScramControl {

    private static final int MIN_ITERATIONS = 4096;
    private static final int MAX_ITERATIONS = 16_384;

    private final MetadataStore store;

    /**
     * What became of the wish for one user.
     *
     * @param user the name
     * @param error NONE if it was granted
     * @param message why not; null if it was granted
     */
    public record Outcome(String user, ErrorCode error, String message) {}

    public ScramControl(MetadataStore store) {
        this.store = store;
    }

    /** Calls back when what has been changed is safe and can be seen, or never will be: see {@link MetadataStore#whenCommitted}. */
    public void whenCommitted(CommitCallback callback) {
        store.whenCommitted(callback);
    }

    /** Changes credentials, those that can be changed in one step; one outcome for each user. A user may be named only once. */
    public List<Outcome> alter(List<ScramCredentialDeletion> deletions, List<ScramCredentialUpsertion> upsertions) {
        List<Outcome> outcomes = new ArrayList<>();
        store.update(image -> {
            Changes changes = new Changes();
            for (ScramCredentialDeletion deletion : deletions) {
                changes.add(deletion.name(), () -> removal(image, deletion));
            }
            for (ScramCredentialUpsertion upsertion : upsertions) {
                changes.add(upsertion.name(), () -> credential(upsertion));
            }
            changes.records.forEach((user, record) -> outcomes.add(new Outcome(user, ErrorCode.NONE, null)));
            changes.refusals.forEach(
                    (user, refusal) -> outcomes.add(new Outcome(user, refusal.error(), refusal.getMessage())));
            return List.copyOf(changes.records.values());
        });
        return outcomes;
    }

    /** The records of one request, and what is wrong with it. */
    private static final class Changes {

        private final Map<String, MetadataRecord> records = new LinkedHashMap<>();
        private final Map<String, ApiException> refusals = new LinkedHashMap<>();

        private interface Change {
            MetadataRecord record();
        }

        /** The first thing that is wrong with a user's changes is what the client is told. */
        void add(String user, Change change) {
            if (records.remove(user) != null) {
                refusals.put(
                        user,
                        new ApiException(
                                ErrorCode.DUPLICATE_RESOURCE,
                                "A user credential cannot be altered twice in the same request"));
            } else if (!refusals.containsKey(user)) {
                try {
                    records.put(user, change.record());
                } catch (ApiException e) {
                    refusals.put(user, e);
                }
            }
        }
    }

    private static ScramMechanism validate(String user, byte mechanismId) {
        if (user.isEmpty()) {
            throw unacceptable("Username must not be empty");
        }
        ScramMechanism mechanism = ScramMechanism.of(mechanismId);
        if (mechanism == null) {
            throw new ApiException(ErrorCode.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism");
        }
        return mechanism;
    }

    private static MetadataRecord removal(MetadataImage image, ScramCredentialDeletion deletion) {
        ScramMechanism mechanism = validate(deletion.name(), deletion.mechanism());
        if (!image.scramCredentials(deletion.name()).containsKey(mechanism)) {
            throw new ApiException(
                    ErrorCode.RESOURCE_NOT_FOUND, "Attempt to delete a user credential that does not exist");
        }
        return new RemoveUserScramCredentialRecord().name(deletion.name()).mechanism(mechanism.id());
    }

    private static MetadataRecord credential(ScramCredentialUpsertion upsertion) {
        ScramMechanism mechanism = validate(upsertion.name(), upsertion.mechanism());
        if (upsertion.iterations() < MIN_ITERATIONS) {
            throw unacceptable("Too few iterations");
        }
        if (upsertion.iterations() > MAX_ITERATIONS) {
            throw unacceptable("Too many iterations");
        }
        if (upsertion.saltedPassword().length == 0) {
            throw unacceptable("The salted password must not be empty");
        }
        try {
            byte[] clientKey = mac(mechanism, upsertion.saltedPassword(), "Client Key");
            return new UserScramCredentialRecord()
                    .name(upsertion.name())
                    .mechanism(mechanism.id())
                    .salt(upsertion.salt())
                    .storedKey(MessageDigest.getInstance(mechanism.hash()).digest(clientKey))
                    .serverKey(mac(mechanism, upsertion.saltedPassword(), "Server Key"))
                    .iterations(upsertion.iterations());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("This Java cannot do " + mechanism, e);
        }
    }

    private static byte[] mac(ScramMechanism mechanism, byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance(mechanism.mac());
        mac.init(new SecretKeySpec(key, mechanism.mac()));
        return mac.doFinal(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static ApiException unacceptable(String message) {
        return new ApiException(ErrorCode.UNACCEPTABLE_CREDENTIAL, message);
    }
}
