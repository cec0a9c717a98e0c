package io.ottla.broker.handler;

import io.ottla.broker.metadata.ConfigChange;
import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.ConfigOutcome;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.ConfigWish;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
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
public final class AlterConfigsHandler extends ConfigAlterationHandler<AlterConfigsRequest> {

    public AlterConfigsHandler(ConfigControl configs) {
        super(ApiKey.ALTER_CONFIGS, configs);
    }

    @Override
    List<ConfigWish> wishes(AlterConfigsRequest request) {
        List<ConfigWish> wishes = new ArrayList<>(request.resources().size());
        for (AlterConfigsResource resource : request.resources()) {
            List<ConfigChange> changes = new ArrayList<>(resource.configs().size());
            resource.configs()
                    .forEach(config -> changes.add(new ConfigChange(config.name(), ConfigChange.SET, config.value())));
            wishes.add(new ConfigWish(
                    new ConfigResource(resource.resourceType(), resource.resourceName()), changes, true));
        }
        return wishes;
    }

    @Override
    boolean validateOnly(AlterConfigsRequest request) {
        return request.validateOnly();
    }

    @Override
    ApiMessage response(List<ConfigWish> wishes, List<ConfigOutcome> outcomes) {
        AlterConfigsResponse response = new AlterConfigsResponse();
        for (int i = 0; i < wishes.size(); i++) {
            response.responses()
                    .add(new AlterConfigsResourceResponse()
                            .errorCode(outcomes.get(i).error().code())
                            .errorMessage(outcomes.get(i).message())
                            .resourceType(wishes.get(i).resource().type())
                            .resourceName(wishes.get(i).resource().name()));
        }
        return response;
    }
}
