package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Credentials of users over restarts of the broker. */
class ScramRestartTest extends ClientTest {

    private static final ScramCredentialInfo WEAK = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
    private static final ScramCredentialInfo STRONG = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192);

    @TempDir
    private Path folder;

    private EmbeddedBroker broker;

    @Override
    protected String bootstrapServers() {
        return broker.bootstrapServers();
    }

    @Test
    void shouldKeepCredentialsAndForgetThoseThatWereDeleted() throws Exception {
        // The second run starts from a snapshot, the others from the log alone.
        for (Map<String, String> config : List.of(
                Map.<String, String>of(),
                Map.of("metadata.log.max.record.bytes.between.snapshots", "1"),
                Map.<String, String>of())) {
            try (EmbeddedBroker started = TestBroker.start(folder, 0, config)) {
                broker = started;
                changeAndCheck(!config.isEmpty());
                closeClients();
            }
        }
    }

    private void changeAndCheck(boolean withSnapshot) throws Exception {
        Admin admin = admin();
        Set<String> usersBefore =
                get(admin.describeUserScramCredentials().all()).keySet();
        if (!usersBefore.isEmpty()) {
            assertEquals(Set.of("alice", "bob"), usersBefore);
            assertEquals(Set.of(WEAK.toString(), STRONG.toString()), credentials(admin, "alice"));
            assertEquals(Set.of(STRONG.toString()), credentials(admin, "bob"));
        }
        for (ScramCredentialInfo credential : List.of(WEAK, STRONG)) {
            get(admin.alterUserScramCredentials(List.of(
                            new UserScramCredentialUpsertion("alice", credential, "alice's secret"),
                            new UserScramCredentialUpsertion("bob", credential, "bob's secret")))
                    .all());
        }
        get(admin.alterUserScramCredentials(
                        List.of(new UserScramCredentialDeletion("bob", ScramMechanism.SCRAM_SHA_256)))
                .all());
        if (withSnapshot) {
            Await.until("a snapshot has been written", () -> {
                try (Stream<Path> files = Files.list(folder.resolve("__cluster_metadata-0"))) {
                    return files.anyMatch(file -> file.toString().endsWith(".checkpoint"));
                }
            });
        }
    }

    private static Set<String> credentials(Admin admin, String user) throws Exception {
        return get(admin.describeUserScramCredentials(List.of(user)).description(user)).credentialInfos().stream()
                .map(ScramCredentialInfo::toString)
                .collect(Collectors.toSet());
    }
}
