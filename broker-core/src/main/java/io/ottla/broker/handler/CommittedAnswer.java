package io.ottla.broker.handler;

import io.ottla.protocol.ApiMessage;
import io.ottla.storage.CommitCallback;
import java.util.function.Consumer;

/** Answers requests that changed metadata: not before the change is safe under the broker's durability policy. */
final class CommittedAnswer {

    private CommittedAnswer() {}

    /**
     * Answers with the response, or with an error for all that was asked if the change is not safe.
     *
     * @param commit calls back when the changes made so far are safe; at once, where nothing has to be waited for
     */
    static <Q extends ApiMessage> void send(
            Consumer<CommitCallback> commit,
            RequestHandler<Q> handler,
            Q request,
            RequestContext context,
            ApiMessage response) {
        commit.accept(failure -> context.respond(
                failure == null
                        ? response
                        : handler.errorResponse(request, context.apiVersion(), failure.error(), failure.getMessage())));
    }
}
