package io.ottla.broker.handler;

import io.ottla.broker.metadata.FeatureControl;
import io.ottla.broker.metadata.FeatureRange;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ApiVersionsRequest;
import io.ottla.protocol.message.ApiVersionsResponse;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Says which APIs are served, in which versions.
 *
 * <p>Version 1 adds the throttle time; version 3 adds the name and version of the client's software, and features; version 4
 * allows features whose lowest version is 0. A version that is not served is answered in version 0, see {@link
 * #unsupportedVersion}.
 *
 * @see <a href="https://cwiki.apache.org/confluence/display/KAFKA/KIP-35+-+Retrieving+protocol+version">KIP-35</a>
 * @see <a href="https://cwiki.apache.org/confluence/display/KAFKA/KIP-511%3A+Collect+and+Expose+Client%27s+Name+and+Version+in+the+Brokers">KIP-511</a>
 */
public final class ApiVersionsHandler extends RequestHandler<ApiVersionsRequest> {

    /** What a client's software may be called, as KIP-511 has it. */
    private static final Pattern SOFTWARE_NAME = Pattern.compile("[a-zA-Z0-9](?:[a-zA-Z0-9\\-.]*[a-zA-Z0-9])?");

    private static final short SOFTWARE_NAME_SINCE = 3;

    /** Older clients than those served look here for what the broker can do, and fail if Produce does not begin at 0. */
    private static final short ADVERTISED_LOWEST_PRODUCE = 0;

    private static final short FEATURES_FROM_0_SINCE = 4;

    private final MetadataStore store;
    private final List<ApiVersionsResponse.ApiVersion> apiVersions;

    /**
     * @param store has the levels of features
     * @param others all other handlers of the broker
     */
    public ApiVersionsHandler(MetadataStore store, Collection<? extends RequestHandler<?>> others) {
        super(ApiKey.API_VERSIONS);
        this.store = store;
        List<RequestHandler<?>> handlers = new ArrayList<>(others);
        handlers.add(this);
        List<ApiVersionsResponse.ApiVersion> versions = new ArrayList<>();
        for (RequestHandler<?> handler : new RequestHandlers(handlers).all()) {
            versions.add(new ApiVersionsResponse.ApiVersion()
                    .apiKey(handler.apiKey().id())
                    .minVersion(
                            handler.apiKey() == ApiKey.PRODUCE ? ADVERTISED_LOWEST_PRODUCE : handler.lowestVersion())
                    .maxVersion(handler.highestVersion()));
        }
        apiVersions = List.copyOf(versions);
    }

    /** The answer, to be sent in version 0, to a request in a version that is not served: it names those that are. */
    public static ApiVersionsResponse unsupportedVersion() {
        return failed(ErrorCode.UNSUPPORTED_VERSION)
                .apiKeys(List.of(new ApiVersionsResponse.ApiVersion()
                        .apiKey(ApiKey.API_VERSIONS.id())
                        .minVersion(ApiKey.API_VERSIONS.lowestVersion())
                        .maxVersion(ApiKey.API_VERSIONS.highestVersion())));
    }

    @Override
    public void handle(ApiVersionsRequest request, RequestContext context) {
        if (context.apiVersion() >= SOFTWARE_NAME_SINCE) {
            if (!isSoftwareName(request.clientSoftwareName()) || !isSoftwareName(request.clientSoftwareVersion())) {
                context.respond(failed(ErrorCode.INVALID_REQUEST));
                return;
            }
            context.connection().clientSoftware(request.clientSoftwareName(), request.clientSoftwareVersion());
        }
        ApiVersionsResponse response = new ApiVersionsResponse().apiKeys(apiVersions);
        if (context.apiVersion() >= SOFTWARE_NAME_SINCE) {
            addFeatures(response, context.apiVersion());
        }
        context.respond(response);
    }

    private void addFeatures(ApiVersionsResponse response, short version) {
        for (FeatureRange feature : MetadataStore.supportedFeatures()) {
            if (feature.min() > 0 || version >= FEATURES_FROM_0_SINCE) {
                response.supportedFeatures()
                        .add(new ApiVersionsResponse.SupportedFeatureKey()
                                .name(feature.name())
                                .minVersion(feature.min())
                                .maxVersion(feature.max()));
            }
        }
        MetadataImage image = store.image();
        response.finalizedFeaturesEpoch(image.offset());
        FeatureControl.finalized(image).forEach((name, level) -> response.finalizedFeatures()
                .add(new ApiVersionsResponse.FinalizedFeatureKey()
                        .name(name)
                        .minVersionLevel(level)
                        .maxVersionLevel(level)));
    }

    private static boolean isSoftwareName(String text) {
        return SOFTWARE_NAME.matcher(text).matches();
    }

    @Override
    public ApiMessage errorResponse(ApiVersionsRequest request, short version, ErrorCode error, String message) {
        return failed(error);
    }

    private static ApiVersionsResponse failed(ErrorCode error) {
        return new ApiVersionsResponse().errorCode(error.code());
    }
}
