package io.ottla.broker.testing.journal;

import io.ottla.broker.handler.ConnectionContext;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.RequestInterceptor;
import io.ottla.broker.testing.parts.Part;
import io.ottla.broker.testing.parts.Parts;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.message.ProduceRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ConcurrentHashMap;

/** Writes requests, answers and connections into the journal. */
final class JournalInterceptor implements RequestInterceptor {

    private static final int MAX_PARTS = 8;

    private final Journal journal;

    /** By the id of the connection: when the requests under way were read. Each map belongs to the connection's event loop. */
    private final Map<Long, Map<RequestContext, Long>> startNanos = new ConcurrentHashMap<>();

    JournalInterceptor(Journal journal) {
        this.journal = journal;
    }

    @Override
    public void opened(ConnectionContext connection) {
        journal.connection(JournalEntry.Kind.CONNECTED, connection);
        follow(connection);
    }

    /** Notes the end of a connection; one that was there before the journal is met with its first request. */
    private Map<RequestContext, Long> follow(ConnectionContext connection) {
        Map<RequestContext, Long> known = startNanos.get(connection.id());
        if (known == null) {
            known = new HashMap<>();
            startNanos.put(connection.id(), known);
            connection.onClose(() -> {
                startNanos.remove(connection.id());
                journal.connection(JournalEntry.Kind.DISCONNECTED, connection);
            });
        }
        return known;
    }

    @Override
    public boolean beforeApply(RequestContext context, ApiMessage request, Runnable proceed) {
        boolean hasAnswer = !(request instanceof ProduceRequest produce) || produce.acks() != 0;
        Map<RequestContext, Long> underWay = follow(context.connection());
        if (hasAnswer) {
            underWay.put(context, journal.nanoTime());
        }
        journal.request(context, subject(request));
        return true;
    }

    private String subject(ApiMessage request) {
        StringJoiner subject = new StringJoiner(", ");
        int partCount = 0;
        for (Part part : journal.parts().of(request)) {
            if (partCount < MAX_PARTS) {
                subject.add(part.toString());
            }
            partCount++;
        }
        if (partCount > MAX_PARTS) {
            subject.add("and " + (partCount - MAX_PARTS) + " more");
        }
        Parts.groups(request).forEach(group -> subject.add("group " + group));
        Parts.transactionalIds(request).forEach(id -> subject.add("transactional id " + id));
        return subject.toString();
    }

    @Override
    public ApiMessage beforeWrite(RequestContext context, ApiMessage response) {
        Map<RequestContext, Long> underWay = startNanos.get(context.connection().id());
        Long readNanos = underWay == null ? null : underWay.remove(context);
        if (readNanos != null) {
            Parts parts = journal.parts();
            journal.answer(
                    context, AnswerContent.of(response, parts), parts.errors(response), journal.nanoTime() - readNanos);
        }
        return response;
    }
}
