package io.ottla.examples.testbrokers;

import java.util.List;

/** A broker that can be started and closed, and no more. */
public abstract class RestartedBroker implements TestBroker {

    private final TestBrokers kind;
    private final List<String> topics;
    private TopicRenewal renewal;

    /** One whose topics are not there yet: {@link #createTopics}. */
    protected RestartedBroker(TestBrokers kind, List<String> topics) {
        this.kind = kind;
        this.topics = topics;
    }

    /** Stops it. */
    protected abstract void stop() throws Exception;

    /** Creates the topics of the start, for a broker that cannot do so itself. */
    public final void createTopics() throws Exception {
        renewal().create();
    }

    private TopicRenewal renewal() {
        if (renewal == null) {
            renewal = new TopicRenewal(bootstrapServers(), topics);
        }
        return renewal;
    }

    @Override
    public final void renewTopics() throws Exception {
        renewal().renew();
    }

    @Override
    public final TestBroker renew() throws Exception {
        close();
        return kind.start(topics);
    }

    @Override
    public final boolean canSnapshot() {
        return false;
    }

    @Override
    public final Snapshot snapshot() {
        throw new UnsupportedOperationException("no snapshots");
    }

    @Override
    public final void close() {
        if (renewal != null) {
            renewal.close();
        }
        try {
            stop();
        } catch (Exception e) {
            throw new IllegalStateException("The broker does not stop", e);
        }
    }
}
