package io.ottla.examples.testbrokers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Figures by broker and row, and the table of their medians. */
final class Table {

    private final Map<String, Map<Row, List<Double>>> columns = new LinkedHashMap<>();

    /** Adds a column, even if it stays empty. */
    void addColumn(String name) {
        columns.computeIfAbsent(name, unused -> new TreeMap<>());
    }

    void add(String column, Row row, double figure) {
        columns.get(column).computeIfAbsent(row, unused -> new ArrayList<>()).add(figure);
    }

    /** In Markdown; where a broker has no figure there is a dash. */
    List<String> lines(int snapshotSizeMb) {
        List<String> lines = new ArrayList<>();
        lines.add(line("", columns.keySet().stream()));
        lines.add("| --- |" + " ---: |".repeat(columns.size()));
        for (Row row : Row.values()) {
            lines.add(line(
                    row.label(snapshotSizeMb),
                    columns.values().stream()
                            .map(figures -> figures.containsKey(row) ? row.text(median(figures.get(row))) : "-")));
        }
        return lines;
    }

    static String line(String label, Stream<String> cells) {
        return cells.collect(Collectors.joining(" | ", label.isEmpty() ? "| | " : "| " + label + " | ", " |"));
    }

    private static double median(List<Double> figures) {
        List<Double> sorted = figures.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
