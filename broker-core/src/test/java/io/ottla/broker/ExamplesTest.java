package io.ottla.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * The Java examples of the documentation and of the Javadoc compile: against what users see, so in a package of their own, with the names that
 * examples leave to their readers ({@code broker}, {@code producer}). Three dots stand for what is left out.
 */
class ExamplesTest {

    private static final Path REPOSITORY = Path.of("..");
    private static final Pattern LEFT_OUT = Pattern.compile("(?<![^\\s{])\\.\\.\\.(?=\\s|$)");
    private static final Pattern MEMBER =
            Pattern.compile("^\\s*(@\\w|(public |static |final )*(class|interface|record|enum) )");
    private static final Pattern OF_SPRING = Pattern.compile("@TestConfiguration|@SpringBootTest|@Bean");

    private static final String HEADER = """
            package example;
            import static org.junit.jupiter.api.Assertions.*;
            import io.ottla.broker.*;
            import io.ottla.broker.junit.*;
            import io.ottla.broker.testing.*;
            import io.ottla.broker.testing.fault.*;
            import io.ottla.broker.testing.journal.*;
            import io.ottla.protocol.*;
            import io.ottla.protocol.message.*;
            import java.time.*;
            import java.util.*;
            import java.util.concurrent.*;
            import org.apache.kafka.clients.admin.*;
            import org.apache.kafka.clients.consumer.*;
            import org.apache.kafka.clients.producer.*;
            import org.apache.kafka.common.serialization.*;
            import org.junit.jupiter.api.*;
            """;

    /** What examples leave to their readers. */
    private static final String NAMES = """
            EmbeddedBroker broker;
            Faults faults;
            Journal journal;
            Producer<String, String> producer;
            ProducerRecord<String, String> record;
            ProducerRecord<String, String> order;
            Instant yesterday;
            Map<String, String> cache;
            record Order(String id) {}
            record Billing(String bootstrapServers) {
                void start() {}
            }
            abstract static class OrderDeserializer implements Deserializer<Order> {}
            """;

    /** Some lines of Java in a file. */
    private record Example(Path file, int firstLine, String code) {

        /** What names the place of a line of the code, the first of which is 1. */
        String place(long line) {
            return file + ":" + (firstLine + line - 1);
        }
    }

    /** A source file that has the lines of an example behind those of its header. */
    private static final class Unit extends SimpleJavaFileObject {

        private static final int HEADER_LINES = (int) HEADER.lines().count() + 1;

        private final Example example;
        private final String source;

        private Unit(Example example, String name, String source) {
            super(URI.create("string:///example/" + name + ".java"), Kind.SOURCE);
            this.example = example;
            this.source = source;
        }

        static Unit of(Example example, String name) {
            String code = LEFT_OUT.matcher(example.code).replaceAll("");
            String type = "class " + name + " extends ExampleNames {";
            boolean isMember = MEMBER.matcher(code).lookingAt();
            return new Unit(
                    example,
                    name,
                    HEADER
                            + type
                            + (isMember ? "\n" : " void run() throws Exception {\n")
                            + code
                            + (isMember ? "}" : "}}"));
        }

        static Unit ofNames() {
            Example names = new Example(Path.of("names of ExamplesTest"), 1, NAMES);
            return new Unit(names, "ExampleNames", HEADER + "class ExampleNames {\n" + NAMES + "}");
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
        }

        String place(long line) {
            return example.place(line - HEADER_LINES);
        }
    }

    @Test
    void shouldCompile() throws IOException {
        List<Example> examples = new ArrayList<>(examplesOfPages());
        int ofPages = examples.size();
        examples.addAll(examplesOfJavadoc());
        assertTrue(
                ofPages >= 10 && examples.size() >= ofPages + 20, examples.size() + " examples, on pages " + ofPages);
        examples.removeIf(ExamplesTest::isOfSpring);

        List<Unit> units = new ArrayList<>(List.of(Unit.ofNames()));
        examples.forEach(example -> units.add(Unit.of(example, "Example" + units.size())));
        assertEquals("", String.join("\n", errorsIn(units)), "Examples that do not compile");
    }

    private static List<String> errorsIn(List<Unit> units) throws IOException {
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        List<String> options = List.of("-proc:none", "-classpath", System.getProperty("java.class.path"));
        JavacTask task =
                (JavacTask) ToolProvider.getSystemJavaCompiler().getTask(null, null, found, options, null, units);
        task.analyze();
        return found.getDiagnostics().stream()
                .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                .map(ExamplesTest::text)
                .toList();
    }

    private static String text(Diagnostic<? extends JavaFileObject> error) {
        String place = error.getSource() instanceof Unit unit ? unit.place(error.getLineNumber()) + ": " : "";
        return place + error.getMessage(Locale.ROOT);
    }

    @Test
    void shouldNameTheLineOfWhatDoesNotCompile() throws IOException {
        Example wrong = new Example(Path.of("page.md"), 40, "broker.reset();\nbroker.resett();\n");
        List<String> errors = errorsIn(List.of(Unit.ofNames(), Unit.of(wrong, "Wrong")));
        assertEquals(1, errors.size(), errors::toString);
        assertTrue(errors.get(0).startsWith("page.md:41: "), errors.get(0));
    }

    /** What needs Spring is compiled with the example that it is taken from. */
    @Test
    void shouldBeTakenFromARunningTestWhereTheyNeedSpring() throws IOException {
        Path folder = REPOSITORY.resolve("examples/spring-boot/src");
        StringBuilder compiled = new StringBuilder();
        for (Path file : files(folder, ".java")) {
            compiled.append(plain(Files.readString(file)));
        }
        for (Example example : examplesOfPages()) {
            if (isOfSpring(example)) {
                assertTrue(
                        compiled.indexOf(plain(example.code)) >= 0,
                        () -> example.place(1) + " is not what is in " + folder);
            }
        }
    }

    private static boolean isOfSpring(Example example) {
        return OF_SPRING.matcher(example.code).find();
    }

    /** Without comments and white space. */
    private static String plain(String code) {
        return code.replaceAll("//[^\n]*|(?s)/\\*.*?\\*/", "").replaceAll("\\s", "");
    }

    private static List<Example> examplesOfPages() throws IOException {
        List<Path> pages = new ArrayList<>(files(REPOSITORY.resolve("docs"), ".md"));
        pages.add(REPOSITORY.resolve("README.md"));
        List<Example> examples = new ArrayList<>();
        for (Path page : pages) {
            examples.addAll(examples(page, line -> line.equals("```java"), line -> line.equals("```"), ""));
        }
        return examples;
    }

    private static List<Example> examplesOfJavadoc() throws IOException {
        List<Example> examples = new ArrayList<>();
        for (String module : List.of("broker-protocol", "broker-storage", "broker-core")) {
            for (Path file : files(REPOSITORY.resolve(module).resolve("src/main/java"), ".java")) {
                examples.addAll(examples(
                        file,
                        line -> line.endsWith("* <pre>{@code"),
                        line -> line.endsWith("* }</pre>"),
                        "^\\s*\\* ?"));
            }
        }
        return examples;
    }

    @FunctionalInterface
    private interface Mark {
        boolean is(String line);
    }

    private static List<Example> examples(Path file, Mark begin, Mark end, String margin) throws IOException {
        List<Example> examples = new ArrayList<>();
        List<String> lines = Files.readAllLines(file);
        int first = -1;
        StringBuilder code = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (first < 0 && begin.is(line)) {
                first = i + 2;
                code.setLength(0);
            } else if (first >= 0 && end.is(line)) {
                examples.add(new Example(REPOSITORY.relativize(file), first, code.toString()));
                first = -1;
            } else if (first >= 0) {
                code.append(line.replaceFirst(margin, "")).append('\n');
            }
        }
        return examples;
    }

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }
}
