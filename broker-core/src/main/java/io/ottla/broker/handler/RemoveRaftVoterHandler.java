package io.ottla.broker.handler;

import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.Quorum;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.RemoveRaftVoterRequest;
import io.ottla.protocol.message.RemoveRaftVoterResponse;

/**
 * Would remove a controller from the quorum (KIP-853): as in Apache Kafka the last one cannot be removed, and there is no other.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_RemoveRaftVoter">RemoveRaftVoter</a>
 */
public final class RemoveRaftVoterHandler extends RequestHandler<RemoveRaftVoterRequest> {

    private final MetadataStore store;

    public RemoveRaftVoterHandler(MetadataStore store) {
        super(ApiKey.REMOVE_RAFT_VOTER);
        this.store = store;
    }

    @Override
    public void handle(RemoveRaftVoterRequest request, RequestContext context) {
        Quorum quorum = store.quorum();
        quorum.checkClusterId(request.clusterId());
        if (request.voterId() < 0 || request.voterDirectoryId().equals(Uuid.ZERO)) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "Remove voter request didn't include a valid voter");
        }
        throw new ApiException(
                ErrorCode.VOTER_NOT_FOUND,
                "Cannot remove voter " + Quorum.replica(request.voterId(), request.voterDirectoryId())
                        + " from the set of voters [" + quorum.voter() + "]");
    }

    @Override
    public RemoveRaftVoterResponse errorResponse(
            RemoveRaftVoterRequest request, short version, ErrorCode error, String message) {
        return new RemoveRaftVoterResponse().errorCode(error.code()).errorMessage(message);
    }
}
