package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.clients.Await;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** A Java process whose output goes to files; ended, at the latest, by {@link #close()}. */
class RunningProcess implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final String command;
    private final Path stdout;
    private final Path stderr;

    RunningProcess(List<String> jvmArguments, List<String> arguments) throws IOException {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(jvmArguments);
        words.addAll(arguments);
        command = String.join(" ", arguments);
        stdout = Files.createTempFile("ottla-process", ".out");
        stderr = Files.createTempFile("ottla-process", ".err");
        process = new ProcessBuilder(words)
                .redirectOutput(stdout.toFile())
                .redirectError(stderr.toFile())
                .start();
    }

    final long pid() {
        return process.pid();
    }

    /** What the process has printed so far. */
    final String stdout() {
        return read(stdout);
    }

    final String stderr() {
        return read(stderr);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Types a line. */
    final void type(String line) throws IOException {
        OutputStream stdin = process.getOutputStream();
        stdin.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        stdin.flush();
    }

    /** Waits for something that the process does; fails, with its output, when it ends without having done it. */
    final void await(String what, Callable<Boolean> condition) throws Exception {
        Await.until(() -> what + "; " + this, () -> {
            boolean alive = process.isAlive();
            boolean holds = condition.call();
            assertTrue(holds || alive, () -> "ended before: " + what + "; " + this);
            return holds;
        });
    }

    /** Ends the input, waits for the end of the process and returns its exit code. */
    final int exitCode() throws Exception {
        process.getOutputStream().close();
        assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), () -> "still running: " + this);
        return process.exitValue();
    }

    /** SIGTERM; returns the exit code. */
    final int terminate() throws Exception {
        process.destroy();
        return exitCode();
    }

    /** SIGKILL. */
    final void kill() {
        process.destroyForcibly()
                .onExit()
                .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                .join();
    }

    @Override
    public void close() throws IOException {
        kill();
        Files.deleteIfExists(stdout);
        Files.deleteIfExists(stderr);
    }

    @Override
    public String toString() {
        String state = process.isAlive() ? "running" : "ended with " + process.exitValue();
        return command + " (" + state + ")\n--- stdout\n" + stdout() + "--- stderr\n" + stderr();
    }
}
