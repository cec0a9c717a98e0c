package io.ottla.broker.testing.fault;

import io.ottla.broker.handler.RequestHandler;
import io.ottla.broker.testing.parts.Part;
import io.ottla.broker.testing.parts.Parts;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MemoryRecords;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.protocol.message.FetchResponse.FetchableTopicResponse;
import io.ottla.protocol.message.MetadataResponse;
import io.ottla.protocol.message.MetadataResponse.MetadataResponseTopic;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Answers with an error, in the form that the request's API has for it, and serves what the request asks for besides.
 *
 * <p>A fetch names what has changed only, its session knows the rest, and a client whose session the broker goes on with would not ask again
 * for what it got an error for. So the session ends with the error, and the client makes a new one (KIP-227). Clients take no notice of
 * metadata without brokers, so metadata are looked up, and the error is put to the topics.
 */
final class ErrorAction implements FaultAction {

    private static final Set<ErrorCode> ERRORS_OF_SESSIONS = EnumSet.of(
            ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
            ErrorCode.INVALID_FETCH_SESSION_EPOCH,
            ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    private static final long UNKNOWN_OFFSET = -1;

    private final ErrorCode error;
    private final String message;

    /** @param message for the client, or null for the error's own */
    ErrorAction(ErrorCode error, String message) {
        if (error == ErrorCode.NONE) {
            throw new IllegalArgumentException("NONE is no error");
        }
        this.error = error;
        this.message = message;
    }

    @Override
    public String description() {
        return "answer with " + error + (message == null ? "" : " (" + message + ")");
    }

    /** A request without an answer loses its connection, as with Apache Kafka. */
    @Override
    public boolean fits(ApiMessage request) {
        return true;
    }

    @Override
    public boolean followsAnswer() {
        return true;
    }

    @Override
    public boolean beforeApply(FaultCall call) {
        ApiMessage request = call.request();
        if (amends(request)) {
            return true;
        }
        FaultMatcher matcher = call.fault().matcher();
        boolean whole = matcher.matchesAll(request, call.host()) || !FaultAction.hasAnswer(request);
        if (request instanceof FetchRequest fetch && !ERRORS_OF_SESSIONS.contains(error)) {
            leaveSession(fetch, call.host());
        }
        ApiMessage failed = whole ? null : call.host().parts().takeOut(request, matcher::matches);
        if (failed == null) {
            answer(call, errorAnswer(call, request));
            return false;
        }
        call.addition(errorAnswer(call, failed));
        return true;
    }

    private boolean amends(ApiMessage request) {
        return request.apiKey() == ApiKey.METADATA && error != ErrorCode.REBOOTSTRAP_REQUIRED;
    }

    /** Makes the request one that names all it asks for, is answered at once, and ends its session. */
    private static void leaveSession(FetchRequest request, FaultHost host) {
        request.topics(host.fetchSessions().topics(request))
                .forgottenTopicsData(new ArrayList<>())
                .maxWaitMs(0)
                .sessionEpoch(-1);
    }

    private static void answer(FaultCall call, ApiMessage answer) {
        if (answer == null) {
            call.disconnect();
        } else {
            call.respond(answer);
        }
    }

    private ApiMessage errorAnswer(FaultCall call, ApiMessage request) {
        if (request instanceof FetchRequest fetch && !ERRORS_OF_SESSIONS.contains(error)) {
            return errorAnswer(fetch);
        }
        return errorAnswer(call, request, error, message);
    }

    /** The answer that carries an error for all that a request asks for; null if it has no answer. */
    static ApiMessage errorAnswer(FaultCall call, ApiMessage request, ErrorCode error, String message) {
        RequestHandler<?> handler =
                call.host().handlers().forId(request.apiKey().id());
        return errorAnswer(handler, call, request, error, message);
    }

    @SuppressWarnings("unchecked") // a handler's API key and the type of its requests belong together
    private static <Q extends ApiMessage> ApiMessage errorAnswer(
            RequestHandler<Q> handler, FaultCall call, ApiMessage request, ErrorCode error, String message) {
        return handler.errorResponse((Q) request, call.context().apiVersion(), error, message);
    }

    private FetchResponse errorAnswer(FetchRequest request) {
        List<FetchableTopicResponse> topics = new ArrayList<>();
        for (FetchRequest.FetchTopic topic : request.topics()) {
            List<FetchResponse.PartitionData> partitions = new ArrayList<>();
            for (FetchRequest.FetchPartition partition : topic.partitions()) {
                partitions.add(new FetchResponse.PartitionData()
                        .partitionIndex(partition.partition())
                        .errorCode(error.code())
                        .highWatermark(UNKNOWN_OFFSET)
                        .records(MemoryRecords.EMPTY));
            }
            topics.add(new FetchableTopicResponse()
                    .topic(topic.topic())
                    .topicId(topic.topicId())
                    .partitions(partitions));
        }
        return new FetchResponse().responses(topics);
    }

    @Override
    public ApiMessage beforeWrite(FaultCall call, ApiMessage response) {
        if (call.addition() != null) {
            Parts.merge(response, call.addition());
        }
        if (response instanceof MetadataResponse metadata && amends(call.request())) {
            for (MetadataResponseTopic topic : metadata.topics()) {
                if (isMeant(call, topic)) {
                    topic.errorCode(error.code()).partitions(new ArrayList<>());
                }
            }
        }
        return response;
    }

    private static boolean isMeant(FaultCall call, MetadataResponseTopic topic) {
        String name = topic.name() == null ? topic.topicId().toString() : topic.name();
        return call.fault().matcher().matches(new Part(name, Part.NO_PARTITION));
    }
}
