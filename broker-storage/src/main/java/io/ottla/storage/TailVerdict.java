package io.ottla.storage;

/**
 * What a segment's end means after a crash. One row for each state it can be in, and exactly one matches.
 *
 * <pre>
 *   fault | good data follows | the file ends early, or a sector of zeros | verdict
 *   ------+-------------------+-------------------------------------------+------------------------------------------------
 *   no    | no gap to it      | -                                         | WHOLE       nothing to do
 *   no    | behind a gap      | -                                         | GAP         batches are missing at the end: cut,
 *         |                   |                                           |             as a lost write leaves it
 *   yes   | no                | -, but the CRC fits                       | DAMAGED     a whole batch with an offset or epoch that
 *         |                   |                                           |             cannot be, which the CRC does not cover
 *   yes   | no                | -, the CRC does not fit                   | TORN_TAIL   the last write did not end: cut
 *   yes   | yes               | yes                                       | LOST_WRITE  a later write reached the device and
 *         |                   |                                           |             this one did not: cut
 *   yes   | yes               | no                                        | DAMAGED     no crash does that: stop
 * </pre>
 *
 * <p>Good data is a whole batch behind the fault in the same segment, or a later segment that is not empty. What is cut lies behind
 * the recovery point, so it was not on the device for sure; if it lay before it, the log would end too early, which
 * {@link LogRecovery} refuses.
 */
enum TailVerdict {
    WHOLE,
    GAP,
    TORN_TAIL,
    LOST_WRITE,
    DAMAGED;

    static TailVerdict of(SegmentScan scan, boolean laterSegmentHasData, boolean gapFollows) {
        if (scan.fault() == null) {
            return gapFollows ? GAP : WHOLE;
        }
        if (!scan.batchFollows() && !laterSegmentHasData) {
            return scan.isWholeBatch() ? DAMAGED : TORN_TAIL;
        }
        boolean lost = scan.hasHole() || (scan.isTorn() && !scan.batchFollows());
        return lost ? LOST_WRITE : DAMAGED;
    }

    boolean isCut() {
        return this == GAP || this == TORN_TAIL || this == LOST_WRITE;
    }

    /** Says in one line what is done, or throws. */
    void report(SegmentScan scan, LogSegment segment) throws LogDamageException {
        switch (this) {
            case WHOLE -> {}
            case DAMAGED ->
                throw new LogDamageException(
                        segment.path(LogFileNames.LOG),
                        scan.validBytes(),
                        scan.fault() + (scan.isWholeBatch() ? ", though its CRC fits" : ", and good batches follow"));
            case GAP, TORN_TAIL, LOST_WRITE ->
                StorageLog.LOG.warn(
                        "Cutting {} at position {} ({} of {} bytes stay), the log ends at offset {} now: {}",
                        segment.path(LogFileNames.LOG),
                        scan.validBytes(),
                        scan.validBytes(),
                        segment.sizeBytes(),
                        scan.nextOffset(),
                        this == GAP ? "the next segment begins later" : scan.fault());
        }
    }
}
