package io.ottla.broker.handler;

import io.ottla.broker.config.Listener;
import io.ottla.broker.metadata.BrokerImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.FindCoordinatorRequest;
import io.ottla.protocol.message.FindCoordinatorResponse;
import io.ottla.protocol.message.FindCoordinatorResponse.Coordinator;
import java.util.Map;

/**
 * FindCoordinator: which broker coordinates a group, a transactional id or a share partition: the leader of the partition of the
 * coordinator's topic that the key belongs to. The topic is made on the way, so that what comes next finds it.
 *
 * <p>Versions: 1 adds the key type and error messages, 4 several keys at once (KIP-699), 6 share partitions (KIP-932).
 */
public final class FindCoordinatorHandler extends RequestHandler<FindCoordinatorRequest> {

    /** The key type of a group. */
    public static final byte GROUP = 0;

    /** The key type of a transactional id. */
    public static final byte TRANSACTION = 1;

    /** The key type of a share partition, {@code groupId:topicId:partition}. */
    public static final byte SHARE = 2;

    private static final short BATCH_VERSION = 4;
    private static final short SHARE_VERSION = 6;
    private static final int NO_NODE = -1;

    /** Knows who coordinates what. */
    @FunctionalInterface
    public interface Coordinators {

        /**
         * The id of the broker that takes requests for a key, -1 if none does now.
         *
         * @throws ApiException if the key is not valid, or its coordinator is not available
         */
        int leaderFor(String key);
    }

    private final MetadataStore metadata;
    private final Map<Byte, Coordinators> byKeyType;

    /**
     * A handler.
     *
     * @param metadata the metadata
     * @param byKeyType the coordinators that this broker has; other key types are answered with INVALID_REQUEST
     */
    public FindCoordinatorHandler(MetadataStore metadata, Map<Byte, Coordinators> byKeyType) {
        super(ApiKey.FIND_COORDINATOR);
        this.metadata = metadata;
        this.byKeyType = Map.copyOf(byKeyType);
    }

    @Override
    public void handle(FindCoordinatorRequest request, RequestContext context) {
        FindCoordinatorResponse response = new FindCoordinatorResponse();
        if (context.apiVersion() >= BATCH_VERSION) {
            for (String key : request.coordinatorKeys()) {
                response.coordinators().add(find(request.keyType(), key, context));
            }
        } else {
            Coordinator found = find(request.keyType(), request.key(), context);
            response.errorCode(found.errorCode())
                    .errorMessage(found.errorMessage().isEmpty() ? ErrorCode.NONE.name() : found.errorMessage())
                    .nodeId(found.nodeId())
                    .host(found.host())
                    .port(found.port());
        }
        context.respond(response);
    }

    private Coordinator find(byte keyType, String key, RequestContext context) {
        Coordinators coordinators = byKeyType.get(keyType);
        boolean known = keyType >= GROUP && keyType <= SHARE;
        if (!known || (keyType == SHARE && context.apiVersion() < SHARE_VERSION)) {
            return failed(key, ErrorCode.INVALID_REQUEST, messageOf(ErrorCode.INVALID_REQUEST, context.apiVersion()));
        }
        if (coordinators == null) {
            // Not COORDINATOR_NOT_AVAILABLE: the client would ask until it times out.
            return failed(
                    key, ErrorCode.INVALID_REQUEST, "This broker has no coordinator for the key type " + keyType + ".");
        }
        int leader;
        try {
            leader = coordinators.leaderFor(key);
        } catch (ApiException e) {
            return failed(key, e.error(), e.getMessage());
        }
        BrokerImage broker = metadata.image().broker(leader);
        Listener endpoint = broker == null || broker.fenced()
                ? null
                : broker.endpoint(context.connection().listenerName());
        if (endpoint == null) {
            return failed(key, ErrorCode.COORDINATOR_NOT_AVAILABLE, ErrorCode.COORDINATOR_NOT_AVAILABLE.message());
        }
        return new Coordinator()
                .key(key)
                .nodeId(broker.id())
                .host(endpoint.host())
                .port(endpoint.port());
    }

    /** The text of an error; from the batch version on, Apache Kafka sends none. */
    private static String messageOf(ErrorCode error, short version) {
        return version < BATCH_VERSION ? error.message() : "";
    }

    private static Coordinator failed(String key, ErrorCode error, String message) {
        return new Coordinator()
                .key(key)
                .nodeId(NO_NODE)
                .host("")
                .port(NO_NODE)
                .errorCode(error.code())
                .errorMessage(message);
    }

    @Override
    public ApiMessage errorResponse(FindCoordinatorRequest request, short version, ErrorCode error, String message) {
        String text = message == null ? error.message() : message;
        FindCoordinatorResponse response = new FindCoordinatorResponse();
        if (version < BATCH_VERSION) {
            return response.errorCode(error.code())
                    .errorMessage(text)
                    .nodeId(NO_NODE)
                    .host("")
                    .port(NO_NODE);
        }
        for (String key : request.coordinatorKeys()) {
            response.coordinators().add(failed(key, error, text));
        }
        return response;
    }
}
