package io.ottla.broker.handler;

import io.ottla.broker.metadata.ConfigChange;
import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.ConfigOutcome;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.ConfigWish;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.IncrementalAlterConfigsRequest;
import io.ottla.protocol.message.IncrementalAlterConfigsRequest.AlterConfigsResource;
import io.ottla.protocol.message.IncrementalAlterConfigsResponse;
import io.ottla.protocol.message.IncrementalAlterConfigsResponse.AlterConfigsResourceResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes single keys of configurations (KIP-339): sets or deletes them, appends to lists and takes away from them. Both
 * versions say the same.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_IncrementalAlterConfigs">IncrementalAlterConfigs</a>
 */
public final class IncrementalAlterConfigsHandler extends RequestHandler<IncrementalAlterConfigsRequest> {

    private final ConfigControl configs;

    public IncrementalAlterConfigsHandler(ConfigControl configs) {
        super(ApiKey.INCREMENTAL_ALTER_CONFIGS);
        this.configs = configs;
    }

    @Override
    public void handle(IncrementalAlterConfigsRequest request, RequestContext context) {
        List<ConfigWish> wishes = new ArrayList<>(request.resources().size());
        for (AlterConfigsResource resource : request.resources()) {
            List<ConfigChange> changes = new ArrayList<>(resource.configs().size());
            resource.configs()
                    .forEach(config ->
                            changes.add(new ConfigChange(config.name(), config.configOperation(), config.value())));
            wishes.add(new ConfigWish(
                    new ConfigResource(resource.resourceType(), resource.resourceName()), changes, false));
        }
        List<ConfigOutcome> outcomes = configs.alter(wishes, request.validateOnly());
        IncrementalAlterConfigsResponse response = new IncrementalAlterConfigsResponse();
        for (int i = 0; i < outcomes.size(); i++) {
            ConfigOutcome outcome = outcomes.get(i);
            response.responses().add(result(request.resources().get(i), outcome.error(), outcome.message()));
        }
        CommittedAnswer.send(configs::whenCommitted, this, request, context, response);
    }

    private static AlterConfigsResourceResponse result(AlterConfigsResource resource, ErrorCode error, String message) {
        return new AlterConfigsResourceResponse()
                .errorCode(error.code())
                .errorMessage(message)
                .resourceType(resource.resourceType())
                .resourceName(resource.resourceName());
    }

    @Override
    public ApiMessage errorResponse(
            IncrementalAlterConfigsRequest request, short version, ErrorCode error, String message) {
        IncrementalAlterConfigsResponse response = new IncrementalAlterConfigsResponse();
        request.resources().forEach(resource -> response.responses().add(result(resource, error, message)));
        return response;
    }
}
