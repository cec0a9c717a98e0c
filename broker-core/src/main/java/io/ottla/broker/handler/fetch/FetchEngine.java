package io.ottla.broker.handler.fetch;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.fetch.FetchTerms.Asker;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import java.util.HashSet;
import java.util.Set;

/** Finds the session of a fetch request and sets the request going in it. May be used on any thread. */
public final class FetchEngine {

    private static final short FIRST_VERSION_WITH_SESSIONS = 7;
    private static final short FIRST_VERSION_WITH_TOPIC_IDS = 13;
    private static final short FIRST_VERSION_WITH_REPLICA_STATE = 15;
    private static final short FIRST_VERSION_WITH_RACK = 11;

    /** The one class for {@code replica.selector.class} that Apache Kafka brings along, and that is known here. */
    private static final String RACK_AWARE = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

    private static final byte READ_UNCOMMITTED = 0;
    private static final byte READ_COMMITTED = 1;

    private final PartitionRegistry partitions;
    private final PartitionReader reader;
    private final FetchSessions sessions;
    private final BrokerTimer timer;
    private final int fetchMaxBytes;
    private final boolean rackAware;
    private final ClientQuotas quotas;

    /** @param config says how much an answer may have, whatever the client asks for, and who is sent to which replica */
    public FetchEngine(
            PartitionRegistry partitions,
            FetchSessions sessions,
            BrokerTimer timer,
            BrokerConfig config,
            ClientQuotas quotas) {
        this.partitions = partitions;
        this.reader = new PartitionReader(partitions);
        this.sessions = sessions;
        this.timer = timer;
        this.fetchMaxBytes = config.fetchMaxBytes();
        this.rackAware = RACK_AWARE.equals(config.text("replica.selector.class"));
        this.quotas = quotas;
    }

    PartitionReader reader() {
        return reader;
    }

    FetchSessions sessions() {
        return sessions;
    }

    ClientQuotas quotas() {
        return quotas;
    }

    BrokerTimer timer() {
        return timer;
    }

    /** Says where the leaders are that an answer names (KIP-951). */
    void addEndpoints(FetchResponse response, String listenerName) {
        Set<Integer> leaders = new HashSet<>();
        for (FetchResponse.FetchableTopicResponse topic : response.responses()) {
            for (FetchResponse.PartitionData answer : topic.partitions()) {
                int leader = answer.currentLeader().leaderId();
                Listener endpoint =
                        leader >= 0 && leaders.add(leader) ? partitions.endpoint(leader, listenerName) : null;
                if (endpoint != null) {
                    response.nodeEndpoints()
                            .add(new FetchResponse.NodeEndpoint()
                                    .nodeId(leader)
                                    .host(endpoint.host())
                                    .port(endpoint.port())
                                    .rack(partitions.rack(leader)));
                }
            }
        }
    }

    /** Answers the request, at once or when there is something to answer. */
    public void fetch(FetchRequest request, RequestContext context) {
        FetchTerms terms = terms(request, context);
        boolean knowsSessions = context.apiVersion() >= FIRST_VERSION_WITH_SESSIONS;
        int sessionId = knowsSessions ? request.sessionId() : FetchSession.NO_SESSION_ID;
        int epoch = knowsSessions ? request.sessionEpoch() : FetchSession.FINAL_EPOCH;
        PendingFetch fetch;
        if (epoch == FetchSession.INITIAL_EPOCH || epoch == FetchSession.FINAL_EPOCH) {
            FetchSession left = sessionId == FetchSession.NO_SESSION_ID ? null : sessions.find(sessionId);
            if (left != null) {
                sessions.remove(left);
            }
            fetch = startFull(request, context, terms, epoch == FetchSession.INITIAL_EPOCH);
        } else {
            FetchSession session = sessions.find(sessionId);
            if (session == null) {
                context.respond(new FetchResponse().errorCode(ErrorCode.FETCH_SESSION_ID_NOT_FOUND.code()));
                return;
            }
            fetch = continueSession(session, request, context, terms);
        }
        if (fetch != null) {
            fetch.start();
        }
    }

    private PendingFetch startFull(
            FetchRequest request, RequestContext context, FetchTerms terms, boolean keepSession) {
        FetchSession session = new FetchSession(terms.version() >= FIRST_VERSION_WITH_TOPIC_IDS, sessions.timeMs());
        session.start(request);
        return new PendingFetch(this, context, terms, session, true, keepSession);
    }

    private PendingFetch continueSession(
            FetchSession session, FetchRequest request, RequestContext context, FetchTerms terms) {
        ErrorCode error;
        synchronized (session) {
            error = sessionError(session, request.sessionEpoch(), terms.version());
            if (error == ErrorCode.NONE) {
                session.update(request, sessions.timeMs());
                if (session.partitionCount() > 0) {
                    return new PendingFetch(this, context, terms, session, false, false);
                }
            }
        }
        if (error != ErrorCode.NONE) {
            context.respond(new FetchResponse().errorCode(error.code()));
            return null;
        }
        sessions.remove(session);
        return startFull(request, context, terms, false);
    }

    private static ErrorCode sessionError(FetchSession session, int epoch, short version) {
        if (session.isClosed()) {
            return ErrorCode.FETCH_SESSION_ID_NOT_FOUND;
        }
        if (session.epoch() != epoch) {
            return ErrorCode.INVALID_FETCH_SESSION_EPOCH;
        }
        return session.usesTopicIds() == version >= FIRST_VERSION_WITH_TOPIC_IDS
                ? ErrorCode.NONE
                : ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR;
    }

    private FetchTerms terms(FetchRequest request, RequestContext context) {
        byte isolationLevel = request.isolationLevel();
        if (isolationLevel != READ_UNCOMMITTED && isolationLevel != READ_COMMITTED) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "Unknown isolation level " + isolationLevel);
        }
        int replicaId = context.apiVersion() >= FIRST_VERSION_WITH_REPLICA_STATE
                ? request.replicaState().replicaId()
                : request.replicaId();
        String rack =
                rackAware && context.apiVersion() >= FIRST_VERSION_WITH_RACK && replicaId < 0 ? request.rackId() : "";
        Asker asker = rack.isEmpty() && replicaId == Asker.CONSUMER.replicaId()
                ? Asker.CONSUMER
                : new Asker(replicaId, rack.isEmpty() ? null : rack);
        int maxBytes = Math.max(0, Math.min(request.maxBytes(), fetchMaxBytes));
        if (quotas.limitsFetch() && replicaId < 0) {
            maxBytes =
                    Math.min(maxBytes, quotas.maxFetchBytes(context.connection().userName(), context.clientId()));
        }
        return new FetchTerms(
                context.apiVersion(),
                context.connection().brokerId(),
                asker,
                request.maxWaitMs(),
                Math.min(request.minBytes(), maxBytes),
                maxBytes,
                isolationLevel == READ_COMMITTED);
    }
}
