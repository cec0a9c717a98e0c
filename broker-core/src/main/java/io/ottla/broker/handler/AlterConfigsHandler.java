package io.ottla.broker.handler;

import io.ottla.broker.metadata.ConfigChange;
import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.ConfigOutcome;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.ConfigWish;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AlterConfigsRequest;
import io.ottla.protocol.message.AlterConfigsRequest.AlterConfigsResource;
import io.ottla.protocol.message.AlterConfigsResponse;
import io.ottla.protocol.message.AlterConfigsResponse.AlterConfigsResourceResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * Sets whole configurations: keys that the request does not name go back to their defaults. Clients of today use
 * IncrementalAlterConfigs instead. All versions say the same.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_AlterConfigs">AlterConfigs</a>
 */
public final class AlterConfigsHandler extends RequestHandler<AlterConfigsRequest> {

    private final ConfigControl configs;

    public AlterConfigsHandler(ConfigControl configs) {
        super(ApiKey.ALTER_CONFIGS);
        this.configs = configs;
    }

    @Override
    public void handle(AlterConfigsRequest request, RequestContext context) {
        List<ConfigWish> wishes = new ArrayList<>(request.resources().size());
        for (AlterConfigsResource resource : request.resources()) {
            List<ConfigChange> changes = new ArrayList<>(resource.configs().size());
            resource.configs()
                    .forEach(config -> changes.add(new ConfigChange(config.name(), ConfigChange.SET, config.value())));
            wishes.add(new ConfigWish(
                    new ConfigResource(resource.resourceType(), resource.resourceName()), changes, true));
        }
        List<ConfigOutcome> outcomes = configs.alter(wishes, request.validateOnly());
        AlterConfigsResponse response = new AlterConfigsResponse();
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
    public ApiMessage errorResponse(AlterConfigsRequest request, short version, ErrorCode error, String message) {
        AlterConfigsResponse response = new AlterConfigsResponse();
        request.resources().forEach(resource -> response.responses().add(result(resource, error, message)));
        return response;
    }
}
