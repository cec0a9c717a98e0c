package io.ottla.broker.handler;

import io.ottla.broker.metadata.FeatureControl;
import io.ottla.broker.metadata.FeatureControl.UpgradeType;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.UpdateFeaturesRequest;
import io.ottla.protocol.message.UpdateFeaturesRequest.FeatureUpdateKey;
import io.ottla.protocol.message.UpdateFeaturesResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * UpdateFeatures: changes the levels of features (KIP-584), all that are named or none.
 *
 * <p>Versions: 1 can validate only and says which kind of downgrade is meant (KIP-778), 2 answers without a result for each feature. As in
 * Apache Kafka, version 0 cannot downgrade.
 */
public final class UpdateFeaturesHandler extends RequestHandler<UpdateFeaturesRequest> {

    private static final short FIRST_VERSION_WITHOUT_RESULTS = 2;

    private final FeatureControl features;

    public UpdateFeaturesHandler(FeatureControl features) {
        super(ApiKey.UPDATE_FEATURES);
        this.features = features;
    }

    @Override
    public void handle(UpdateFeaturesRequest request, RequestContext context) {
        List<FeatureControl.Wish> wishes =
                new ArrayList<>(request.featureUpdates().size());
        for (FeatureUpdateKey update : request.featureUpdates()) {
            wishes.add(new FeatureControl.Wish(
                    update.feature(), update.maxVersionLevel(), UpgradeType.of(update.upgradeType())));
        }
        try {
            features.update(wishes, request.validateOnly());
        } catch (ApiException e) {
            context.respond(errorResponse(request, context.apiVersion(), e.error(), e.getMessage()));
            return;
        }
        UpdateFeaturesResponse response = new UpdateFeaturesResponse().errorMessage(null);
        if (context.apiVersion() < FIRST_VERSION_WITHOUT_RESULTS) {
            for (FeatureUpdateKey update : request.featureUpdates()) {
                response.results()
                        .add(new UpdateFeaturesResponse.UpdatableFeatureResult()
                                .feature(update.feature())
                                .errorMessage(ErrorCode.NONE.name()));
            }
        }
        context.respond(response);
    }

    @Override
    public UpdateFeaturesResponse errorResponse(
            UpdateFeaturesRequest request, short version, ErrorCode error, String message) {
        return new UpdateFeaturesResponse().errorCode(error.code()).errorMessage(message);
    }
}
