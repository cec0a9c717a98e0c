package io.ottla.broker.handler;

import io.ottla.broker.config.Loggers;
import io.ottla.broker.metadata.ConfigDescriber;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.DescribedConfig;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicNames;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeConfigsRequest;
import io.ottla.protocol.message.DescribeConfigsRequest.DescribeConfigsResource;
import io.ottla.protocol.message.DescribeConfigsResponse;
import io.ottla.protocol.message.DescribeConfigsResponse.DescribeConfigsResourceResult;
import io.ottla.protocol.message.DescribeConfigsResponse.DescribeConfigsResult;
import io.ottla.protocol.message.DescribeConfigsResponse.DescribeConfigsSynonym;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Says how topics, brokers, groups and metrics subscriptions are configured, and what levels loggers have (KIP-412). Version 3 adds types and
 * documentation.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_DescribeConfigs">DescribeConfigs</a>
 */
public final class DescribeConfigsHandler extends RequestHandler<DescribeConfigsRequest> {

    private final MetadataStore store;
    private final Loggers loggers;

    public DescribeConfigsHandler(MetadataStore store, Loggers loggers) {
        super(ApiKey.DESCRIBE_CONFIGS);
        this.store = store;
        this.loggers = loggers;
    }

    @Override
    public void handle(DescribeConfigsRequest request, RequestContext context) {
        DescribeConfigsResponse response = new DescribeConfigsResponse();
        for (DescribeConfigsResource resource : request.resources()) {
            DescribeConfigsResult result = empty(resource);
            try {
                for (DescribedConfig config :
                        describe(resource, context.connection().brokerId())) {
                    result.configs().add(entry(config, request));
                }
            } catch (ApiException e) {
                result.errorCode(e.error().code()).errorMessage(e.getMessage());
            }
            response.results().add(result);
        }
        context.respond(response);
    }

    private List<DescribedConfig> describe(DescribeConfigsResource resource, int brokerId) {
        MetadataImage image = store.image();
        ConfigDescriber describer = new ConfigDescriber(image, store.staticConfig(), store.brokerConfig());
        Predicate<String> wanted = wanted(resource.configurationKeys());
        String name = resource.resourceName();
        return switch (resource.resourceType()) {
            case ConfigResource.TOPIC -> {
                TopicNames.validate(name);
                if (image.topic(name) == null) {
                    throw new ApiException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "");
                }
                yield describer.topic(image.topicConfig(name), wanted);
            }
            case ConfigResource.BROKER -> {
                if (name.isEmpty()) {
                    yield describer.allBrokers(wanted);
                }
                requireBroker(brokerId, name, "expected %d or empty string, but received %s");
                yield new ConfigDescriber(image, store.staticConfig(brokerId), store.brokerConfig(brokerId))
                        .broker(wanted);
            }
            case ConfigResource.BROKER_LOGGER -> {
                requireBroker(brokerId, name, "expected %d but received %s");
                yield levels(wanted);
            }
            case ConfigResource.GROUP -> {
                requireName(name, "Group name must not be empty");
                yield describer.group(name, wanted);
            }
            case ConfigResource.CLIENT_METRICS -> {
                requireName(name, "Client metrics subscription name must not be empty");
                yield describer.metrics(name, wanted);
            }
            default -> throw new ApiException(ErrorCode.INVALID_REQUEST);
        };
    }

    private List<DescribedConfig> levels(Predicate<String> wanted) {
        List<DescribedConfig> levels = new ArrayList<>();
        loggers.levels().forEach((logger, level) -> {
            if (wanted.test(logger)) {
                levels.add(new DescribedConfig(logger, level, DescribedConfig.BROKER_LOGGER, false, List.of(), null));
            }
        });
        return levels;
    }

    /** No list and an empty list ask for everything. */
    private static Predicate<String> wanted(List<String> keys) {
        if (keys == null || keys.isEmpty()) {
            return name -> true;
        }
        Set<String> set = new HashSet<>(keys);
        return set::contains;
    }

    /** Each broker speaks of itself only. */
    private static void requireBroker(int brokerId, String name, String expectation) {
        int id;
        try {
            id = Integer.parseInt(name);
        } catch (NumberFormatException e) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "Broker id must be an integer, but it is: " + name);
        }
        if (id != brokerId) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST, "Unexpected broker id, " + String.format(expectation, brokerId, name));
        }
    }

    private static void requireName(String name, String message) {
        if (name.isEmpty()) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, message);
        }
    }

    private static DescribeConfigsResult empty(DescribeConfigsResource resource) {
        return new DescribeConfigsResult()
                .resourceType(resource.resourceType())
                .resourceName(resource.resourceName())
                .errorMessage("");
    }

    private static DescribeConfigsResourceResult entry(DescribedConfig config, DescribeConfigsRequest request) {
        DescribeConfigsResourceResult entry = new DescribeConfigsResourceResult()
                .name(config.name())
                .value(config.value())
                .readOnly(config.isReadOnly())
                .configSource(config.source())
                .isSensitive(config.isSensitive())
                .configType(config.typeId())
                .documentation(request.includeDocumentation() ? config.documentation() : null);
        if (request.includeSynonyms()) {
            for (DescribedConfig.Synonym synonym : config.synonyms()) {
                entry.synonyms()
                        .add(new DescribeConfigsSynonym()
                                .name(synonym.name())
                                .value(synonym.value())
                                .source(synonym.source()));
            }
        }
        return entry;
    }

    @Override
    public ApiMessage errorResponse(DescribeConfigsRequest request, short version, ErrorCode error, String message) {
        DescribeConfigsResponse response = new DescribeConfigsResponse();
        for (DescribeConfigsResource resource : request.resources()) {
            response.results().add(empty(resource).errorCode(error.code()).errorMessage(message));
        }
        return response;
    }
}
