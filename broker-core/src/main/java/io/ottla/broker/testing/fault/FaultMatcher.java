package io.ottla.broker.testing.fault;

import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.testing.parts.Part;
import io.ottla.broker.testing.parts.Parts;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.MetadataRequest;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Which requests a fault is about. Built by one thread, then only read. */
final class FaultMatcher {

    private static final int ANY = -1;

    /** Empty for all. */
    private final Set<ApiKey> apiKeys = EnumSet.noneOf(ApiKey.class);

    private NamePattern topic;
    private int partition = ANY;
    private NamePattern client;
    private NamePattern group;
    private NamePattern transactionalId;
    private int lowestVersion = ANY;
    private int highestVersion = Short.MAX_VALUE;
    private String listener;
    private int brokerId = ANY;
    private Predicate<ApiMessage> condition;

    void apiKeys(List<ApiKey> keys) {
        apiKeys.addAll(keys);
    }

    void topic(String name) {
        topic = new NamePattern(name);
    }

    void partition(int index) {
        partition = index;
    }

    void client(String clientId) {
        client = new NamePattern(clientId);
    }

    void group(String groupId) {
        group = new NamePattern(groupId);
    }

    void transactionalId(String id) {
        transactionalId = new NamePattern(id);
    }

    void versions(int lowest, int highest) {
        lowestVersion = lowest;
        highestVersion = highest;
    }

    void listener(String name) {
        listener = name;
    }

    void broker(int id) {
        brokerId = id;
    }

    void condition(Predicate<ApiMessage> predicate) {
        condition = condition == null ? predicate : condition.and(predicate);
    }

    boolean matches(RequestContext context, ApiMessage request, FaultHost host) {
        return (apiKeys.isEmpty() || apiKeys.contains(context.apiKey()))
                && context.apiVersion() >= lowestVersion
                && context.apiVersion() <= highestVersion
                && (client == null || client.matches(context.clientId()))
                && (listener == null
                        || listener.equalsIgnoreCase(context.connection().listenerName()))
                && (brokerId == ANY || brokerId == context.connection().brokerId())
                && (group == null || Parts.groups(request).stream().anyMatch(group::matches))
                && (transactionalId == null
                        || Parts.transactionalIds(request).stream().anyMatch(transactionalId::matches))
                && matchesParts(request, host)
                && (condition == null || condition.test(request));
    }

    private boolean matchesParts(ApiMessage request, FaultHost host) {
        if (topic == null && partition == ANY) {
            return true;
        }
        if (request instanceof MetadataRequest metadata && metadata.topics() == null) {
            return partition == ANY; // asks for all topics
        }
        return parts(request, host).stream().anyMatch(this::matches);
    }

    /** What the request asks for, be it that it names it or its fetch session holds it. */
    private static Set<Part> parts(ApiMessage request, FaultHost host) {
        return request instanceof FetchRequest fetch
                ? host.parts().of(new FetchRequest().topics(host.fetchSessions().topics(fetch)))
                : host.parts().of(request);
    }

    /** Whether a part of a matching request is what the fault is about. */
    boolean matches(Part part) {
        return (topic == null || topic.matches(part.topic())) && (partition == ANY || part.partition() == partition);
    }

    /** Whether it goes by topics or partitions. */
    boolean isAboutParts() {
        return topic != null || partition != ANY;
    }

    /** What of a matching request the fault is about; null for all of it. */
    Parts.Choice choice() {
        NamePattern owner = group == null ? transactionalId : group;
        if (!isAboutParts() && owner == null) {
            return null;
        }
        return new Parts.Choice(isAboutParts() ? this::matches : null, owner == null ? null : owner::matches);
    }

    @Override
    public String toString() {
        List<String> words = new ArrayList<>();
        words.add(
                apiKeys.isEmpty()
                        ? "any request"
                        : apiKeys.stream().map(ApiKey::name).collect(Collectors.joining(", ")));
        if (lowestVersion != ANY) {
            words.add(
                    lowestVersion == highestVersion
                            ? "version " + lowestVersion
                            : "versions " + lowestVersion + " to " + highestVersion);
        }
        add(words, "of topic ", topic);
        add(words, "partition ", partition == ANY ? null : partition);
        add(words, "of group ", group);
        add(words, "of transactional id ", transactionalId);
        add(words, "by client ", client);
        add(words, "on listener ", listener);
        add(words, "at broker ", brokerId == ANY ? null : brokerId);
        add(words, "", condition == null ? null : "with a condition");
        return String.join(" ", words);
    }

    private static void add(List<String> words, String label, Object value) {
        if (value != null) {
            words.add(label + value);
        }
    }
}
