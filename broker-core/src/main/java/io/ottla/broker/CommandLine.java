package io.ottla.broker;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;

/**
 * The arguments of {@link Main}.
 *
 * @param action what to do
 * @param file the configuration file, or null; the data folder for {@link Action#VERIFY}
 * @param overrides configuration keys and values that go before those of the file
 * @param control where tests in other languages may use the broker's powers; null for nowhere
 */
record CommandLine(Action action, Path file, Map<String, String> overrides, ControlEndpoint.Address control) {

    private static final String VERIFY = "verify";

    /** What {@code --help} prints. */
    static final String USAGE = """
            Usage: java -jar ottla.jar [server.properties] [--override key=value ...]
                   java -jar ottla.jar verify <data folder>

            Starts a broker that speaks the Kafka protocol. Without arguments it listens on localhost:9092
            and keeps its data in the folder ottla-data.

              server.properties        a configuration file with Apache Kafka's keys
              --override key=value     sets one key, before what the file says; may be repeated
              --control-port port      opens the HTTP end point for tests, on a free port if it is 0
              --control-host name      has it listen there and not on the loopback address: whoever can
                                       reach it may do everything
              --help                   prints this text
              --version                prints the version

            verify reads a data folder that no broker uses, changes nothing, and prints what in its files cannot
            be right. It exits with 0 if there is nothing, with 1 if there is something, and with 2 if the folder
            cannot be read or a broker uses it.
            """;

    /** What the process is asked to do. */
    enum Action {
        START,
        VERIFY,
        HELP,
        VERSION
    }

    /** The arguments cannot be understood; the message is for the user. */
    static final class UsageException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        UsageException(String message) {
            super(message + " (--help shows what is possible)");
        }
    }

    /** @throws UsageException if the arguments are none of those in {@link #USAGE} */
    static CommandLine parse(String... arguments) {
        if (arguments.length > 0 && arguments[0].equals(VERIFY)) {
            if (arguments.length != 2) {
                throw new UsageException("verify needs one data folder");
            }
            boolean help = arguments[1].equals("--help") || arguments[1].equals("-h");
            if (arguments[1].startsWith("-") && !help) {
                throw new UsageException("Unknown option " + arguments[1] + " of verify");
            }
            return new CommandLine(help ? Action.HELP : Action.VERIFY, Path.of(arguments[1]), Map.of(), null);
        }
        Path file = null;
        String controlHost = null;
        String controlPort = null;
        Map<String, String> overrides = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            switch (argument) {
                case "--help", "-h" -> {
                    return new CommandLine(Action.HELP, null, Map.of(), null);
                }
                case "--version" -> {
                    return new CommandLine(Action.VERSION, null, Map.of(), null);
                }
                case "--override" -> {
                    i++;
                    if (i == arguments.length) {
                        throw new UsageException("--override needs key=value");
                    }
                    addOverride(overrides, arguments[i]);
                }
                case "--control-port" -> controlPort = following(arguments, i++);
                case "--control-host" -> controlHost = following(arguments, i++);
                default -> {
                    if (argument.startsWith("--override=")) {
                        addOverride(overrides, argument.substring("--override=".length()));
                    } else if (argument.startsWith("-")) {
                        throw new UsageException("Unknown option " + argument);
                    } else if (file != null) {
                        throw new UsageException("More than one configuration file: " + file + " and " + argument);
                    } else {
                        file = Path.of(argument);
                    }
                }
            }
        }
        return new CommandLine(Action.START, file, overrides, control(controlHost, controlPort));
    }

    private static String following(String[] arguments, int index) {
        if (index + 1 == arguments.length) {
            throw new UsageException(arguments[index] + " needs a value");
        }
        return arguments[index + 1];
    }

    private static ControlEndpoint.Address control(String host, String port) {
        if (port == null) {
            if (host != null) {
                throw new UsageException("--control-host needs a --control-port, too");
            }
            return null;
        }
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
            throw new UsageException("--control-port needs a port, not " + port);
        }
        return new ControlEndpoint.Address(host, Integer.parseInt(port));
    }

    private static void addOverride(Map<String, String> overrides, String text) {
        int equals = text.indexOf('=');
        if (equals <= 0) {
            throw new UsageException("--override needs key=value, not " + text);
        }
        overrides.put(
                text.substring(0, equals).strip(), text.substring(equals + 1).strip());
    }

    /**
     * All configuration keys and values that were given.
     *
     * @throws IOException if the file cannot be read; the message names it
     */
    Map<String, String> properties() throws IOException {
        Map<String, String> all = new LinkedHashMap<>();
        if (file != null) {
            Properties properties = new Properties();
            try (Reader reader = Files.newBufferedReader(file)) {
                properties.load(reader);
            } catch (NoSuchFileException e) {
                throw new IOException("There is no configuration file " + file, e);
            } catch (IOException | IllegalArgumentException e) {
                throw new IOException("The configuration file " + file + " cannot be read: " + e.getMessage(), e);
            }
            for (String key : properties.stringPropertyNames()) {
                all.put(key, properties.getProperty(key).strip());
            }
        }
        all.putAll(overrides);
        return all;
    }
}
