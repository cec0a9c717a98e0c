package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the broker has, and what it needs, on a class path. */
class ClassPathIT {

    private static final Pattern OF_TESTS =
            Pattern.compile("org/junit/|org/opentest4j/|org/apache/kafka/|io/ottla/broker/junit/");
    private static final Pattern BARE = Pattern.compile(
            "broker-core|broker-storage|broker-protocol|netty-|slf4j-api|re2j|zstd-jni|lz4-java|snappy-java");

    @Test
    void shouldHaveNothingOfTestsInTheRunnableJar() throws IOException {
        try (JarFile jar = new JarFile(BrokerProcess.jar())) {
            List<String> names = jar.stream().map(entry -> entry.getName()).collect(Collectors.toList());
            assertTrue(names.contains("io/ottla/broker/Main.class"), "the jar has the broker");
            assertEquals(
                    List.of(),
                    names.stream()
                            .filter(name -> OF_TESTS.matcher(name).lookingAt())
                            .toList());
        }
    }

    @Test
    void shouldBeEmbeddedWithoutJUnitAndWithoutABindingOfSlf4j() throws Exception {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String bare = Arrays.stream(all.split(File.pathSeparator))
                .filter(entry -> !entry.endsWith(".jar")
                        || BARE.matcher(Path.of(entry).getFileName().toString()).lookingAt())
                .collect(Collectors.joining(File.pathSeparator));
        Process program = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        bare,
                        BareProgram.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, program.waitFor(), output);
        assertTrue(output.endsWith("done" + System.lineSeparator()), output);
        // What slf4j says when nobody binds it; that the JVM really had no binding.
        assertTrue(output.contains("NOP"), output);
    }
}
