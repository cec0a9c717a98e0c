package io.ottla.examples.benchmark;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What the user may choose.
 *
 * @param ottlaJar the runnable jar of Ottla
 * @param folder where the table, and the output of the brokers, goes
 * @param only the measurements to take: those with a row whose text this is found in
 * @param rounds how often each broker is started and measured; the table has the medians
 * @param load how long a load runs, once to warm up and once to be measured
 * @param groups how many new groups a consumer joins per figure
 * @param topics how many topics there are where there are many
 */
record Options(Path ottlaJar, Path folder, Pattern only, int rounds, Duration load, int groups, int topics) {
    static final String USAGE = """
            Measures Ottla beside Apache Kafka.
              --ottla JAR      the runnable jar (default: ottla.jar)
              --out FOLDER     where results.md, .tsv and .svg go (default: benchmark)
              --only REGEX     take only the measurements with a row that this is found in
              --rounds N       starts of each broker; the table has the medians (default: 1)
              --seconds N      of each load, once to warm up and once to be measured (default: 8)
              --groups N       new groups per figure of the first record (default: 10)
              --topics N       topics where there are many (default: 2000)
            """;

    /** @throws IllegalArgumentException with a text for the user */
    static Options parse(String... arguments) {
        Map<String, String> values = new HashMap<>(Map.of(
                "--ottla", "ottla.jar",
                "--out", "benchmark",
                "--only", "",
                "--rounds", "1",
                "--seconds", "8",
                "--groups", "10",
                "--topics", "2000"));
        for (int i = 0; i < arguments.length; i += 2) {
            if (!values.containsKey(arguments[i]) || i + 1 == arguments.length) {
                throw new IllegalArgumentException("unknown, or without a value: " + arguments[i]);
            }
            values.put(arguments[i], arguments[i + 1]);
        }
        return new Options(
                Path.of(values.get("--ottla")).toAbsolutePath().normalize(),
                Path.of(values.get("--out")).toAbsolutePath().normalize(),
                Pattern.compile(values.get("--only")),
                positive(values.get("--rounds")),
                Duration.ofSeconds(positive(values.get("--seconds"))),
                positive(values.get("--groups")),
                positive(values.get("--topics")));
    }

    private static int positive(String number) {
        int value = Integer.parseInt(number);
        if (value <= 0) {
            throw new IllegalArgumentException("not positive: " + number);
        }
        return value;
    }
}
