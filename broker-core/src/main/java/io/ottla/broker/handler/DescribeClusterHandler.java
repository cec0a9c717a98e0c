package io.ottla.broker.handler;

import io.ottla.broker.config.Listener;
import io.ottla.broker.metadata.BrokerImage;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeClusterRequest;
import io.ottla.protocol.message.DescribeClusterResponse;
import io.ottla.protocol.message.DescribeClusterResponse.DescribeClusterBroker;

/**
 * Says who is in the cluster (KIP-700).
 *
 * <p>Version 1 lets the client say whether it means brokers or controllers; controllers are not to be found here. Version 2 can
 * show brokers that are fenced.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_DescribeCluster">DescribeCluster</a>
 */
public final class DescribeClusterHandler extends RequestHandler<DescribeClusterRequest> {

    private static final byte BROKERS = 1;
    private static final byte CONTROLLERS = 2;

    private final MetadataStore store;

    public DescribeClusterHandler(MetadataStore store) {
        super(ApiKey.DESCRIBE_CLUSTER);
        this.store = store;
    }

    @Override
    public void handle(DescribeClusterRequest request, RequestContext context) {
        context.respond(
                switch (request.endpointType()) {
                    case BROKERS -> describe(request, context.connection().listenerName());
                    case CONTROLLERS ->
                        failed(
                                ErrorCode.MISMATCHED_ENDPOINT_TYPE,
                                "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type"
                                        + " CONTROLLER");
                    default ->
                        failed(
                                ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
                                "Unsupported endpoint type " + request.endpointType());
                });
    }

    private DescribeClusterResponse describe(DescribeClusterRequest request, String listenerName) {
        MetadataImage image = store.image();
        DescribeClusterResponse response = new DescribeClusterResponse()
                .clusterId(image.clusterId())
                .controllerId(image.controllerId())
                .endpointType(BROKERS);
        for (BrokerImage broker : image.brokers()) {
            Listener endpoint = broker.endpoint(listenerName);
            if (endpoint != null && (!broker.fenced() || request.includeFencedBrokers())) {
                response.brokers()
                        .add(new DescribeClusterBroker()
                                .brokerId(broker.id())
                                .host(endpoint.host())
                                .port(endpoint.port())
                                .rack(broker.rack())
                                .isFenced(request.includeFencedBrokers() && broker.fenced()));
            }
        }
        if (request.includeClusterAuthorizedOperations()) {
            response.clusterAuthorizedOperations(AuthorizedOperations.CLUSTER);
        }
        return response;
    }

    @Override
    public ApiMessage errorResponse(DescribeClusterRequest request, short version, ErrorCode error, String message) {
        return failed(error, message);
    }

    private DescribeClusterResponse failed(ErrorCode error, String message) {
        return new DescribeClusterResponse()
                .errorCode(error.code())
                .errorMessage(message)
                .clusterId(store.image().clusterId());
    }
}
