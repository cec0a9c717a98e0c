package io.ottla.broker.handler;

import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.ConfigOutcome;
import io.ottla.broker.metadata.ConfigWish;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import java.util.Collections;
import java.util.List;

/** What the two APIs that change configurations have in common: they differ in how a wish is written down. */
abstract class ConfigAlterationHandler<Q extends ApiMessage> extends RequestHandler<Q> {

    private final ConfigControl configs;

    ConfigAlterationHandler(ApiKey apiKey, ConfigControl configs) {
        super(apiKey);
        this.configs = configs;
    }

    /** What the request asks for, one wish for each of its resources. */
    abstract List<ConfigWish> wishes(Q request);

    /** Whether the request only wants to know what would become of it. */
    abstract boolean validateOnly(Q request);

    /** The answer, with one outcome for each wish. */
    abstract ApiMessage response(List<ConfigWish> wishes, List<ConfigOutcome> outcomes);

    @Override
    public final void handle(Q request, RequestContext context) {
        List<ConfigWish> wishes = wishes(request);
        List<ConfigOutcome> outcomes = configs.alter(wishes, validateOnly(request));
        CommittedAnswer.send(configs::whenCommitted, this, request, context, response(wishes, outcomes));
    }

    @Override
    public final ApiMessage errorResponse(Q request, short version, ErrorCode error, String message) {
        List<ConfigWish> wishes = wishes(request);
        return response(wishes, Collections.nCopies(wishes.size(), new ConfigOutcome(error, message)));
    }
}
