package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.tools.BrokerApiVersionsCommand;
import org.apache.kafka.tools.ClientMetricsCommand;
import org.apache.kafka.tools.ClusterTool;
import org.apache.kafka.tools.DeleteRecordsCommand;
import org.apache.kafka.tools.FeatureCommand;
import org.apache.kafka.tools.GetOffsetShell;
import org.apache.kafka.tools.LeaderElectionCommand;
import org.apache.kafka.tools.LogDirsCommand;
import org.apache.kafka.tools.MetadataQuorumCommand;
import org.apache.kafka.tools.TopicCommand;
import org.apache.kafka.tools.reassign.ReassignPartitionsCommand;

/** Runs command lines of Apache Kafka's tools in this JVM and writes down what they print, with what differs from run to run masked. */
final class Transcript {

    /** The test's logging goes to stdout as well. */
    private static final Pattern LOG_OR_TRACE = Pattern.compile(
            "^(\\d\\d:\\d\\d:\\d\\d\\.\\d{3} [A-Z]|\\s+at |Caused by|\\s+\\.\\.\\. \\d+ more|.* main ERROR Found configuration file)");

    private final String server;
    private final Path folder;
    private final Map<String, String> files;

    /** What happens between commands. */
    @FunctionalInterface
    interface Events {

        /** Brings an event about. */
        void happen(String event) throws Exception;
    }

    private interface Main {
        void run(String... arguments) throws Exception;
    }

    /**
     * @param server what stands for {@code <broker>}
     * @param folder where to put the files
     * @param files the contents of the files that command lines name
     */
    Transcript(String server, Path folder, Map<String, String> files) throws IOException {
        this.server = server;
        this.folder = folder;
        this.files = files;
        for (Map.Entry<String, String> file : files.entrySet()) {
            Files.writeString(path(file.getKey()), file.getValue());
        }
    }

    /** What is kept beside this class: lines with $ are commands, with ! events, with # headlines, the others what was printed. */
    static String load(String resource) throws IOException {
        try (InputStream in = Transcript.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** As {@link #play(String)}, where things happen in between. */
    String play(String resource, Events events) throws Exception {
        StringBuilder played = new StringBuilder();
        for (String line : load(resource).lines().toList()) {
            if (line.startsWith("! ")) {
                played.append(line).append("\n\n");
                events.happen(line.substring(2));
            } else {
                add(line, played);
            }
        }
        Files.writeString(Path.of("target", resource), played);
        return played.toString().strip();
    }

    private void add(String line, StringBuilder played) {
        if (line.startsWith("#")) {
            played.append(line).append("\n\n");
        } else if (line.startsWith("$ ")) {
            played.append(line).append('\n').append(run(line.substring(2))).append("\n\n");
        }
    }

    /** Runs the commands of a transcript and returns it anew. A copy of it goes to the build's folder, to be taken over from there. */
    String play(String resource) throws IOException {
        return play(resource, resource);
    }

    String play(String resource, String copy) throws IOException {
        StringBuilder played = new StringBuilder();
        for (String line : load(resource).lines().toList()) {
            add(line, played);
        }
        Files.writeString(Path.of("target", copy), played);
        return played.toString().strip();
    }

    private static Main main(String tool) {
        return switch (tool) {
            case "broker-api-versions" -> BrokerApiVersionsCommand::main;
            case "client-metrics" -> ClientMetricsCommand::main;
            case "cluster" -> ClusterTool::main;
            case "configs" -> Transcript::configs;
            case "delete-records" -> DeleteRecordsCommand::main;
            case "features" -> FeatureCommand::main;
            case "get-offsets" -> GetOffsetShell::main;
            case "leader-election" -> LeaderElectionCommand::main;
            case "log-dirs" -> LogDirsCommand::main;
            case "metadata-quorum" -> MetadataQuorumCommand::main;
            case "reassign-partitions" -> ReassignPartitionsCommand::main;
            case "topics" -> TopicCommand::main;
            default -> throw new IllegalArgumentException("No tool " + tool);
        };
    }

    /** The one tool that is in Scala and on the class path in the profile {@code kafka-answers} only; Scala keeps a stdout of its own. */
    private static void configs(String... arguments) throws Exception {
        Method main = Class.forName("kafka.admin.ConfigCommand").getMethod("main", String[].class);
        Class<?> function = Class.forName("scala.Function0");
        Object call =
                Proxy.newProxyInstance(function.getClassLoader(), new Class<?>[] {function}, (proxy, method, args) -> {
                    if (!method.getName().equals("apply")) {
                        throw new UnsupportedOperationException(method.getName());
                    }
                    try {
                        return main.invoke(null, (Object) arguments);
                    } catch (java.lang.reflect.InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        Class.forName("scala.Console")
                .getMethod("withOut", java.io.OutputStream.class, function)
                .invoke(null, System.out, call);
    }

    private Path path(String name) {
        return folder.resolve(name.substring(1, name.length() - 1));
    }

    /** What a command prints, as a transcript has it. */
    String run(String command) {
        String line = command.replace("<broker>", server);
        for (String file : files.keySet()) {
            line = line.replace(file, path(file).toString());
        }
        int space = line.indexOf(' ');
        String printed =
                print(main(line.substring(0, space)), line.substring(space + 1).split(" ", -1));
        return masked(printed.replace(server, "<broker>").replace(folder.toString(), "<folder>"));
    }

    private static String masked(String text) {
        return Tool.masked(text.replace('\t', ' '))
                .replaceAll("Cluster ?I[Dd]: [\\w-]{22}", "ClusterId: <id>")
                .replaceAll("\"directoryId\": \"[\\w-]{22}\"", "\"directoryId\": <id>")
                .replaceAll("directoryId=(?!AAAA)[\\w-]{22}", "directoryId=<id>")
                .replaceAll("HighWatermark: \\d+", "HighWatermark: <offset>")
                .replaceAll("(?m)^1 [\\w-]{22} \\d+ 0 \\d+ \\d+ Leader", "1 <id> <offset> 0 <time> <time> Leader")
                .replaceAll(
                        "(?m)^1 [\\w-]{22} \\d+ 0 \\d+ ms ago \\d+ ms ago Leader",
                        "1 <id> <offset> 0 <ago> <ago> Leader")
                .replaceAll("localhost:\\d+", "localhost:<port>")
                .replaceAll("(?m)^(\\d) localhost \\d+", "$1 localhost <port>")
                .replaceAll("(?<=[\\[,])\"/[^\"]+\"(?=[\\],])", "<folder>")
                .replaceAll("\"logDir\":\"(?!<folder>)[^\"]+\"", "\"logDir\":<folder>");
    }

    private static String print(Main main, String... arguments) {
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream both = new PrintStream(printed, true, StandardCharsets.UTF_8);
        System.setOut(both);
        System.setErr(both);
        List<Integer> exitCodes = new ArrayList<>();
        Exit.setExitProcedure((status, message) -> {
            exitCodes.add(status);
            throw new ToolExit(status);
        });
        try {
            main.run(arguments);
        } catch (ToolExit e) {
            assertEquals(e.status, exitCodes.get(exitCodes.size() - 1));
        } catch (java.lang.reflect.InvocationTargetException e) {
            assertEquals(ToolExit.class, e.getCause().getClass());
        } catch (Exception e) {
            both.println(e);
        } finally {
            System.setErr(stderr);
            Exit.resetExitProcedure();
            System.setOut(stdout);
        }
        // Some tools catch whatever is thrown here, and exit once more.
        if (!exitCodes.isEmpty() && exitCodes.get(0) != 0) {
            both.println("exit code " + exitCodes.get(0));
        }
        String exit = ToolExit.class.getName();
        return printed.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.isBlank()
                        && !line.contains(exit)
                        && !line.equals("the tool exits")
                        && !LOG_OR_TRACE.matcher(line).find())
                .collect(Collectors.joining("\n"));
    }

    private static final class ToolExit extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final int status;

        ToolExit(int status) {
            super("the tool exits", null, false, false);
            this.status = status;
        }
    }
}
