package io.ottla.broker.quota;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataListener;
import io.ottla.storage.Clock;
import java.net.InetAddress;
import java.util.Map;

/**
 * Holds clients to their quotas: bytes produced and fetched (KIP-13), time of the broker's threads (KIP-124), changes of topics (KIP-599) and
 * new connections (KIP-612). Measures are as Apache Kafka's. Limits follow the metadata.
 *
 * <p>All methods may be called on any thread. Each kind has a question whether anybody is limited, which costs one volatile read; the other
 * methods are for where the answer is yes, and do nothing where it is no.
 */
public final class ClientQuotas implements MetadataListener {

    private static final double PERCENT_PER_NANOSECOND = 100.0 / 1_000_000_000.0;
    private static final long MS_PER_SECOND = 1000L;

    private final Clock clock;
    private final RateQuota produce;
    private final RateQuota fetch;
    private final RateQuota requests;
    private final ConnectionQuota connections;
    private final Measurements<QuotaKey, TokenBucket> mutations;
    private volatile QuotaLimits mutationLimits;

    /** @param config says how rates are measured */
    public ClientQuotas(BrokerConfig config, Clock clock) {
        this.clock = clock;
        int samples = config.intValue("quota.window.num");
        long sampleMs = config.intValue("quota.window.size.seconds") * MS_PER_SECOND;
        double burstSeconds = (double) config.intValue("controller.quota.window.num")
                * config.intValue("controller.quota.window.size.seconds");
        this.produce = new RateQuota(ClientQuotaControl.PRODUCER_BYTE_RATE, samples, sampleMs, Integer.MAX_VALUE);
        this.fetch = new RateQuota(ClientQuotaControl.CONSUMER_BYTE_RATE, samples, sampleMs, Integer.MAX_VALUE);
        // As in Apache Kafka these two hold back for one sample at most: what was measured may have been an outlier.
        this.requests = new RateQuota(ClientQuotaControl.REQUEST_PERCENTAGE, samples, sampleMs, sampleMs);
        this.connections = new ConnectionQuota(samples, sampleMs, sampleMs);
        this.mutations = new Measurements<>(() -> new TokenBucket(burstSeconds));
    }

    /** Quotas that limit nobody. */
    public static ClientQuotas unlimited(Clock clock) {
        return new ClientQuotas(BrokerConfig.of(Map.of()), clock);
    }

    /** Takes over the limits of an image. */
    public void start(MetadataImage image) {
        produce.update(image);
        fetch.update(image);
        requests.update(image);
        connections.update(image);
        mutationLimits = QuotaLimits.of(image, ClientQuotaControl.CONTROLLER_MUTATION_RATE);
    }

    @Override
    public void onChange(MetadataImage before, MetadataImage after) {
        if (!after.hasClientQuotasOf(before)) {
            start(after);
        }
    }

    /** Whether anybody's produced bytes are limited. */
    public boolean limitsProduce() {
        return produce.isLimited();
    }

    /** Counts the bytes of a produce request; returns for how many milliseconds the client must be held back. */
    public int recordProduce(String user, String clientId, long sizeBytes) {
        return produce.record(user, clientId, (double) sizeBytes, clock.timeMs());
    }

    /** Whether anybody's fetched bytes are limited. */
    public boolean limitsFetch() {
        return fetch.isLimited();
    }

    /** How many bytes a fetch may answer at most: more could never be within the client's limit. */
    public int maxFetchBytes(String user, String clientId) {
        return (int) Math.min(Integer.MAX_VALUE, fetch.maxInWindow(user, clientId));
    }

    /** Counts the bytes of an answer to a fetch; returns for how many milliseconds the client must be held back. */
    public int recordFetch(String user, String clientId, long sizeBytes) {
        return fetch.record(user, clientId, (double) sizeBytes, clock.timeMs());
    }

    /** Takes bytes back that were counted and are not sent. */
    public void unrecordFetch(String user, String clientId, long sizeBytes) {
        fetch.add(user, clientId, (double) -sizeBytes, clock.timeMs());
    }

    /** Whether anybody's share of the broker's threads is limited. */
    public boolean limitsRequests() {
        return requests.isLimited();
    }

    /** Counts the time that a thread spent on a request; returns for how many milliseconds the client must be held back. */
    public int recordRequestTime(String user, String clientId, long nanos) {
        return requests.record(user, clientId, nanos * PERCENT_PER_NANOSECOND, clock.timeMs());
    }

    /** Counts time for which nobody can be held back any more: the answer is on its way. */
    public void addRequestTime(String user, String clientId, long nanos) {
        requests.add(user, clientId, nanos * PERCENT_PER_NANOSECOND, clock.timeMs());
    }

    /**
     * What a request may change.
     *
     * @param strict whether what is too much is refused; if not, the client is only held back
     */
    public MutationQuota mutations(String user, String clientId, boolean strict) {
        QuotaLimits limits = mutationLimits;
        QuotaLimits.Applied applied = limits == null ? null : limits.find(user, clientId);
        return applied == null
                ? MutationQuota.unlimited()
                : new MutationQuota(mutations.of(applied.key(), clock.timeMs()), applied.limit(), strict, clock);
    }

    /** Whether anybody's new connections are limited. */
    public boolean limitsConnections() {
        return connections.isLimited();
    }

    /** Counts a new connection; returns after how many milliseconds it is to be closed unserved, 0 if it is welcome. */
    public int recordConnection(InetAddress address) {
        return connections.record(address, clock.timeMs());
    }
}
