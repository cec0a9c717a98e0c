package io.ottla.broker.handler.telemetry;

import java.nio.ByteBuffer;

/** Where the metrics go that clients push. Called by several threads at once; may block for a short time. */
@FunctionalInterface
public interface TelemetrySink {

    /**
     * Takes one push.
     *
     * @param push what a client sent
     */
    void accept(Push push);

    /**
     * One push of metrics.
     *
     * @param clientInstanceId the id of the client's instance, as Kafka's clients print it
     * @param clientId the client id of the request, empty where there was none
     * @param terminating whether the client says that it is its last
     * @param metrics MetricsData of OTLP 1, in protobuf, not compressed; read-only
     */
    record Push(String clientInstanceId, String clientId, boolean terminating, ByteBuffer metrics) {}
}
