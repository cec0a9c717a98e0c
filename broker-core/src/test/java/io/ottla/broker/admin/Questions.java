package io.ottla.broker.admin;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.protocol.ApiMessage;

/** What has been asked in a conversation, with the answers. */
final class Questions implements AutoCloseable {

    private final KafkaWire wire;
    private final long settleMs;
    private final Map<String, String> answers = new LinkedHashMap<>();

    /** Opens a connection to localhost; a change may take {@code settleMs} to be seen everywhere. */
    Questions(int port, long settleMs) throws IOException {
        wire = new KafkaWire("localhost", port);
        this.settleMs = settleMs;
    }

    /** Asks and notes the answer. */
    ApiMessage ask(String label, ApiMessage request, int version) throws IOException {
        ApiMessage answer = wire.call(request, version);
        if (answers.put(label + " v" + version, KafkaWire.text(answer, version)) != null) {
            throw new IllegalArgumentException("Asked twice: " + label);
        }
        return answer;
    }

    /** Asks what only prepares other questions. */
    ApiMessage call(ApiMessage request, int version) throws IOException {
        return wire.call(request, version);
    }

    void settle() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(settleMs));
    }

    Map<String, String> answers() {
        return answers;
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }
}
