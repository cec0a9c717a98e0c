package io.ottla.broker.junit;

/**
 * Which tests of a class share a broker.
 *
 * <pre>{@code
 * @OttlaTest(sharing = Sharing.SHARED)
 * class OrderedTest {}
 * }</pre>
 */
public enum Sharing {

    /**
     * All, one after the other: the broker is {@linkplain io.ottla.broker.EmbeddedBroker#reset reset} before each test. Tests that JUnit runs
     * at the same time would take each other's topics away; each of them has a broker of its own.
     */
    RESET_BETWEEN_TESTS,

    /**
     * All, and nothing is reset: a test finds what those before it, or beside it, have left. Tests keep apart by topics with names of their own,
     * see {@link Topic#name}. For classes whose tests build on each other, or on what {@code @BeforeAll} has prepared. Faults that never fired
     * fail the class, not a test.
     */
    SHARED,

    /** None: each test has a broker of its own, a new one. */
    ONE_PER_TEST
}
