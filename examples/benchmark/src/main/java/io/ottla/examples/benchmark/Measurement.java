package io.ottla.examples.benchmark;

import java.util.List;
import java.util.Map;

/** Something that can be measured at any broker. A new row of the table is a new measurement, or a figure more of one. */
interface Measurement {
    /** Lets Apache Kafka begin the first generation of a group at once, as Ottla does. */
    Map<String, String> NO_REBALANCE_DELAY = Map.of("group.initial.rebalance.delay.ms", "0");

    /** The rows that it fills. */
    List<Row> rows();

    /** What Apache Kafka is configured with for this measurement beyond what one node needs; Ottla always has its defaults. */
    default Map<String, String> kafkaSettings() {
        return Map.of();
    }

    /**
     * Warms the broker up, measures, and returns a figure for every row.
     *
     * @throws NotServedException if the broker does not offer what is measured
     */
    Map<Row, Double> measure(MeasuredBroker broker) throws Exception;

    /**
     * A line of the table.
     *
     * @param moreIsBetter whether a greater figure is the better one, which decides what the ratio divides by what
     */
    record Row(String what, String unit, boolean moreIsBetter) {
        static Row cost(String what, String unit) {
            return new Row(what, unit, false);
        }

        static Row rate(String what, String unit) {
            return new Row(what, unit, true);
        }
    }

    /** The broker does not offer what is measured. */
    final class NotServedException extends Exception {
        NotServedException(Throwable cause) {
            super(cause);
        }
    }
}
