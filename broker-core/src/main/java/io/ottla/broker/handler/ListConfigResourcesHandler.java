package io.ottla.broker.handler;

import io.ottla.broker.metadata.BrokerImage;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ListConfigResourcesRequest;
import io.ottla.protocol.message.ListConfigResourcesResponse;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Says what there is to be configured: all topics and brokers, and those groups and metrics subscriptions that set something.
 *
 * <p>Version 0 lists metrics subscriptions only (KIP-714); version 1 any types, or all if none is named (KIP-1142).
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_ListConfigResources">ListConfigResources</a>
 */
public final class ListConfigResourcesHandler extends RequestHandler<ListConfigResourcesRequest> {

    private static final short FIRST_VERSION_WITH_TYPES = 1;

    private static final List<Byte> ALL_TYPES = List.of(
            ConfigResource.TOPIC,
            ConfigResource.BROKER,
            ConfigResource.BROKER_LOGGER,
            ConfigResource.CLIENT_METRICS,
            ConfigResource.GROUP);

    private final MetadataStore store;

    public ListConfigResourcesHandler(MetadataStore store) {
        super(ApiKey.LIST_CONFIG_RESOURCES);
        this.store = store;
    }

    @Override
    public void handle(ListConfigResourcesRequest request, RequestContext context) {
        Set<Byte> types;
        if (context.apiVersion() < FIRST_VERSION_WITH_TYPES) {
            types = Set.of(ConfigResource.CLIENT_METRICS);
        } else if (request.resourceTypes().isEmpty()) {
            types = new LinkedHashSet<>(ALL_TYPES);
        } else {
            types = new LinkedHashSet<>(request.resourceTypes());
        }
        if (!ALL_TYPES.containsAll(types)) {
            context.respond(errorResponse(request, context.apiVersion(), ErrorCode.UNSUPPORTED_VERSION, null));
            return;
        }
        ListConfigResourcesResponse response = new ListConfigResourcesResponse();
        MetadataImage image = store.image();
        for (byte type : types) {
            addAll(type, image, response);
        }
        context.respond(response);
    }

    private static void addAll(byte type, MetadataImage image, ListConfigResourcesResponse response) {
        switch (type) {
            case ConfigResource.TOPIC -> image.topics().forEach(topic -> add(type, topic.name(), response));
            case ConfigResource.BROKER, ConfigResource.BROKER_LOGGER -> {
                for (BrokerImage broker : image.brokers()) {
                    if (!broker.fenced()) {
                        add(type, Integer.toString(broker.id()), response);
                    }
                }
            }
            default -> image.configuredNames(type).forEach(name -> add(type, name, response));
        }
    }

    private static void add(byte type, String name, ListConfigResourcesResponse response) {
        response.configResources()
                .add(new ListConfigResourcesResponse.ConfigResource()
                        .resourceType(type)
                        .resourceName(name));
    }

    @Override
    public ListConfigResourcesResponse errorResponse(
            ListConfigResourcesRequest request, short version, ErrorCode error, String message) {
        return new ListConfigResourcesResponse().errorCode(error.code());
    }
}
