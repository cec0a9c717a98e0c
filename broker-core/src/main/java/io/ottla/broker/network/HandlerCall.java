package io.ottla.broker.network;

import io.ottla.broker.handler.RequestHandler;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls handlers, and answers for those that fail. */
final class HandlerCall {

    private static final Logger LOG = LoggerFactory.getLogger(HandlerCall.class);

    private HandlerCall() {}

    @SuppressWarnings("unchecked") // a handler's API key and the type of its requests belong together
    static void apply(RequestHandler<?> handler, ApiMessage body, InFlightRequest request) {
        RequestHandler<ApiMessage> typed = (RequestHandler<ApiMessage>) handler;
        try {
            typed.handle(body, request);
        } catch (ApiException e) {
            onFailure(typed, body, request, e.error(), e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("Failed to serve {}", request, e);
            onFailure(typed, body, request, ErrorCode.UNKNOWN_SERVER_ERROR, null);
        }
    }

    private static void onFailure(
            RequestHandler<ApiMessage> handler,
            ApiMessage body,
            InFlightRequest request,
            ErrorCode error,
            String message) {
        if (request.isAnswered()) {
            return;
        }
        ApiMessage response = handler.errorResponse(body, request.apiVersion(), error, message);
        if (response == null) {
            request.disconnect();
        } else {
            request.respond(response);
        }
    }
}
