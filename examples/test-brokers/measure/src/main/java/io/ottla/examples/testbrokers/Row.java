package io.ottla.examples.testbrokers;

import java.util.Locale;

/** A row of the table. What it says of snapshots is for the size that was asked for. */
enum Row {
    FIRST_START("start to the first acknowledged record, first test of a JVM", "ms"),
    SECOND_START("the same, second test of the JVM", "ms"),
    LATER_START("the same, a later test", "ms"),
    FIRST_READ("start to the first record read by a consumer group, a later test", "ms"),
    CLOSE("close, a later test", "ms"),
    RENEWED_TOPICS("10 topics as new: `reset()`; elsewhere deleted and created again", "ms"),
    ALL_NEW("everything as new: `reset()`; elsewhere close and start with 10 topics", "ms"),
    SNAPSHOT("snapshot of %d MB", "ms"),
    RESTORE("restore of it", "ms"),
    THREADS("threads of the broker", ""),
    HEAP("heap that is used by the broker, after a collection", "MB"),
    PROCESS("memory of the process (RSS) with the broker and a client", "MB");

    private final String label;
    private final String unit;

    Row(String label, String unit) {
        this.label = label;
        this.unit = unit;
    }

    String label(int snapshotSizeMb) {
        String text = String.format(Locale.ROOT, label, snapshotSizeMb);
        return unit.isEmpty() ? text : text + ", " + unit;
    }

    /** One decimal where it says something. */
    String text(double figure) {
        return String.format(Locale.ROOT, figure < 100 && !unit.isEmpty() ? "%.1f" : "%.0f", figure);
    }
}
