package io.ottla.examples.testbrokers;

/** A broker in the JVM of a test. Closed, it is gone. */
public interface TestBroker extends AutoCloseable {

    /** What some broker held at one moment. */
    interface Snapshot extends AutoCloseable {

        /** Brings it back. */
        void restore();

        @Override
        void close();
    }

    /** Where clients find it. */
    String bootstrapServers();

    /** Has the topics of the start as new, by the quickest way that it has with the broker running. */
    void renewTopics() throws Exception;

    /** Has everything as new, topics, groups and configurations: returns this broker, or the one that it has started in its place. */
    TestBroker renew() throws Exception;

    /** Whether it can make snapshots. */
    boolean canSnapshot();

    /** Makes a snapshot of all that it holds. */
    Snapshot snapshot();

    @Override
    void close();
}
