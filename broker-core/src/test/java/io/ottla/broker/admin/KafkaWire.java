package io.ottla.broker.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.requests.RequestHeader;

/** Speaks to a broker with Apache Kafka's own encoding, but without its client's habits: any request in any version. */
public final class KafkaWire implements AutoCloseable {

    private static final int TIMEOUT_MS = 30_000;
    private static final long LATELY_MS = 1_600_000_000_000L;
    private static final String NO_ID = "AAAAAAAAAAAAAAAAAAAAAA";

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private int correlationId;

    public KafkaWire(String host, int port) throws IOException {
        socket = new Socket(host, port);
        socket.setSoTimeout(TIMEOUT_MS);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
    }

    /** Sends a request and waits for its answer. */
    public ApiMessage call(ApiMessage request, int version) throws IOException {
        ApiKeys api = ApiKeys.forId(request.apiKey());
        RequestHeader header = new RequestHeader(api, (short) version, "wire", ++correlationId);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        int sizeBytes = header.data().size(cache, header.headerVersion()) + request.size(cache, (short) version);
        ByteBuffer buffer = ByteBuffer.allocate(sizeBytes);
        ByteBufferAccessor accessor = new ByteBufferAccessor(buffer);
        header.data().write(accessor, cache, header.headerVersion());
        request.write(accessor, cache, (short) version);
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        new DataOutputStream(frame).writeInt(sizeBytes);
        frame.write(buffer.array(), 0, sizeBytes);
        out.write(frame.toByteArray());
        out.flush();

        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        ByteBufferAccessor answer = new ByteBufferAccessor(ByteBuffer.wrap(bytes));
        new ResponseHeaderData(answer, api.responseHeaderVersion((short) version));
        ApiMessage response = ApiMessageType.fromApiKey(request.apiKey()).newResponse();
        response.read(answer, (short) version);
        if (answer.remaining() > 0) {
            throw new IOException(answer.remaining() + " bytes too many in the answer " + response);
        }
        return response;
    }

    /**
     * The answer as text that can be compared: what differs from run to run is masked, lists are sorted, and the many
     * default configurations of a created topic are left out.
     */
    static String text(ApiMessage response, int version) {
        return text(response, version, text -> text);
    }

    /** As {@link #text(ApiMessage, int)}, with texts put another way before they are sorted. */
    static String text(ApiMessage response, int version, UnaryOperator<String> rename) {
        try {
            Class<?> converter = Class.forName(response.getClass().getName() + "JsonConverter");
            Method write = converter.getMethod("write", response.getClass(), short.class);
            JsonNode json = (JsonNode) write.invoke(null, response, (short) version);
            return normal(json, rename).toString();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static JsonNode normal(JsonNode node, UnaryOperator<String> rename) {
        if (node instanceof ArrayNode array) {
            List<JsonNode> elements = new ArrayList<>();
            array.forEach(element -> {
                if (element.path("configSource").asInt() != 5 || element.has("configType")) {
                    elements.add(normal(element, rename));
                }
            });
            elements.sort(Comparator.comparing(JsonNode::toString));
            ArrayNode sorted = array.arrayNode();
            elements.forEach(sorted::add);
            return sorted;
        }
        if (node instanceof ObjectNode object) {
            ObjectNode masked = object.objectNode();
            for (Map.Entry<String, JsonNode> field : object.properties()) {
                masked.set(field.getKey(), masked(field.getKey(), field.getValue(), rename));
            }
            return masked;
        }
        return node instanceof TextNode text ? TextNode.valueOf(rename.apply(text.asText())) : node;
    }

    private static JsonNode masked(String name, JsonNode value, UnaryOperator<String> rename) {
        return switch (name) {
            case "topicId" -> TextNode.valueOf(value.asText().equals(NO_ID) ? "none" : "some");
            case "clusterId" -> TextNode.valueOf(value.isNull() ? "none" : "some");
            case "port",
                    "replicaDirectoryId",
                    "highWatermark",
                    "logEndOffset",
                    "totalBytes",
                    "usableBytes",
                    "clientInstanceId",
                    "subscriptionId" -> TextNode.valueOf("some");
            case "lastFetchTimestamp", "lastCaughtUpTimestamp" ->
                TextNode.valueOf(value.asLong() < 0 ? "none" : "some");
            case "timestamp" -> value.asLong() > LATELY_MS ? TextNode.valueOf("some") : value;
            case "documentation" -> TextNode.valueOf(value.asText("").length() > 10 ? "some" : "none");
            default -> normal(value, rename);
        };
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
