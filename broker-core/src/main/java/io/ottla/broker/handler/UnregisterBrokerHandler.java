package io.ottla.broker.handler;

import io.ottla.broker.metadata.BrokerImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.UnregisterBrokerRecord;
import io.ottla.protocol.message.UnregisterBrokerRequest;
import io.ottla.protocol.message.UnregisterBrokerResponse;
import java.util.List;

/**
 * Forgets a broker that is gone. One that serves is not forgotten: Apache Kafka would do so, and be useless until its next start.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_UnregisterBroker">UnregisterBroker</a>
 */
public final class UnregisterBrokerHandler extends RequestHandler<UnregisterBrokerRequest> {

    private final MetadataStore store;

    public UnregisterBrokerHandler(MetadataStore store) {
        super(ApiKey.UNREGISTER_BROKER);
        this.store = store;
    }

    @Override
    public void handle(UnregisterBrokerRequest request, RequestContext context) {
        int id = request.brokerId();
        store.update(image -> {
            BrokerImage broker = image.broker(id);
            if (broker == null) {
                throw new ApiException(
                        ErrorCode.BROKER_ID_NOT_REGISTERED, "Broker ID " + id + " is not currently registered");
            }
            if (!broker.fenced()) {
                throw new ApiException(ErrorCode.INVALID_REQUEST, "Broker ID " + id + " serves; stop it first");
            }
            return List.of(new UnregisterBrokerRecord().brokerId(id).brokerEpoch(broker.epoch()));
        });
        CommittedAnswer.send(
                store::whenCommitted, this, request, context, new UnregisterBrokerResponse().errorMessage(null));
    }

    @Override
    public UnregisterBrokerResponse errorResponse(
            UnregisterBrokerRequest request, short version, ErrorCode error, String message) {
        return new UnregisterBrokerResponse().errorCode(error.code()).errorMessage(message);
    }
}
