package io.ottla.broker.quota;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.QuotaEntity;
import io.ottla.broker.metadata.TestMetadata;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.storage.ManualClock;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClientQuotasTest {

    private static final String USER = QuotaEntity.USER;
    private static final String CLIENT = QuotaEntity.CLIENT_ID;
    private static final String PRODUCED = ClientQuotaControl.PRODUCER_BYTE_RATE;

    @TempDir
    Path folder;

    private final ManualClock clock = new ManualClock(1_700_000_000_000L);
    private TestMetadata metadata;
    private ClientQuotas quotas;

    @BeforeEach
    void open() {
        metadata = TestMetadata.open(folder);
        quotas = new ClientQuotas(BrokerConfig.of(Map.of()), clock);
        metadata.store().addListener(quotas);
    }

    @AfterEach
    void close() {
        metadata.close();
    }

    /** @param typesAndNames of the entity, in turns */
    private void set(String key, Double value, String... typesAndNames) {
        Map<String, String> names = new HashMap<>();
        for (int i = 0; i < typesAndNames.length; i += 2) {
            names.put(typesAndNames[i], typesAndNames[i + 1]);
        }
        Map<String, Double> values = new HashMap<>();
        values.put(key, value);
        List<ApiException> outcomes = new ClientQuotaControl(metadata.store())
                .alter(List.of(new ClientQuotaControl.Wish(new QuotaEntity(names), values)), false);
        assertNull(outcomes.get(0));
    }

    private QuotaLimits.Applied applied(String user, String clientId) {
        return QuotaLimits.of(metadata.store().image(), PRODUCED).find(user, clientId);
    }

    @Test
    void shouldLimitNobodyWithoutQuotas() {
        assertFalse(quotas.limitsProduce());
        assertFalse(quotas.limitsFetch());
        assertFalse(quotas.limitsRequests());
        assertFalse(quotas.limitsConnections());
        assertEquals(0, quotas.recordProduce("u", "c", Integer.MAX_VALUE));
        quotas.mutations("u", "c", true).accept(1_000_000);
    }

    @Test
    void shouldChooseTheMostSpecificQuota() {
        set(PRODUCED, 8.0, CLIENT, null);
        assertEquals(new QuotaLimits.Applied(new QuotaKey(null, "c"), 8), applied("u", "c"));
        set(PRODUCED, 7.0, CLIENT, "c");
        assertEquals(new QuotaLimits.Applied(new QuotaKey(null, "c"), 7), applied("u", "c"));
        set(PRODUCED, 6.0, USER, null);
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", null), 6), applied("u", "c"));
        set(PRODUCED, 5.0, USER, null, CLIENT, null);
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", "c"), 5), applied("u", "c"));
        set(PRODUCED, 4.0, USER, null, CLIENT, "c");
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", "c"), 4), applied("u", "c"));
        set(PRODUCED, 3.0, USER, "u");
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", null), 3), applied("u", "c"));
        set(PRODUCED, 2.0, USER, "u", CLIENT, null);
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", "c"), 2), applied("u", "c"));
        set(PRODUCED, 1.0, USER, "u", CLIENT, "c");
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", "c"), 1), applied("u", "c"));
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", "other"), 2), applied("u", "other"));
        assertEquals(new QuotaLimits.Applied(new QuotaKey("other", "c"), 4), applied("other", "c"));
        assertEquals(new QuotaLimits.Applied(new QuotaKey("v", "d"), 5), applied("v", "d"));
    }

    @Test
    void shouldLimitClientsWithoutAnIdAsUsersOnly() {
        set(PRODUCED, 8.0, CLIENT, null);
        set(PRODUCED, 6.0, USER, "u", CLIENT, null);
        set(PRODUCED, 5.0, USER, null, CLIENT, null);
        assertNull(applied("u", ""));
        set(PRODUCED, 4.0, USER, null);
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", null), 4), applied("u", ""));
        set(PRODUCED, 3.0, USER, "u");
        assertEquals(new QuotaLimits.Applied(new QuotaKey("u", null), 3), applied("u", ""));
    }

    @Test
    void shouldHoldBackUntilTheRateIsWithinTheLimit() {
        set(PRODUCED, 1000.0, CLIENT, "c");
        // 10 full samples are counted at the start, so 10,000 bytes are free.
        assertEquals(0, quotas.recordProduce("u", "c", 10_000));
        assertEquals(5000, quotas.recordProduce("u", "c", 5000));
        assertEquals(0, quotas.recordProduce("u", "another", 10_000));
        clock.advance(Duration.ofSeconds(5));
        // Samples that are still to come count as full, as in Apache Kafka.
        assertEquals(5000, quotas.recordProduce("u", "c", 0));
        clock.advance(Duration.ofSeconds(11));
        assertEquals(0, quotas.recordProduce("u", "c", 10_000));
    }

    @Test
    void shouldShareTheQuotaOfAUserAmongItsClients() {
        set(PRODUCED, 1000.0, USER, "u");
        assertEquals(0, quotas.recordProduce("u", "c", 10_000));
        assertEquals(1000, quotas.recordProduce("u", "d", 1000));
        assertEquals(0, quotas.recordProduce("v", "c", 1000));
    }

    @Test
    void shouldFollowChangesOfLimits() {
        set(PRODUCED, 1000.0, CLIENT, "c");
        assertTrue(quotas.limitsProduce());
        assertEquals(10_000, quotas.recordProduce("u", "c", 20_000));
        set(PRODUCED, 4000.0, CLIENT, "c");
        assertEquals(0, quotas.recordProduce("u", "c", 1000));
        set(PRODUCED, 2000.0, CLIENT, "c");
        assertEquals(1000, quotas.recordProduce("u", "c", 1000));
        set(PRODUCED, null, CLIENT, "c");
        assertFalse(quotas.limitsProduce());
        assertEquals(0, quotas.recordProduce("u", "c", 1_000_000));
    }

    @Test
    void shouldLimitFetchesToWhatTheWindowAllows() {
        set(ClientQuotaControl.CONSUMER_BYTE_RATE, 500.0, CLIENT, "c");
        assertEquals(5000, quotas.maxFetchBytes("u", "c"));
        assertEquals(Integer.MAX_VALUE, quotas.maxFetchBytes("u", "d"));
        assertEquals(2000, quotas.recordFetch("u", "c", 6000));
        quotas.unrecordFetch("u", "c", 6000);
        assertEquals(0, quotas.recordFetch("u", "c", 5000));
    }

    @Test
    void shouldHoldBackForTimeForOneSampleAtMost() {
        set(ClientQuotaControl.REQUEST_PERCENTAGE, 10.0, CLIENT, "c");
        assertEquals(0, quotas.recordRequestTime("u", "c", 1_000_000_000L));
        assertEquals(500, quotas.recordRequestTime("u", "c", 50_000_000L));
        assertEquals(1000, quotas.recordRequestTime("u", "c", 60_000_000_000L));
    }

    @Test
    void shouldRefuseStrictMutationsAndHoldBackOthers() {
        set(ClientQuotaControl.CONTROLLER_MUTATION_RATE, 1.0, CLIENT, "c");
        MutationQuota lenient = quotas.mutations("u", "c", false);
        lenient.accept(12);
        assertEquals(1000, lenient.throttleMs());
        MutationQuota strict = quotas.mutations("u", "c", true);
        ApiException refused = assertThrows(ApiException.class, () -> strict.accept(1));
        assertEquals(ErrorCode.THROTTLING_QUOTA_EXCEEDED, refused.error());
        assertEquals(1000, strict.throttleMs());
        clock.advance(Duration.ofMillis(400));
        assertEquals(600, strict.throttleMs());
        clock.advance(Duration.ofMillis(600));
        MutationQuota later = quotas.mutations("u", "c", true);
        later.accept(1);
        assertEquals(0, later.throttleMs());
    }

    @Test
    void shouldLimitConnectionsByAddress() throws Exception {
        set(ClientQuotaControl.CONNECTION_CREATION_RATE, 1.0, QuotaEntity.IP, "10.0.0.1");
        InetAddress limited = InetAddress.getByName("10.0.0.1");
        for (int i = 0; i < 10; i++) {
            assertEquals(0, quotas.recordConnection(limited));
        }
        assertEquals(1000, quotas.recordConnection(limited));
        assertEquals(1000, quotas.recordConnection(limited), "refused connections do not count");
        assertEquals(0, quotas.recordConnection(InetAddress.getByName("10.0.0.2")));
        set(ClientQuotaControl.CONNECTION_CREATION_RATE, 100.0, QuotaEntity.IP, null);
        assertTrue(quotas.recordConnection(limited) > 0);
        assertEquals(0, quotas.recordConnection(InetAddress.getByName("10.0.0.2")));
    }

    @Test
    void shouldHaveTheSameQuotasAfterARestart() {
        set(PRODUCED, 1000.0, USER, "u", CLIENT, null);
        set(PRODUCED, 2000.0, CLIENT, "gone");
        set(PRODUCED, null, CLIENT, "gone");
        metadata.close();
        metadata = TestMetadata.open(folder);
        assertEquals(
                "{ClientQuotaEntity(entries={client-id=null, user=u})={producer_byte_rate=1000.0}}",
                ClientQuotaControl.all(metadata.store().image()).toString());
        quotas.start(metadata.store().image());
        assertEquals(1000, quotas.recordProduce("u", "c", 11_000));
    }
}
