package io.ottla.examples.benchmark;

/** A broker under load. */
interface MeasuredBroker {
    /** Where it listens, as {@code host:port}. */
    String bootstrapServers();

    /** The CPU time, of all its threads, that the broker has used since its start. */
    long cpuNanos();
}
