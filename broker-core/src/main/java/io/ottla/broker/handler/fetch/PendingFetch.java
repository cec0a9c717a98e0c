package io.ottla.broker.handler.fetch;

import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.fetch.FetchPartition.Outcome;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.time.TimerTask;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MemoryRecords;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.protocol.message.FetchResponse.FetchableTopicResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A fetch request from its first reading to its answer.
 *
 * <p>It reads on the event loop of its connection. If there is too little to answer it waits: appends count down what is
 * missing and call the event loop when it may be enough, the timer calls it when the client's patience ends. The readings
 * of a fetch never overlap, whoever calls.
 */
final class PendingFetch implements Runnable {

    private static final int READING = 0;
    private static final int WAITING = 1;
    private static final int CALLED = 2;
    private static final int DONE = 3;

    private static final short FIRST_VERSION_WITH_LEADER_HINT = 16;

    /** What an answer with one topic has beside its partitions. */
    private static final int ANSWER_SIZE_BYTES = 36;

    /** What a partition has in an answer beside its records. */
    private static final int PARTITION_ANSWER_SIZE_BYTES = 40;

    private final FetchEngine engine;
    private final RequestContext context;
    private final FetchTerms terms;
    private final FetchSession session;

    /** Whether all partitions are answered, not only those with news. */
    private final boolean full;

    /** Whether the session may last beyond this request. */
    private final boolean keepSession;

    private final int sessionEpoch;

    private final AtomicInteger state = new AtomicInteger(READING);
    private final AtomicLong missingBytes = new AtomicLong();
    private volatile boolean forced;
    private TimerTask timeout;
    private long readBytes;

    /** Whether the answer tells of leaders that the client should have asked. */
    private boolean ledElsewhere;

    PendingFetch(
            FetchEngine engine,
            RequestContext context,
            FetchTerms terms,
            FetchSession session,
            boolean full,
            boolean keepSession) {
        this.engine = engine;
        this.context = context;
        this.terms = terms;
        this.session = session;
        this.full = full;
        this.keepSession = keepSession;
        this.sessionEpoch = session.epoch();
    }

    /** Reads for the first time; answers or begins to wait. On the event loop. */
    void start() {
        FetchResponse response = null;
        boolean again = false;
        synchronized (session) {
            if (read() || terms.maxWaitMs() <= 0) {
                response = answer();
                finish();
            } else {
                again = beginWait();
            }
        }
        if (response != null) {
            context.respond(response);
        } else if (again) {
            call();
        }
    }

    /** @return whether something happened between the reading and the watching */
    private boolean beginWait() {
        dropReads();
        PendingFetch superseded = session.pending();
        session.pending(this);
        if (superseded != null) {
            superseded.force();
        }
        boolean moved = false;
        if (!session.isKept()) {
            session.watchAll();
            moved = hasMoved();
        }
        timeout = engine.timer().schedule(this::force, terms.maxWaitMs());
        engine.sessions().startWaiting(context.connection(), this);
        missingBytes.set(terms.minBytes() - readBytes);
        state.compareAndSet(READING, WAITING);
        return moved || forced || session.hasFlagged();
    }

    private boolean hasMoved() {
        FetchPartition p = session.listStart();
        for (int left = session.listedCount(); left > 0; left--, p = p.next) {
            if (engine.reader().hasMoved(p, terms)) {
                return true;
            }
        }
        return false;
    }

    /** Data came: perhaps enough. Any thread. */
    void appended(int sizeBytes) {
        if (missingBytes.addAndGet(-sizeBytes) <= 0) {
            call();
        }
    }

    /** Answers with what there is: the time is up, or a partition changed in a way that the client must hear of. Any thread. */
    void force() {
        forced = true;
        call();
    }

    private void call() {
        if (state.compareAndSet(WAITING, CALLED)) {
            context.execute(this);
        }
    }

    /** Reads again and answers if it is enough. On the event loop. */
    @Override
    public void run() {
        FetchResponse response = null;
        boolean again = false;
        synchronized (session) {
            if (!state.compareAndSet(CALLED, READING)) {
                return;
            }
            if (isSuperseded()) {
                response = new FetchResponse()
                        .errorCode(ErrorCode.INVALID_FETCH_SESSION_EPOCH.code())
                        .sessionId(session.id());
                finish();
            } else if (read() || forced) {
                response = answer();
                finish();
            } else {
                dropReads();
                missingBytes.set(terms.minBytes() - readBytes);
                state.set(WAITING);
                again = forced || session.hasFlagged();
            }
        }
        if (response != null) {
            context.respond(response);
        } else if (again) {
            call();
        }
    }

    /** Whether the client has sent a later request in the same session, without waiting for this one. */
    private boolean isSuperseded() {
        return session.isKept() && !session.isClosed() && session.epoch() != sessionEpoch;
    }

    /** The connection is gone: nobody waits any more. Any thread. */
    void cancel() {
        synchronized (session) {
            if (state.getAndSet(DONE) != DONE) {
                finish();
            }
        }
    }

    private void finish() {
        state.set(DONE);
        if (timeout != null) {
            timeout.cancel();
            engine.sessions().stopWaiting(context.connection(), this);
            if (session.pending() == this) {
                session.pending(null);
            }
        }
        if (!session.isKept()) {
            session.close();
        }
    }

    /**
     * Reads all partitions that may have something.
     *
     * @return whether the client should not wait: there is enough, or something that it must hear of
     */
    private boolean read() {
        session.listFlagged();
        int limitBytes = terms.maxBytes();
        boolean minOneBatch = true;
        boolean failed = false;
        int unknown = 0;
        readBytes = 0;
        FetchPartition p = session.listStart();
        for (int left = session.listedCount(); left > 0; left--) {
            FetchPartition following = p.next;
            engine.reader().read(p, terms, limitBytes, minOneBatch);
            Outcome outcome = p.outcome();
            if (outcome.sizeBytes > 0) {
                minOneBatch = false;
                limitBytes = Math.max(0, limitBytes - outcome.sizeBytes);
                readBytes += outcome.sizeBytes;
            } else if (outcome.unknown) {
                unknown++;
            } else if (outcome.error != ErrorCode.NONE || outcome.diverges() || outcome.redirects()) {
                failed = true;
            }
            if (!full && p.isAtRest()) {
                session.unlist(p);
            }
            p = following;
        }
        return failed || readBytes >= terms.minBytes() || unknown == session.partitionCount();
    }

    /** Gives back what was read, as it is not answered now. */
    private void dropReads() {
        if (readBytes > 0) {
            FetchPartition p = session.listStart();
            for (int left = session.listedCount(); left > 0; left--, p = p.next) {
                Outcome outcome = p.outcome();
                if (outcome.read != null) {
                    outcome.read.records().release();
                    outcome.read = null;
                }
            }
        }
    }

    private FetchResponse answer() {
        if (isThrottled()) {
            // An empty answer changes nothing in the session: what was read is read again when the client comes back.
            dropReads();
            return new FetchResponse().sessionId(session.isKept() ? session.id() : FetchSession.NO_SESSION_ID);
        }
        List<FetchableTopicResponse> topics = new ArrayList<>(full ? 4 : 1);
        FetchableTopicResponse topic = null;
        FetchPartition p = session.listStart();
        for (int left = session.listedCount(); left > 0; left--) {
            FetchPartition following = p.next;
            if (full || p.hasNews()) {
                if (topic == null || !isTopic(topic, p)) {
                    topic = new FetchableTopicResponse()
                            .topic(session.usesTopicIds() ? "" : p.topicName())
                            .topicId(p.topicId())
                            .partitions(new ArrayList<>(1));
                    topics.add(topic);
                }
                topic.partitions().add(partitionAnswer(p));
                p.sent();
                settle(p);
            }
            p = following;
        }
        FetchResponse response = new FetchResponse().responses(topics);
        if (ledElsewhere) {
            engine.addEndpoints(response, context.connection().listenerName());
        }
        if (session.isKept() || (keepSession && engine.sessions().keep(session, context.connection()))) {
            response.sessionId(session.id());
        }
        return response;
    }

    /** Whether a quota holds the client back; it then gets no records now (KIP-219). */
    private boolean isThrottled() {
        ClientQuotas quotas = engine.quotas();
        if (!quotas.limitsFetch() && !quotas.limitsRequests()) {
            return false;
        }
        if (!terms.isFromConsumer()) {
            return false;
        }
        String user = context.connection().userName();
        long sizeBytes = approximateSizeBytes();
        int throttleMs = quotas.recordFetch(user, context.clientId(), sizeBytes);
        context.throttle(throttleMs);
        if (throttleMs == 0 && context.settleTime() == 0) {
            return false;
        }
        quotas.unrecordFetch(user, context.clientId(), sizeBytes);
        return true;
    }

    /** The size that the answer will have, give or take what names and versions make of it. */
    private long approximateSizeBytes() {
        long sizeBytes = ANSWER_SIZE_BYTES + readBytes;
        FetchPartition p = session.listStart();
        for (int left = session.listedCount(); left > 0; left--, p = p.next) {
            if (full || p.hasNews()) {
                sizeBytes += PARTITION_ANSWER_SIZE_BYTES;
            }
        }
        return sizeBytes;
    }

    private boolean isTopic(FetchableTopicResponse topic, FetchPartition p) {
        return session.usesTopicIds()
                ? topic.topicId().equals(p.topicId())
                : topic.topic().equals(p.topicName());
    }

    private void settle(FetchPartition answered) {
        Outcome outcome = answered.outcome();
        boolean served = outcome.sizeBytes > 0;
        outcome.read = null;
        if (full) {
            return;
        }
        if (served) {
            session.moveToEnd(answered);
        } else if (answered.isAtRest()) {
            session.unlist(answered);
        }
    }

    private FetchResponse.PartitionData partitionAnswer(FetchPartition p) {
        Outcome outcome = p.outcome();
        FetchResponse.PartitionData answer = new FetchResponse.PartitionData()
                .partitionIndex(p.index())
                .errorCode(outcome.error.code())
                .highWatermark(outcome.highWatermark)
                .lastStableOffset(outcome.lastStableOffset)
                .logStartOffset(outcome.logStartOffset)
                .preferredReadReplica(outcome.preferredReplica)
                .records(outcome.read == null ? MemoryRecords.EMPTY : outcome.read.records());
        if (outcome.diverges()) {
            answer.divergingEpoch().epoch(outcome.divergingEpoch).endOffset(outcome.divergingEndOffset);
        }
        if (!outcome.unknown) {
            answer.abortedTransactions(
                    terms.readCommitted() && outcome.error == ErrorCode.NONE
                            ? AbortedTransactions.of(outcome.read)
                            : null);
        }
        boolean elsewhere =
                outcome.error == ErrorCode.NOT_LEADER_OR_FOLLOWER || outcome.error == ErrorCode.FENCED_LEADER_EPOCH;
        if (elsewhere && terms.version() >= FIRST_VERSION_WITH_LEADER_HINT && p.partition() != null) {
            ledElsewhere = true;
            answer.currentLeader()
                    .leaderId(p.partition().leader())
                    .leaderEpoch(p.partition().leaderEpoch());
        }
        return answer;
    }
}
