import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Makes the class data archive of the runnable jar: starts a broker, lets it answer, and stops it, while the JVM notes which classes
 * that takes. The build runs this file as it is, {@code java MakeClassArchive.java ottla.jar ottla.jsa}; a broker that is started with
 * {@code -XX:SharedArchiveFile=ottla.jsa} then maps these classes instead of parsing and verifying them.
 *
 * <p>Where processes cannot be told to end (Windows) there will be no archive; everything works without.
 */
public final class MakeClassArchive {

    private static final Pattern READY = Pattern.compile("is ready on localhost:(\\d+)");
    private static final int PATIENCE_SECONDS = 60;
    private static final short API_VERSIONS = 18;
    private static final short METADATA = 3;

    private MakeClassArchive() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path jar = Path.of(arguments[0]).toAbsolutePath();
        Path archive = Path.of(arguments[1]).toAbsolutePath();
        Files.deleteIfExists(archive);
        Path data = Files.createTempDirectory("ottla-archive-");
        Process broker = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:ArchiveClassesAtExit=" + archive,
                        "-Xlog:cds=off",
                        "-Xlog:cds+dynamic=off",
                        "-jar",
                        jar.toString(),
                        "--override",
                        "listeners=PLAINTEXT://localhost:0",
                        "--override",
                        "log.dirs=" + data))
                .redirectErrorStream(true)
                .start();
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(broker.getInputStream(), StandardCharsets.UTF_8))) {
            ask(port(output));
            // Through its handle: the process itself would close the output that is still to be read.
            broker.toHandle().destroy();
            output.transferTo(java.io.Writer.nullWriter());
            if (!broker.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("The broker does not stop");
            }
        } finally {
            broker.destroyForcibly();
            delete(data);
        }
        if (!Files.exists(archive)) {
            System.out.println("This JVM has made no class data archive; the broker starts without");
        }
    }

    private static int port(BufferedReader output) throws IOException {
        StringBuilder printed = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher ready = READY.matcher(line);
            if (ready.find()) {
                return Integer.parseInt(ready.group(1));
            }
            printed.append(line).append('\n');
        }
        throw new IOException("The broker has not started:\n" + printed);
    }

    /** Asks as clients begin: which versions there are, and for a topic, which is thereby created. */
    private static void ask(int port) throws IOException {
        try (Socket socket = new Socket("localhost", port)) {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            header(out, 10, API_VERSIONS, 0);
            answer(in);
            header(out, 10 + 4 + 2 + 1 + 1, METADATA, 4);
            out.writeInt(1);
            out.writeShort(1);
            out.writeByte('t');
            out.writeBoolean(true);
            answer(in);
        }
    }

    private static void header(DataOutputStream out, int sizeBytes, short apiKey, int apiVersion) throws IOException {
        out.writeInt(sizeBytes);
        out.writeShort(apiKey);
        out.writeShort(apiVersion);
        out.writeInt(0);
        out.writeShort(-1);
    }

    private static void answer(DataInputStream in) throws IOException {
        in.readNBytes(in.readInt());
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
