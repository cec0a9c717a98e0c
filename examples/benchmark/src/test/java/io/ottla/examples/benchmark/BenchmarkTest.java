package io.ottla.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.examples.benchmark.Figures.Column;
import io.ottla.examples.benchmark.Measurement.NotServedException;
import io.ottla.examples.benchmark.Measurement.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether the benchmark works, not what it measures. */
class BenchmarkTest {
    private record EmbeddedMeasuredBroker(EmbeddedBroker broker) implements MeasuredBroker {
        @Override
        public String bootstrapServers() {
            return broker.bootstrapServers();
        }

        @Override
        public long cpuNanos() {
            return ProcessHandle.current()
                    .info()
                    .totalCpuDuration()
                    .orElseThrow()
                    .toNanos();
        }
    }

    @Test
    void shouldFillEveryRowThatTheBrokerServes() throws Exception {
        Options options =
                new Options(Path.of("any"), Path.of("any"), Pattern.compile(""), 1, Duration.ofMillis(100), 1, 1);
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            for (Measurement measurement : Benchmark.measurements(options)) {
                try {
                    Map<Row, Double> figures = measurement.measure(new EmbeddedMeasuredBroker(broker));
                    assertEquals(Set.copyOf(measurement.rows()), figures.keySet());
                    figures.forEach((row, figure) -> assertTrue(figure > 0, () -> row + ": " + figure));
                } catch (NotServedException e) {
                    assertTrue(measurement instanceof TransactionRate, () -> "not served: " + measurement.rows());
                }
            }
        }
    }

    @Test
    void shouldWriteTheMediansAsATable(@TempDir Path folder) throws Exception {
        Row cost = Row.cost("cost", "us");
        Row rate = Row.rate("rate", "per s");
        Figures figures = new Figures();
        for (double figure : new double[] {300, 100, 200}) {
            figures.add(Column.KAFKA, cost, figure);
        }
        figures.add(Column.OTTLA, cost, 12.34);
        figures.add(Column.KAFKA, rate, 10.0);
        figures.add(Column.OTTLA, rate, 25.0);
        figures.add(Column.KAFKA, Row.cost("none", "us"), 1.0);
        figures.notServed(Column.OTTLA, List.of(Row.cost("none", "us")));

        figures.write(folder);

        String plot = Files.readString(folder.resolve("results.svg"));
        assertTrue(plot.contains(">200 | 12.3 us</text>") && plot.contains(">10.0 | 25.0 per s</text>"), plot);
        assertTrue(plot.contains(">10 x</text>") && !plot.contains(">none</text>"), plot);
        assertEquals("""
                | | | Apache Kafka | Ottla | times better |
                | --- | --- | --- | --- | --- |
                | cost | us | 200 | 12.3 | 16.2 |
                | rate | per s | 10.0 | 25.0 | 2.50 |
                | none | us | 1.00 | not served | - |
                """, Files.readString(folder.resolve("results.md")));
        assertEquals(
                List.of(
                        "what\tunit\tkafka\tottla\ttimes better",
                        "cost\tus\t200\t12.3\t16.2",
                        "rate\tper s\t10.0\t25.0\t2.50",
                        "none\tus\t1.00\tnot served\t-"),
                Files.readAllLines(folder.resolve("results.tsv")));
    }

    @Test
    void shouldRefuseAnOptionThatItDoesNotKnow() {
        assertThrows(IllegalArgumentException.class, () -> Options.parse("--no", "1"));
        assertThrows(IllegalArgumentException.class, () -> Options.parse("--rounds"));
        assertThrows(IllegalArgumentException.class, () -> Options.parse("--rounds", "0"));
        assertEquals(3, Options.parse("--rounds", "3").rounds());
    }
}
