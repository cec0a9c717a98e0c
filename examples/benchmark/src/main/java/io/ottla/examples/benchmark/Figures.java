package io.ottla.examples.benchmark;

import io.ottla.examples.benchmark.Measurement.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;

/** What was measured so far, as a table. A row has the medians of what was measured for it. */
final class Figures {
    enum Column {
        KAFKA("Apache Kafka"),
        OTTLA("Ottla");

        final String title;

        Column(String title) {
            this.title = title;
        }
    }

    private static final String NOT_SERVED = "not served";

    private final Map<Row, Map<Column, List<Double>>> rows = new LinkedHashMap<>();

    void add(Column column, Row row, double figure) {
        cell(column, row).add(figure);
    }

    /** Shows that the broker does not offer what these rows are about. */
    void notServed(Column column, List<Row> served) {
        served.forEach(row -> cell(column, row));
    }

    private List<Double> cell(Column column, Row row) {
        return rows.computeIfAbsent(row, any -> new LinkedHashMap<>())
                .computeIfAbsent(column, any -> new ArrayList<>());
    }

    private OptionalDouble figure(Row row, Column column) {
        List<Double> figures = rows.get(row).getOrDefault(column, List.of());
        return figures.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(median(figures));
    }

    /** The middle one, or the mean of the two in the middle. */
    static double median(List<Double> figures) {
        List<Double> sorted = figures.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** How many times better Ottla is: above 1 where it costs less or does more. */
    private OptionalDouble ratio(Row row) {
        OptionalDouble kafka = figure(row, Column.KAFKA);
        OptionalDouble ottla = figure(row, Column.OTTLA);
        if (kafka.isEmpty() || ottla.isEmpty()) {
            return OptionalDouble.empty();
        }
        double ratio = kafka.getAsDouble() / ottla.getAsDouble();
        return OptionalDouble.of(row.moreIsBetter() ? 1 / ratio : ratio);
    }

    String markdown() {
        return table(
                cells -> "| " + String.join(" | ", cells) + " |\n",
                "| --- | --- | --- | --- | --- |\n",
                "| | | " + Column.KAFKA.title + " | " + Column.OTTLA.title + " | times better |\n");
    }

    private String tabSeparated() {
        return table(cells -> String.join("\t", cells) + "\n", "", "what\tunit\tkafka\tottla\ttimes better\n");
    }

    private String table(Function<List<String>, String> line, String rule, String head) {
        StringBuilder table = new StringBuilder(head).append(rule);
        for (Row row : rows.keySet()) {
            table.append(line.apply(List.of(
                    row.what(),
                    row.unit(),
                    text(figure(row, Column.KAFKA), NOT_SERVED),
                    text(figure(row, Column.OTTLA), NOT_SERVED),
                    text(ratio(row), "-"))));
        }
        return table.toString();
    }

    /** Three significant digits or all that are before the point. */
    private static String text(OptionalDouble figure, String absent) {
        if (figure.isEmpty()) {
            return absent;
        }
        double value = figure.getAsDouble();
        int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    private String plot() {
        RatioPlot plot = new RatioPlot("How many times better Ottla is than Apache Kafka");
        for (Row row : rows.keySet()) {
            ratio(row)
                    .ifPresent(ratio -> plot.add(new RatioPlot.Bar(
                            row.what(),
                            text(figure(row, Column.KAFKA), NOT_SERVED) + " | "
                                    + text(figure(row, Column.OTTLA), NOT_SERVED) + " " + row.unit(),
                            ratio)));
        }
        return plot.svg();
    }

    /** Writes {@code results.md}, {@code results.tsv}, and {@code results.svg} with the ratios. */
    void write(Path folder) throws IOException {
        Files.writeString(folder.resolve("results.svg"), plot());
        Files.writeString(folder.resolve("results.md"), markdown());
        Files.writeString(folder.resolve("results.tsv"), tabSeparated());
    }
}
