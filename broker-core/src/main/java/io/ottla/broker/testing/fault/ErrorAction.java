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
import io.ottla.protocol.message.OffsetFetchRequest;
import io.ottla.protocol.message.OffsetFetchResponse;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartition;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopic;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopics;
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

    /** Of a group as a whole, whatever is asked of it. */
    private static final Set<ErrorCode> ERRORS_OF_GROUPS = EnumSet.of(
            ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
            ErrorCode.COORDINATOR_NOT_AVAILABLE,
            ErrorCode.NOT_COORDINATOR,
            ErrorCode.INVALID_GROUP_ID,
            ErrorCode.GROUP_AUTHORIZATION_FAILED,
            ErrorCode.GROUP_ID_NOT_FOUND,
            ErrorCode.UNKNOWN_MEMBER_ID,
            ErrorCode.STALE_MEMBER_EPOCH);

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
        boolean ofSession = request instanceof FetchRequest && ERRORS_OF_SESSIONS.contains(error);
        if (request instanceof FetchRequest fetch && !ofSession) {
            leaveSession(fetch, call.host());
        }
        ApiMessage whole = errorAnswer(call, request);
        Parts.Choice choice = call.fault().matcher().choice();
        boolean divides = choice != null && whole != null && !ofSession;
        ApiMessage failed = divides ? call.host().parts().takeOut(request, choice) : null;
        ApiMessage addition = failed == null ? null : errorAnswer(call, failed);
        if (addition == null || Parts.isEmpty(request) || !call.host().parts().namesWhatFailed(addition)) {
            answer(call, whole);
            return false;
        }
        call.addition(addition);
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
        if (request instanceof OffsetFetchRequest offsets
                && call.fault().matcher().isAboutParts()
                && !ERRORS_OF_GROUPS.contains(error)) {
            return errorAnswer(offsets);
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

    /** The broker says what is wrong with a group as a whole; this is for some of its partitions. */
    private OffsetFetchResponse errorAnswer(OffsetFetchRequest request) {
        OffsetFetchResponse response = new OffsetFetchResponse();
        for (OffsetFetchRequest.OffsetFetchRequestTopic topic : request.topics()) {
            response.topics()
                    .add(new OffsetFetchResponseTopic()
                            .name(topic.name())
                            .partitions(topic.partitionIndexes().stream()
                                    .map(partition -> new OffsetFetchResponsePartition()
                                            .partitionIndex(partition)
                                            .committedOffset(UNKNOWN_OFFSET)
                                            .metadata("")
                                            .errorCode(error.code()))
                                    .toList()));
        }
        for (OffsetFetchRequest.OffsetFetchRequestGroup group : request.groups()) {
            OffsetFetchResponseGroup failed = new OffsetFetchResponseGroup().groupId(group.groupId());
            for (OffsetFetchRequest.OffsetFetchRequestTopics topic : group.topics()) {
                failed.topics()
                        .add(new OffsetFetchResponseTopics()
                                .name(topic.name())
                                .topicId(topic.topicId())
                                .partitions(topic.partitionIndexes().stream()
                                        .map(partition -> new OffsetFetchResponsePartitions()
                                                .partitionIndex(partition)
                                                .committedOffset(UNKNOWN_OFFSET)
                                                .metadata("")
                                                .errorCode(error.code()))
                                        .toList()));
            }
            response.groups().add(failed);
        }
        return response;
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
