package io.ottla.broker.handler;

import io.ottla.broker.metadata.ScramControl;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AlterUserScramCredentialsRequest;
import io.ottla.protocol.message.AlterUserScramCredentialsResponse;
import io.ottla.protocol.message.AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Sets and deletes SCRAM credentials of users (KIP-554). The client salts the password; what is kept are the two keys that are made from that.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_AlterUserScramCredentials">AlterUserScramCredentials</a>
 */
public final class AlterUserScramCredentialsHandler extends RequestHandler<AlterUserScramCredentialsRequest> {

    private final ScramControl users;

    public AlterUserScramCredentialsHandler(ScramControl users) {
        super(ApiKey.ALTER_USER_SCRAM_CREDENTIALS);
        this.users = users;
    }

    @Override
    public void handle(AlterUserScramCredentialsRequest request, RequestContext context) {
        AlterUserScramCredentialsResponse response = new AlterUserScramCredentialsResponse();
        for (ScramControl.Outcome outcome : users.alter(request.deletions(), request.upsertions())) {
            response.results().add(result(outcome.user(), outcome.error(), outcome.message()));
        }
        CommittedAnswer.send(users::whenCommitted, this, request, context, response);
    }

    private static AlterUserScramCredentialsResult result(String user, ErrorCode error, String message) {
        return new AlterUserScramCredentialsResult()
                .user(user)
                .errorCode(error.code())
                .errorMessage(message);
    }

    @Override
    public AlterUserScramCredentialsResponse errorResponse(
            AlterUserScramCredentialsRequest request, short version, ErrorCode error, String message) {
        Set<String> names = new LinkedHashSet<>();
        request.deletions().forEach(deletion -> names.add(deletion.name()));
        request.upsertions().forEach(upsertion -> names.add(upsertion.name()));
        AlterUserScramCredentialsResponse response = new AlterUserScramCredentialsResponse();
        names.forEach(name -> response.results().add(result(name, error, message)));
        return response;
    }
}
