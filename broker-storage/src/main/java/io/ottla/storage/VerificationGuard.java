package io.ottla.storage;

/**
 * The leave to append the first transactional records of a producer's transaction to a log (KIP-890).
 *
 * <p>Whoever wants to append them gets a guard from the log first, asks the transaction coordinator second, and appends with the guard
 * third. A marker that reaches the log in between takes the guard away: the coordinator's answer was about a transaction that is over,
 * and its records would stay open for ever.
 */
public final class VerificationGuard {

    /** For appends whose transaction nobody asks after: those of tests, and of a broker that was told not to ask. */
    public static final VerificationGuard UNCHECKED =
            new VerificationGuard(Short.MAX_VALUE, Integer.MAX_VALUE, false, 0L);

    private final boolean epochBump;
    private final long createdMs;
    private short epoch;
    private int lowestSequence;

    VerificationGuard(short epoch, int sequence, boolean epochBump, long createdMs) {
        this.epoch = epoch;
        this.lowestSequence = sequence;
        this.epochBump = epochBump;
        this.createdMs = createdMs;
    }

    /** Somebody else asks for the same producer meanwhile: of several first batches, the lowest must come first. */
    void askedAgain(short newEpoch, int sequence) {
        if (newEpoch > epoch || (newEpoch == epoch && sequence < lowestSequence)) {
            epoch = newEpoch;
            lowestSequence = sequence;
        }
    }

    /** Whether every transaction of the producer has an epoch of its own (transaction version 2). */
    boolean hasEpochBump() {
        return epochBump;
    }

    long createdMs() {
        return createdMs;
    }

    short epoch() {
        return epoch;
    }

    int lowestSequence() {
        return lowestSequence;
    }
}
