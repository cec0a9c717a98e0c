package io.ottla.broker.handler;

import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.ScramCredential;
import io.ottla.broker.metadata.ScramMechanism;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeUserScramCredentialsRequest;
import io.ottla.protocol.message.DescribeUserScramCredentialsRequest.UserName;
import io.ottla.protocol.message.DescribeUserScramCredentialsResponse;
import io.ottla.protocol.message.DescribeUserScramCredentialsResponse.CredentialInfo;
import io.ottla.protocol.message.DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Says which users have SCRAM credentials, and how many iterations they cost (KIP-554); never the credentials.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_DescribeUserScramCredentials">DescribeUserScramCredentials</a>
 */
public final class DescribeUserScramCredentialsHandler extends RequestHandler<DescribeUserScramCredentialsRequest> {

    private final MetadataStore store;

    public DescribeUserScramCredentialsHandler(MetadataStore store) {
        super(ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS);
        this.store = store;
    }

    @Override
    public void handle(DescribeUserScramCredentialsRequest request, RequestContext context) {
        MetadataImage image = store.image();
        DescribeUserScramCredentialsResponse response = new DescribeUserScramCredentialsResponse();
        if (request.users() == null || request.users().isEmpty()) {
            image.scramUsers().forEach(user -> response.results().add(described(user, image.scramCredentials(user))));
        } else {
            Map<String, Integer> counts = new LinkedHashMap<>();
            for (UserName user : request.users()) {
                counts.merge(user.name(), 1, Integer::sum);
            }
            counts.forEach((user, count) -> response.results().add(result(user, count, image)));
        }
        context.respond(response);
    }

    private static DescribeUserScramCredentialsResult result(String user, int count, MetadataImage image) {
        if (count > 1) {
            return new DescribeUserScramCredentialsResult()
                    .user(user)
                    .errorCode(ErrorCode.DUPLICATE_RESOURCE.code())
                    .errorMessage(
                            "Cannot describe SCRAM credentials for the same user twice in a single request: " + user);
        }
        Map<ScramMechanism, ScramCredential> credentials = image.scramCredentials(user);
        if (credentials.isEmpty()) {
            return new DescribeUserScramCredentialsResult()
                    .user(user)
                    .errorCode(ErrorCode.RESOURCE_NOT_FOUND.code())
                    .errorMessage("Attempt to describe a user credential that does not exist: " + user);
        }
        return described(user, credentials);
    }

    private static DescribeUserScramCredentialsResult described(
            String user, Map<ScramMechanism, ScramCredential> credentials) {
        DescribeUserScramCredentialsResult result = new DescribeUserScramCredentialsResult().user(user);
        credentials.forEach((mechanism, credential) -> result.credentialInfos()
                .add(new CredentialInfo().mechanism(mechanism.id()).iterations(credential.iterations())));
        return result;
    }

    @Override
    public DescribeUserScramCredentialsResponse errorResponse(
            DescribeUserScramCredentialsRequest request, short version, ErrorCode error, String message) {
        return new DescribeUserScramCredentialsResponse()
                .errorCode(error.code())
                .errorMessage(message);
    }
}
