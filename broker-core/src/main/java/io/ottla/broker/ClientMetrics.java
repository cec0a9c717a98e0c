package io.ottla.broker;

import java.nio.ByteBuffer;

/**
 * One push of metrics by a client (KIP-714).
 *
 * <pre>{@code
 * List<ClientMetrics> pushed = new CopyOnWriteArrayList<>();
 * EmbeddedBroker broker =
 *         EmbeddedBroker.builder().clientMetricsListener(pushed::add).start();
 * }</pre>
 *
 * @param clientInstanceId the id of the client's instance, as {@code clientInstanceId()} of Kafka's clients prints it
 * @param clientId the client id, empty where the client has none
 * @param terminating whether the client says that it is its last push
 * @param payload MetricsData of OTLP 1, in protobuf, not compressed; read-only, from position to limit
 */
public record ClientMetrics(String clientInstanceId, String clientId, boolean terminating, ByteBuffer payload) {}
