package io.ottla.broker.clients;

import io.ottla.broker.EmbeddedBroker;
import java.nio.file.Path;
import java.util.Map;

/** The ways in which these tests start a broker. */
public final class TestBroker {
    private TestBroker() {}

    /** A broker with a free port and a throw-away data folder. */
    public static EmbeddedBroker start(Map<String, String> config) {
        return builder(config).start();
    }

    /** A broker on a data folder that outlives it. Port 0 takes a free one. */
    public static EmbeddedBroker start(Path dataFolder, int port, Map<String, String> config) {
        return builder(config).dataFolder(dataFolder).port(port).start();
    }

    private static EmbeddedBroker.Builder builder(Map<String, String> config) {
        // More than one, so that what connections owe each other goes from thread to thread, whatever the machine.
        EmbeddedBroker.Builder builder = EmbeddedBroker.builder().config("num.network.threads", "2");
        config.forEach(builder::config);
        return builder;
    }
}
