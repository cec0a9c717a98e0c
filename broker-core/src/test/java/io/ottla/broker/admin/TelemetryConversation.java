package io.ottla.broker.admin;

import static io.ottla.broker.admin.Requests.alter;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.GetTelemetrySubscriptionsRequestData;
import org.apache.kafka.common.message.GetTelemetrySubscriptionsResponseData;
import org.apache.kafka.common.message.PushTelemetryRequestData;

/** The part of the conversation about the metrics of clients (KIP-714). */
final class TelemetryConversation {

    private static final int METRICS = 16;
    private static final int SET = 0;
    private static final int DELETE = 1;

    private final OperationsConversation conversation;
    private final String host;
    private final int port;

    TelemetryConversation(OperationsConversation conversation, String host, int port) {
        this.conversation = conversation;
        this.host = host;
        this.port = port;
    }

    private GetTelemetrySubscriptionsResponseData subscribe(String label, Uuid client) throws IOException {
        return (GetTelemetrySubscriptionsResponseData) conversation.ask(
                "telemetry " + label, new GetTelemetrySubscriptionsRequestData().setClientInstanceId(client), 0);
    }

    private static PushTelemetryRequestData push(Uuid client, int subscription) {
        return new PushTelemetryRequestData()
                .setClientInstanceId(client)
                .setSubscriptionId(subscription)
                .setMetrics(ByteBuffer.wrap(new byte[0]));
    }

    private static PushTelemetryRequestData push(GetTelemetrySubscriptionsResponseData subscription) {
        return push(subscription.clientInstanceId(), subscription.subscriptionId());
    }

    private void ask(String label, PushTelemetryRequestData request) throws IOException {
        conversation.ask("telemetry " + label, request, 0);
    }

    void hold() throws IOException {
        for (String name : new String[] {"m0", "m2", "m3", "m5", "a b/c"}) {
            for (String key : new String[] {"interval.ms", "metrics", "match"}) {
                conversation.ask("telemetry forget " + key + " of " + name, alter(METRICS, name, key, DELETE, null), 1);
            }
        }
        conversation.settle();
        GetTelemetrySubscriptionsResponseData none = subscribe("subscribe to nothing", Uuid.ZERO_UUID);
        subscribe("subscribe again at once", none.clientInstanceId());
        ask("push at once", push(none));
        ask("push again at once", push(none));
        ask("push without id", push(Uuid.ZERO_UUID, 0));
        ask("push with reserved id", push(new Uuid(0, 1), 0));
        ask("push unannounced", push(new Uuid(7, 8), 1));
        subscribe("subscribe after pushing unannounced", new Uuid(7, 8));
        subscribe("subscribe with an id of its own", new Uuid(7, 9));
        subscribe("subscribe with reserved id", new Uuid(0, 1));

        GetTelemetrySubscriptionsResponseData client = subscribe("subscribe for wrong subscription", Uuid.ZERO_UUID);
        ask("push wrong subscription", push(client.clientInstanceId(), client.subscriptionId() + 1));
        subscribe("subscribe after wrong subscription", client.clientInstanceId());
        ask("push after wrong subscription", push(client));

        client = subscribe("subscribe for compression", Uuid.ZERO_UUID);
        ask("push wrong compression", push(client).setCompressionType((byte) 9));
        client = subscribe("subscribe for compression -1", Uuid.ZERO_UUID);
        ask("push compression -1", push(client).setCompressionType((byte) -1));
        for (byte type = 0; type <= 4; type++) {
            client = subscribe("subscribe for compression " + type, Uuid.ZERO_UUID);
            ask("push compression " + type, push(client).setCompressionType(type));
        }
        client = subscribe("subscribe for size", Uuid.ZERO_UUID);
        ask("push too much", push(client).setMetrics(ByteBuffer.wrap(new byte[client.telemetryMaxBytes() + 1])));
        client = subscribe("subscribe for most", Uuid.ZERO_UUID);
        ask("push the most", push(client).setMetrics(ByteBuffer.wrap(new byte[client.telemetryMaxBytes()])));
        client = subscribe("subscribe for bytes", Uuid.ZERO_UUID);
        ask("push bytes", push(client).setMetrics(ByteBuffer.wrap(new byte[] {1, 2, 3})));
        ask("push the last", push(client).setTerminating(true));
        ask("push after the last", push(client));
        ask("push the last twice", push(client).setTerminating(true));
        subscribe("subscribe after the last", client.clientInstanceId());
        subscriptions();
    }

    private void subscriptions() throws IOException {
        GetTelemetrySubscriptionsResponseData before = subscribe("subscribe before there is one", Uuid.ZERO_UUID);
        set("tel", "interval.ms", "1000");
        subscribe("subscribe to interval only", Uuid.ZERO_UUID);
        set("tel", "metrics", "org.apache.kafka.producer.");
        subscribe("subscribe to a metric", Uuid.ZERO_UUID);
        ask("push with an old subscription", push(before));
        subscribe("subscribe anew", before.clientInstanceId());
        set("tel2", "metrics", "org.apache.kafka.consumer.,org.apache.kafka.producer.");
        set("tel2", "interval.ms", "500");
        subscribe("subscribe to two", Uuid.ZERO_UUID);
        set("tel2", "match", "client_id=nobody");
        subscribe("subscribe without a match", Uuid.ZERO_UUID);
        set("tel2", "match", "client_id=wi.*,client_source_address=127.0.0.1,client_software_name=unknown");
        subscribe("subscribe with a match", Uuid.ZERO_UUID);
        set("tel2", "match", "client_id=wi");
        subscribe("subscribe with half a match", Uuid.ZERO_UUID);
        set("tel2", "match", "");
        set("tel2", "metrics", "*");
        subscribe("subscribe to all", Uuid.ZERO_UUID);
        set("tel", "metrics", "");
        subscribe("subscribe to all and none", Uuid.ZERO_UUID);
        try (KafkaWire other = new KafkaWire(host, port)) {
            conversation.ask(
                    other,
                    "telemetry subscribe elsewhere",
                    new GetTelemetrySubscriptionsRequestData().setClientInstanceId(Uuid.ZERO_UUID),
                    0);
        }
    }

    private void set(String name, String key, String value) throws IOException {
        conversation.ask("telemetry set " + name + " " + key + " " + value, alter(METRICS, name, key, SET, value), 1);
        conversation.settle();
    }
}
