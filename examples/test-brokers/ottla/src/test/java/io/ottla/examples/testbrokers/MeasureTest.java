package io.ottla.examples.testbrokers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Whether the measurement works, not what it measures. */
class MeasureTest {

    @Test
    void shouldFillEveryRow() throws Exception {
        TestBrokers ottla = ServiceLoader.load(TestBrokers.class).findFirst().orElseThrow();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new Measure(ottla, 1, 1, new PrintStream(out, true, StandardCharsets.UTF_8)).run();
        Set<Row> rows = out.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> Row.valueOf(line.substring(0, line.indexOf('\t'))))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Row.class)));
        // Only Linux says what a process has in memory.
        rows.add(Row.PROCESS);
        assertEquals(EnumSet.allOf(Row.class), rows);
    }

    @Test
    void shouldShowMediansAndADashWhereThereIsNothing() {
        Table table = new Table();
        table.addColumn("Ottla");
        table.addColumn("another");
        List.of(3.0, 1.0, 2.0).forEach(figure -> table.add("Ottla", Row.SNAPSHOT, figure));
        List.of(200.0, 100.0).forEach(figure -> table.add("another", Row.CLOSE, figure));
        List<String> lines = table.lines(100);
        assertEquals("| | Ottla | another |", lines.get(0));
        assertTrue(lines.contains("| snapshot of 100 MB, ms | 2.0 | - |"), lines::toString);
        assertTrue(lines.contains("| close, a later test, ms | - | 150 |"), lines::toString);
    }
}
