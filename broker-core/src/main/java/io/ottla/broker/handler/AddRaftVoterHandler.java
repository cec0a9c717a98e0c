package io.ottla.broker.handler;

import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.Quorum;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.AddRaftVoterRequest;
import io.ottla.protocol.message.AddRaftVoterResponse;
import java.util.stream.Collectors;

/**
 * Would add a controller to the quorum (KIP-853). This broker is its only controller and stays so: a request is checked as in Apache Kafka, and
 * one that is right is refused. Version 1 lets the client say when it wants the answer.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_AddRaftVoter">AddRaftVoter</a>
 */
public final class AddRaftVoterHandler extends RequestHandler<AddRaftVoterRequest> {

    private final MetadataStore store;

    public AddRaftVoterHandler(MetadataStore store) {
        super(ApiKey.ADD_RAFT_VOTER);
        this.store = store;
    }

    @Override
    public void handle(AddRaftVoterRequest request, RequestContext context) {
        Quorum quorum = store.quorum();
        quorum.checkClusterId(request.clusterId());
        if (request.voterId() < 0 || request.voterDirectoryId().equals(Uuid.ZERO)) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "Add voter request didn't include a valid voter");
        }
        String listener = quorum.endpoint().name();
        if (request.listeners().stream().noneMatch(each -> each.name().equals(listener))) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "Add voter request didn't include the endpoint (Endpoints(endpoints={" + endpoints(request)
                            + "})) for the default listener ListenerName(" + listener + ")");
        }
        if (request.voterId() == quorum.leaderId()) {
            throw new ApiException(
                    ErrorCode.DUPLICATE_VOTER,
                    "The voter id for " + Quorum.replica(request.voterId(), request.voterDirectoryId())
                            + " is already part of the set of voters [" + quorum.voter() + "].");
        }
        throw new ApiException(
                ErrorCode.UNSUPPORTED_VERSION, "This broker is its own only controller; no voter can be added.");
    }

    private static String endpoints(AddRaftVoterRequest request) {
        return request.listeners().stream()
                .map(each -> "ListenerName(" + each.name() + ")=" + each.host() + "/<unresolved>:" + each.port())
                .collect(Collectors.joining(", "));
    }

    @Override
    public AddRaftVoterResponse errorResponse(
            AddRaftVoterRequest request, short version, ErrorCode error, String message) {
        return new AddRaftVoterResponse().errorCode(error.code()).errorMessage(message);
    }
}
