package io.ottla.broker.handler;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where requests are served that make or delete the files of partitions. For a few it takes less than to hand it over; for thousands it
 * takes seconds, in which an event loop must not stand still. Thread-safe.
 */
public final class FileWork {

    /** Making so many takes some milliseconds. */
    static final int MAX_BRIEF_PARTITIONS = 16;

    private static final Logger LOG = LoggerFactory.getLogger(FileWork.class);

    private final Executor executor;

    /** @param executor for what takes too long for an event loop */
    public FileWork(Executor executor) {
        this.executor = executor;
    }

    /**
     * Serves the request: at once, or on another thread while the requests behind it on the same connection wait. On the event loop.
     *
     * @param partitions how many partitions it is about, or a little less
     * @param action what the handler does; it may fail as a handler may
     */
    <Q extends ApiMessage> void serve(
            int partitions, RequestHandler<Q> handler, Q request, RequestContext context, Runnable action) {
        if (partitions <= MAX_BRIEF_PARTITIONS) {
            action.run();
            return;
        }
        context.holdFollowers();
        try {
            executor.execute(() -> {
                try {
                    action.run();
                } catch (ApiException e) {
                    context.respond(handler.errorResponse(request, context.apiVersion(), e.error(), e.getMessage()));
                } catch (RuntimeException e) {
                    LOG.error("Failed to serve {} of client {}", context.apiKey(), context.clientId(), e);
                    context.respond(
                            handler.errorResponse(request, context.apiVersion(), ErrorCode.UNKNOWN_SERVER_ERROR, null));
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("{} of client {} came after the end", context.apiKey(), context.clientId());
            context.disconnect();
        }
    }
}
