package io.ottla.broker.handler;

import io.ottla.broker.metadata.ConfigChange;
import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.ConfigOutcome;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.ConfigWish;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
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
public final class IncrementalAlterConfigsHandler extends ConfigAlterationHandler<IncrementalAlterConfigsRequest> {

    public IncrementalAlterConfigsHandler(ConfigControl configs) {
        super(ApiKey.INCREMENTAL_ALTER_CONFIGS, configs);
    }

    @Override
    List<ConfigWish> wishes(IncrementalAlterConfigsRequest request) {
        List<ConfigWish> wishes = new ArrayList<>(request.resources().size());
        for (AlterConfigsResource resource : request.resources()) {
            List<ConfigChange> changes = new ArrayList<>(resource.configs().size());
            resource.configs()
                    .forEach(config ->
                            changes.add(new ConfigChange(config.name(), config.configOperation(), config.value())));
            wishes.add(new ConfigWish(
                    new ConfigResource(resource.resourceType(), resource.resourceName()), changes, false));
        }
        return wishes;
    }

    @Override
    boolean validateOnly(IncrementalAlterConfigsRequest request) {
        return request.validateOnly();
    }

    @Override
    ApiMessage response(List<ConfigWish> wishes, List<ConfigOutcome> outcomes) {
        IncrementalAlterConfigsResponse response = new IncrementalAlterConfigsResponse();
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
