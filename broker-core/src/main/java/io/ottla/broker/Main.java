package io.ottla.broker;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.ConfigException;
import io.ottla.broker.network.SocketServer;
import io.ottla.broker.testing.Instruments;
import io.ottla.protocol.ApiException;
import io.ottla.storage.Clock;
import io.ottla.storage.StorageFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts a broker as a process of its own. See {@link CommandLine#USAGE}. */
public final class Main {

    private static final Logger LOG = LoggerFactory.getLogger(Main.class);
    private static final int EXIT_NOT_STARTED = 1;

    private Main() {}

    /**
     * Runs until the process is told to end; exits with 1 if the broker cannot be started. The exit code of {@code verify} is that
     * of {@link VerifyCommand}.
     */
    public static void main(String[] arguments) throws InterruptedException {
        loadLessOfNetty();
        if (run(arguments, System.out, System.err)) {
            // All threads of a broker are daemons; this one keeps the process until the signal.
            new CountDownLatch(1).await();
        }
    }

    /**
     * Leaves out of the start what a broker does not use: an allocator beside its own, the events that Netty has for the flight
     * recorder of the JVM, and what it would find out to give channels ids that differ between processes, and for libraries that differ
     * between distributions. What the command line sets stays. Here and not in the broker, since they are properties of the process.
     */
    private static void loadLessOfNetty() {
        setIfUnset("io.netty.allocator.type", "pooled");
        setIfUnset("io.netty.jfr.enabled", "false");
        setIfUnset("io.netty.processId", "1");
        setIfUnset("io.netty.machineId", "00:00:00:00:00:00:00:00");
        setIfUnset("io.netty.osClassifiers", "");
    }

    private static void setIfUnset(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /** Returns whether a broker runs now. */
    private static boolean run(String[] arguments, PrintStream out, PrintStream err) {
        int exitCode = EXIT_NOT_STARTED;
        try {
            if (arguments.length > 0 && arguments[0].equals("verify")) {
                exitCode = VerifyCommand.EXIT_NOT_VERIFIED;
            }
            CommandLine commandLine = CommandLine.parse(arguments);
            switch (commandLine.action()) {
                case HELP -> out.print(CommandLine.USAGE);
                case VERSION -> out.println("Ottla " + version());
                case VERIFY -> {
                    exitCode = VerifyCommand.run(commandLine.file(), out);
                    out.flush();
                    System.exit(exitCode);
                }
                case START -> {
                    start(commandLine);
                    return true;
                }
            }
            return false;
        } catch (CommandLine.UsageException | ConfigException | ApiException | IllegalStateException e) {
            // The last two: the disk refuses, or the metadata in the folder contradicts itself.
            err.println(e.getMessage());
        } catch (IOException e) {
            err.println(reason(e));
        } catch (UncheckedIOException e) {
            err.println(reason(e.getCause()));
        }
        err.flush();
        System.exit(exitCode);
        return false;
    }

    private static String reason(IOException e) {
        boolean saysPathOnly = e instanceof FileSystemException failure && failure.getReason() == null;
        return e.getMessage() == null || saysPathOnly ? e.toString() : e.getMessage();
    }

    private static void start(CommandLine commandLine) throws IOException {
        Thread loading = new Thread(SocketServer::loadAhead, "ottla-load");
        loading.setDaemon(true);
        loading.start();
        BrokerConfig config = BrokerConfig.of(commandLine.properties());
        if (commandLine.control() != null) {
            startControlled(commandLine, config);
            return;
        }
        Broker broker = Broker.start(
                config,
                Clock.system(),
                StorageFiles.system(),
                null,
                Map.of(),
                new Instruments(),
                LogbackLoggers.ofProcess());
        // Before the ready line: who waits for that line may send the signal as soon as it appears.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(broker), "ottla-stop"));
        ready(broker.bootstrapServers(), config);
    }

    /** With the end point for tests: then it is the broker that tests have, whose clock they move and whose state they take back. */
    private static void startControlled(CommandLine commandLine, BrokerConfig config) throws IOException {
        EmbeddedBroker broker = EmbeddedBroker.builder()
                .port(config.listeners().get(0).port()) // unless listeners are configured
                .configs(commandLine.properties())
                .config("log.dirs", String.join(",", config.logDirs()))
                .control(commandLine.control())
                .loggers(LogbackLoggers.ofProcess())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(broker), "ottla-stop"));
        LOG.info("Control is open to all who reach {}", broker.controlUri());
        ready(broker.bootstrapServers(), config);
    }

    private static void ready(String bootstrapServers, BrokerConfig config) {
        LOG.info(
                "Ottla {} is ready on {} after {} ms, data in {}",
                version(),
                bootstrapServers,
                ManagementFactory.getRuntimeMXBean().getUptime(),
                config.logDirs().stream()
                        .map(folder ->
                                Path.of(folder).toAbsolutePath().normalize().toString())
                        .collect(Collectors.joining(",")));
    }

    private static void stop(AutoCloseable broker) {
        LOG.info("Stopping");
        try {
            broker.close();
        } catch (Exception e) {
            LOG.error("The stop failed", e);
        }
        LOG.info("Stopped");
    }

    private static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "(not packaged)" : version;
    }
}
