package io.ottla.broker.junit;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Tests that were run inside a test.
 *
 * @param outcomes "passed" or the failure's text, by the names of methods, and of classes that failed
 * @param printed to System.err
 */
record LaunchedTests(Map<String, String> outcomes, String printed) {

    static final String PASSED = "passed";

    static LaunchedTests run(Class<?>... classes) {
        return run(Map.of(), classes);
    }

    static LaunchedTests inParallel(Class<?>... classes) {
        return run(
                Map.of(
                        "junit.jupiter.execution.parallel.enabled", "true",
                        "junit.jupiter.execution.parallel.mode.default", "concurrent",
                        "junit.jupiter.execution.parallel.config.strategy", "fixed",
                        "junit.jupiter.execution.parallel.config.fixed.parallelism", "4"),
                classes);
    }

    private static LaunchedTests run(Map<String, String> parameters, Class<?>... classes) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(List.of(classes).stream()
                        .map(DiscoverySelectors::selectClass)
                        .toList())
                .configurationParameters(parameters)
                .build();
        LauncherConfig config = LauncherConfig.builder()
                .enableTestExecutionListenerAutoRegistration(false)
                .enableLauncherSessionListenerAutoRegistration(false)
                .build();
        Map<String, String> outcomes = new ConcurrentHashMap<>();
        PrintStream before = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            LauncherFactory.create(config).execute(request, new TestExecutionListener() {
                @Override
                public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                    String name = test.getDisplayName().replace("()", "");
                    result.getThrowable().ifPresent(failure -> outcomes.put(name, failure.toString()));
                    if (test.isTest()) {
                        outcomes.putIfAbsent(name, PASSED);
                    }
                }
            });
        } finally {
            System.setErr(before);
        }
        return new LaunchedTests(new TreeMap<>(outcomes), printed.toString(StandardCharsets.UTF_8));
    }
}
