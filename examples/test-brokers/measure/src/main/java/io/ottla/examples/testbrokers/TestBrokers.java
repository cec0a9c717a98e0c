package io.ottla.examples.testbrokers;

import java.util.List;

/** A kind of broker for tests. Found by {@link java.util.ServiceLoader}. */
public interface TestBrokers {

    /** What the table calls it. */
    String name();

    /**
     * Starts one as a test would.
     *
     * @param topics topics of one partition, usable when it returns
     */
    TestBroker start(List<String> topics) throws Exception;
}
