import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Prepares the runnable jar for short starts, after what a start takes: runs a broker, lets it answer, and stops it, twice. The first time the
 * JVM says which classes it loads; they are kept in the jar as they are, for to inflate them is a twentieth of a start. The second time it
 * makes an archive of them; a broker that is started with {@code -XX:SharedArchiveFile=ottla.jsa} then maps these classes instead of
 * parsing and verifying them. The build runs this file as it is, {@code java PrepareStart.java ottla.jar ottla.jsa}.
 *
 * <p>Where processes cannot be told to end (Windows) there will be no archive; everything works without.
 */
public final class PrepareStart {

    private static final Pattern READY = Pattern.compile("is ready on localhost:(\\d+)");
    private static final int PATIENCE_SECONDS = 60;
    private static final short API_VERSIONS = 18;
    private static final short METADATA = 3;

    private PrepareStart() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path jar = Path.of(arguments[0]).toAbsolutePath();
        Path archive = Path.of(arguments[1]).toAbsolutePath();
        Files.deleteIfExists(archive);
        store(jar, loadedByStart(jar));
        run(jar, "-XX:ArchiveClassesAtExit=" + archive, "-Xlog:cds=off", "-Xlog:cds+dynamic=off");
        if (!Files.exists(archive)) {
            System.out.println("This JVM has made no class data archive; the broker starts without");
        }
    }

    /** The names in the jar of the classes and of the other files that a start reads. */
    private static Set<String> loadedByStart(Path jar) throws IOException, InterruptedException {
        Path list = Files.createTempFile("ottla-classes-", ".txt");
        Set<String> names = new HashSet<>();
        try {
            run(jar, "-Xlog:class+load=info:file=" + list + ":none");
            try (Stream<String> lines = Files.lines(list)) {
                lines.filter(line -> line.endsWith(jar.getFileName().toString()))
                        .map(line -> line.substring(0, line.indexOf(' ')).replace('.', '/') + ".class")
                        .forEach(names::add);
            }
        } finally {
            Files.delete(list);
        }
        names.add("io/ottla/broker/config/broker-keys.txt");
        names.add("META-INF/native/libnetty_transport_native_epoll_x86_64.so");
        names.add("META-INF/native/libnetty_transport_native_epoll_aarch_64.so");
        return names;
    }

    /** Has these entries of the jar uncompressed. */
    private static void store(Path jar, Set<String> names) throws IOException {
        Path rewritten = jar.resolveSibling(jar.getFileName() + ".tmp");
        try (ZipFile from = new ZipFile(jar.toFile());
                ZipOutputStream to = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(rewritten)))) {
            for (ZipEntry entry : Collections.list(from.entries())) {
                byte[] content = from.getInputStream(entry).readAllBytes();
                ZipEntry copy = new ZipEntry(entry);
                copy.setCompressedSize(-1L);
                if (names.contains(entry.getName())) {
                    copy.setMethod(ZipEntry.STORED);
                    copy.setCompressedSize(content.length);
                }
                to.putNextEntry(copy);
                to.write(content);
                to.closeEntry();
            }
        }
        Files.move(rewritten, jar, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Starts a broker, asks it, and stops it. */
    private static void run(Path jar, String... options) throws IOException, InterruptedException {
        Path data = Files.createTempDirectory("ottla-start-");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-jar", jar.toString(), "--override", "listeners=PLAINTEXT://localhost:0"));
        command.addAll(List.of("--override", "log.dirs=" + data));
        Process broker =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(broker.getInputStream(), StandardCharsets.UTF_8))) {
            ask(port(output));
            // Through its handle: the process itself would close the output that is still to be read.
            broker.toHandle().destroy();
            output.transferTo(Writer.nullWriter());
            if (!broker.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("The broker does not stop");
            }
        } finally {
            broker.destroyForcibly();
            delete(data);
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
