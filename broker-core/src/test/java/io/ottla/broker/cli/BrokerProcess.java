package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The runnable jar as a process. */
final class BrokerProcess extends RunningProcess {
    private static final Pattern READY = Pattern.compile("(?im)^.*\\bready\\b.*?(localhost:\\d+).*$");

    private BrokerProcess(List<String> arguments) throws IOException {
        // Enough for all that these tests do, and so for a small device.
        super(List.of("-Xmx64m", "-jar", jar()), arguments);
    }

    static String jar() {
        Path jar = Path.of(System.getProperty("ottla.jar", "target/ottla.jar"));
        assertTrue(Files.exists(jar), () -> jar.toAbsolutePath() + " is missing: these tests run after package");
        return jar.toString();
    }

    /** Starts a broker on a free port and waits until it is ready. Settings have the form {@code key=value}. */
    static BrokerProcess start(Path dataFolder, String... settings) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(
                "--override", "listeners=PLAINTEXT://localhost:0",
                "--override", "log.dirs=" + dataFolder,
                "--override", "node.id=1"));
        for (String setting : settings) {
            arguments.add("--override");
            arguments.add(setting);
        }
        BrokerProcess broker = run(arguments.toArray(new String[0]));
        try {
            broker.await("the broker is ready", () -> broker.ready().find());
        } catch (Throwable e) {
            broker.close();
            throw e;
        }
        return broker;
    }

    /** Starts the jar with these arguments and does not wait. */
    static BrokerProcess run(String... arguments) throws IOException {
        return new BrokerProcess(List.of(arguments));
    }

    String bootstrapServers() {
        Matcher ready = ready();
        assertTrue(ready.find(), () -> "not ready: " + this);
        return ready.group(1);
    }

    /** The line that says that the broker is ready. */
    String readyLine() {
        Matcher ready = ready();
        assertTrue(ready.find(), () -> "not ready: " + this);
        return ready.group();
    }

    private Matcher ready() {
        return READY.matcher(stdout() + stderr());
    }
}
