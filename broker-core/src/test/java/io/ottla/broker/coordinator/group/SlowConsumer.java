package io.ottla.broker.coordinator.group;

import io.ottla.protocol.ErrorCode;
import java.util.Set;

/** A client, and the assignment that it has heard of and not taken over yet. */
final class SlowConsumer {

    final ConsumerClient client;
    private Set<TopicIdPartition> heard;

    SlowConsumer(ConsumerClient client) {
        this.client = client;
    }

    /** Gives up and takes over what it has been told to. */
    void adopt() {
        if (heard != null) {
            client.owned = heard;
            client.hasNews = true;
            heard = null;
        }
    }

    /** Sends the heartbeat that is due; takes its time with the assignment in the answer. */
    ErrorCode beat() {
        Set<TopicIdPartition> reading = client.owned;
        ErrorCode error = client.beat();
        if (error == ErrorCode.NONE && client.hasHeard) {
            boolean differs = client.hasNews;
            // Back to what it has: it says so, for the coordinator may wait for that.
            client.hasNews = !differs && heard != null;
            heard = differs ? client.owned : null;
            client.owned = reading;
        }
        return error;
    }

    /** The answer gets lost; the client asks again and says everything. */
    void loseAnswer() {
        heard = null;
        client.send(client.epoch == 0 || client.hasNews ? client.fullRequest() : client.request(client.epoch));
        client.hasNews = true;
    }

    void abandon() {
        heard = null;
        client.abandon();
    }
}
