package io.ottla.broker.handler.telemetry;

import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.PushTelemetryRequest;
import io.ottla.protocol.record.Compression;
import io.ottla.protocol.record.CompressionType;
import io.ottla.storage.Clock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Knows which client pushes which metrics how often (KIP-714), and takes the pushes. Clients that are not heard of for long are forgotten when there
 * are many. Thread-safe.
 */
public final class ClientTelemetry {

    /** The types that clients may compress with, the best first. */
    public static final List<CompressionType> COMPRESSION_TYPES =
            List.of(CompressionType.ZSTD, CompressionType.LZ4, CompressionType.GZIP, CompressionType.SNAPPY);

    private static final int MAX_INSTANCES = 16_384;
    private static final int DEFAULT_INTERVAL_MS = 300_000;
    private static final String ALL_METRICS = "*";

    /** How many times as large a push may be when it is no longer compressed. */
    private static final int MAX_EXPANSION = 64;

    private final MetadataStore store;
    private final Clock clock;
    private final TelemetrySink sink;
    private final Map<Uuid, ClientInstance> instances = new Recent();
    private MetadataImage seenImage;
    private Map<String, Map<String, String>> configs = Map.of();
    private List<MetricsSubscription> subscriptions = List.of();
    private long subscriptionsVersion;

    /** The instances that were heard of last. */
    private static final class Recent extends LinkedHashMap<Uuid, ClientInstance> {
        private static final long serialVersionUID = 1;

        Recent() {
            super(16, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<Uuid, ClientInstance> eldest) {
            return size() > MAX_INSTANCES;
        }
    }

    /** @param sink where the metrics go */
    public ClientTelemetry(MetadataStore store, Clock clock, TelemetrySink sink) {
        this.store = store;
        this.clock = clock;
        this.sink = sink;
    }

    /** The most bytes that one push may have. */
    public int maxBytes() {
        return store.brokerConfig().intValue("telemetry.max.bytes");
    }

    /**
     * Says what a client is to push.
     *
     * @param wanted the id of the client's instance, {@link Uuid#ZERO} where it has none yet
     * @throws ApiException THROTTLING_QUOTA_EXCEEDED where the client asks too often
     */
    public synchronized Subscription subscribe(Uuid wanted, RequestContext context) {
        ClientInstance instance = instance(wanted.equals(Uuid.ZERO) ? Uuid.random() : wanted, context);
        boolean mustAsk = instance.lastError == ErrorCode.UNKNOWN_SUBSCRIPTION_ID
                || instance.lastError == ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
        if (!instance.mayGet(clock.timeMs()) && !mustAsk) {
            throw new ApiException(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
        }
        instance.lastError = ErrorCode.NONE;
        return instance.subscription;
    }

    /**
     * Takes a push. May block for as long as the receiver does.
     *
     * @throws ApiException INVALID_REQUEST for a client without an id or one that has ended, THROTTLING_QUOTA_EXCEEDED, UNKNOWN_SUBSCRIPTION_ID,
     *     UNSUPPORTED_COMPRESSION_TYPE, TELEMETRY_TOO_LARGE, INVALID_RECORD where the receiver does not take it
     */
    public void push(PushTelemetryRequest request, RequestContext context) {
        CompressionType compression = admit(request, context);
        if (request.metrics().hasRemaining()) {
            ByteBuffer metrics = decompressed(compression, request.metrics());
            try {
                sink.accept(new TelemetrySink.Push(
                        request.clientInstanceId().toString(), context.clientId(), request.terminating(), metrics));
            } catch (RuntimeException e) {
                throw new ApiException(ErrorCode.INVALID_RECORD, e.getMessage());
            }
        }
    }

    private synchronized CompressionType admit(PushTelemetryRequest request, RequestContext context) {
        Uuid id = request.clientInstanceId();
        if (id.equals(Uuid.ZERO) || id.equals(Uuid.ONE)) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "Invalid client instance id " + id);
        }
        ClientInstance instance = instance(id, context);
        try {
            CompressionType compression = admit(request, instance);
            instance.lastError = ErrorCode.NONE;
            return compression;
        } catch (ApiException e) {
            instance.lastError = e.error();
            throw e;
        } finally {
            instance.terminating = request.terminating();
        }
    }

    private CompressionType admit(PushTelemetryRequest request, ClientInstance instance) {
        if (instance.terminating) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "The client has said that it ends");
        }
        if (!instance.mayPush(clock.timeMs()) && !request.terminating()) {
            throw new ApiException(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
        }
        if (request.subscriptionId() != instance.subscription.id()) {
            throw new ApiException(ErrorCode.UNKNOWN_SUBSCRIPTION_ID);
        }
        CompressionType compression = compressionType(request.compressionType());
        if (request.metrics().remaining() > maxBytes()) {
            throw new ApiException(ErrorCode.TELEMETRY_TOO_LARGE);
        }
        return compression;
    }

    private static CompressionType compressionType(byte id) {
        for (CompressionType type : CompressionType.values()) {
            if (type.id() == id) {
                return type;
            }
        }
        throw new ApiException(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
    }

    private ByteBuffer decompressed(CompressionType type, ByteBuffer metrics) {
        int limit = (int) Math.min(Integer.MAX_VALUE - 8L, (long) maxBytes() * MAX_EXPANSION);
        try (InputStream in = Compression.decompressing(type, metrics)) {
            byte[] bytes = in.readNBytes(limit);
            if (in.read() >= 0) {
                throw new ApiException(ErrorCode.TELEMETRY_TOO_LARGE);
            }
            return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
        } catch (ApiException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new ApiException(ErrorCode.INVALID_RECORD, "The metrics cannot be decompressed: " + e.getMessage());
        }
    }

    /** What is known of the client; begun anew where it is a stranger or its subscription may have changed. */
    private ClientInstance instance(Uuid id, RequestContext context) {
        refreshSubscriptions();
        ClientInstance instance = instances.get(id);
        if (instance == null || instance.subscriptionsVersion != subscriptionsVersion) {
            instance = newInstance(id, context);
            instances.put(id, instance);
        }
        return instance;
    }

    private ClientInstance newInstance(Uuid id, RequestContext context) {
        int intervalMs = Integer.MAX_VALUE;
        Set<String> metrics = new TreeSet<>();
        for (MetricsSubscription subscription : subscriptions) {
            if (subscription.fits(id, context)) {
                intervalMs = Math.min(intervalMs, subscription.intervalMs());
                metrics.addAll(subscription.metrics());
            }
        }
        return new ClientInstance(
                id,
                subscriptionsVersion,
                metrics.contains(ALL_METRICS) ? List.of(ALL_METRICS) : List.copyOf(metrics),
                intervalMs == Integer.MAX_VALUE ? DEFAULT_INTERVAL_MS : intervalMs);
    }

    private void refreshSubscriptions() {
        MetadataImage image = store.image();
        if (image == seenImage) {
            return;
        }
        seenImage = image;
        Map<String, Map<String, String>> present = new TreeMap<>();
        for (String name : image.configuredNames(ConfigResource.CLIENT_METRICS)) {
            present.put(name, image.config(new ConfigResource(ConfigResource.CLIENT_METRICS, name)));
        }
        if (!present.equals(configs)) {
            configs = present;
            subscriptions =
                    present.values().stream().map(MetricsSubscription::of).toList();
            subscriptionsVersion++;
        }
    }
}
