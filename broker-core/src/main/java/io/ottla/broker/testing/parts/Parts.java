package io.ottla.broker.testing.parts;

import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FindCoordinatorRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What a request or an answer is about, whichever API it belongs to: topics and partitions, groups, transactional ids, error codes. It goes
 * by the names that Apache Kafka's schemas give to fields. Thread-safe.
 */
public final class Parts {

    private static final byte GROUP_KEY_TYPE = 0;
    private static final byte TRANSACTION_KEY_TYPE = 1;

    /** What a fetch leaves out from now on is not what it asks for. */
    private static final String FORGOTTEN = "forgottenTopicsData";

    private static final Set<String> TOPIC_NAMES = Set.of("topicNames", "subscribedTopicNames");

    private final Function<Uuid, String> topicNames;

    /** @param topicNames the name of a topic by its id, or null if there is none */
    public Parts(Function<Uuid, String> topicNames) {
        this.topicNames = topicNames;
    }

    /** The topics and partitions that a message names, in the order of the message. */
    public Set<Part> of(ApiMessage message) {
        Set<Part> found = new LinkedHashSet<>();
        collect(message, found);
        return found;
    }

    private void collect(Object structure, Set<Part> found) {
        TopicKey key = Fields.topicKey(structure);
        if (key != null) {
            addTopic(structure, nameOf(key), found);
            return;
        }
        for (Fields.Field list : Fields.of(structure).lists()) {
            if (list.name().equals(FORGOTTEN)) {
                continue;
            }
            for (Object element : list.elements(structure)) {
                if (Fields.isStructure(element)) {
                    collect(element, found);
                } else if (TOPIC_NAMES.contains(list.name())) {
                    found.add(new Part((String) element, Part.NO_PARTITION));
                }
            }
        }
    }

    private static void addTopic(Object topic, String name, Set<Part> found) {
        boolean hasPartitions = false;
        for (Fields.Field list : Fields.of(topic).lists()) {
            for (Object element : list.elements(topic)) {
                int partition = partitionOf(list, element);
                if (partition >= 0) {
                    hasPartitions = true;
                    found.add(new Part(name, partition));
                }
            }
        }
        if (!hasPartitions) {
            found.add(new Part(name, Fields.partition(topic)));
        }
    }

    /** The partition that an element of a topic's list stands for, or -1. */
    private static int partitionOf(Fields.Field list, Object element) {
        if (element instanceof Integer index) {
            return list.name().startsWith("partition") ? index : Part.NO_PARTITION;
        }
        return Fields.isStructure(element) ? Fields.partition(element) : Part.NO_PARTITION;
    }

    /** The name of a topic that a message names so, or by its id; the id's text if nobody knows a name for it. */
    public String topicName(String name, Uuid id) {
        return name == null || name.isEmpty() ? nameOf(new TopicKey(null, id)) : name;
    }

    private String nameOf(TopicKey key) {
        if (key.name() != null) {
            return key.name();
        }
        String known = topicNames.apply(key.id());
        return known == null ? key.id().toString() : known;
    }

    /** The groups that a request names. */
    public static Set<String> groups(ApiMessage request) {
        Set<String> found = new LinkedHashSet<>();
        if (request instanceof FindCoordinatorRequest find) {
            addCoordinatorKeys(find, GROUP_KEY_TYPE, found);
        } else {
            addStrings(request, found, List.of("groupId", "groupIds", "groups", "groupsNames"));
        }
        return found;
    }

    /** The transactional ids that a request names. */
    public static Set<String> transactionalIds(ApiMessage request) {
        Set<String> found = new LinkedHashSet<>();
        if (request instanceof FindCoordinatorRequest find) {
            addCoordinatorKeys(find, TRANSACTION_KEY_TYPE, found);
        } else {
            addStrings(
                    request,
                    found,
                    List.of("transactionalId", "transactionalIds", "v3AndBelowTransactionalId", "transactions"));
        }
        return found;
    }

    private static void addCoordinatorKeys(FindCoordinatorRequest request, byte keyType, Set<String> found) {
        if (request.keyType() == keyType) {
            add(request.key(), found);
            request.coordinatorKeys().forEach(key -> add(key, found));
        }
    }

    /** Strings in fields of these names; of structures in such a list, those in the first of these fields. */
    private static void addStrings(Object structure, Set<String> found, List<String> names) {
        for (String name : names) {
            add(Fields.value(structure, String.class, name), found);
            List<?> elements = Fields.value(structure, List.class, name);
            for (Object element : elements == null ? List.of() : elements) {
                if (element instanceof String text) {
                    add(text, found);
                } else if (Fields.isStructure(element)) {
                    add(Fields.value(element, String.class, names.get(0)), found);
                }
            }
        }
    }

    private static void add(String text, Set<String> found) {
        if (text != null && !text.isEmpty()) {
            found.add(text);
        }
    }

    /**
     * The errors that an answer carries, by what they are about: a topic or partition, a group or transactional id of several, or the empty
     * string for the whole answer.
     */
    public Map<String, ErrorCode> errors(ApiMessage response) {
        Map<String, ErrorCode> found = new LinkedHashMap<>();
        collectErrors(response, "", found);
        return found;
    }

    private void collectErrors(Object structure, String about, Map<String, ErrorCode> found) {
        TopicKey key = Fields.topicKey(structure);
        String owner = structure instanceof ApiMessage ? null : Fields.ownerName(structure);
        String subject = key != null ? nameOf(key) : owner != null ? owner : about;
        short code = Fields.errorCode(structure);
        if (code != ErrorCode.NONE.code()) {
            int partition = Fields.partition(structure);
            found.put(partition < 0 ? subject : subject + "-" + partition, ErrorCode.forCode(code));
        }
        for (Fields.Field list : Fields.of(structure).lists()) {
            for (Object element : list.elements(structure)) {
                if (Fields.isStructure(element)) {
                    collectErrors(element, subject, found);
                }
            }
        }
    }

    /** Whether an answer says what its errors are about, so that it can be a part of another answer. */
    public boolean namesWhatFailed(ApiMessage response) {
        return errors(response).keySet().stream().anyMatch(subject -> !subject.isEmpty());
    }

    /**
     * What of a request is chosen.
     *
     * @param parts which topics and partitions; null if it does not go by them
     * @param owners which groups or transactional ids; null if it does not go by them
     */
    public record Choice(Predicate<Part> parts, Predicate<String> owners) {

        boolean hasParts() {
            return parts != null;
        }

        boolean hasOwner(String name) {
            return owners == null || owners.test(name);
        }
    }

    /**
     * Takes parts out of a request.
     *
     * @param request loses the parts that are taken out
     * @param choice which parts
     * @return a request of the same API with just the parts that were taken out; null if they cannot be told apart in it, which leaves the
     *     request as it was
     */
    @SuppressWarnings("unchecked") // an API has one class of requests
    public <Q extends ApiMessage> Q takeOut(Q request, Choice choice) {
        Fields.Field owners = Fields.of(request).ownerList(request);
        Fields.Field list = owners == null ? topicList(request) : owners;
        if (list == null || (owners == null && !choice.hasParts())) {
            return null;
        }
        List<Object> kept = new ArrayList<>();
        List<Object> taken = new ArrayList<>();
        for (Object element : list.elements(request)) {
            if (owners == null) {
                split(element, choice.parts, kept, taken);
            } else {
                splitOwner(element, choice, kept, taken);
            }
        }
        Q result = (Q) Fields.copy((ApiMessage) request, request.apiKey().newRequest());
        list.set(result, taken);
        list.set(request, kept);
        return result;
    }

    /** Whether nothing is left of a request after {@link #takeOut}. */
    public static boolean isEmpty(ApiMessage request) {
        Fields fields = Fields.of(request);
        return fields.lists().stream().allMatch(list -> list.elements(request).isEmpty());
    }

    /** A group or a transactional id goes as a whole, or with some of its topics. */
    private void splitOwner(Object owner, Choice choice, List<Object> kept, List<Object> taken) {
        if (!choice.hasOwner(Fields.ownerName(owner))) {
            kept.add(owner);
            return;
        }
        Fields.Field topics = Fields.isStructure(owner) ? topicList(owner) : null;
        if (!choice.hasParts()) {
            taken.add(owner);
        } else if (topics == null) {
            kept.add(owner);
        } else {
            List<Object> keptTopics = new ArrayList<>();
            List<Object> takenTopics = new ArrayList<>();
            for (Object topic : topics.elements(owner)) {
                split(topic, choice.parts, keptTopics, takenTopics);
            }
            addWith(owner, topics, keptTopics, kept);
            addWith(owner, topics, takenTopics, taken);
        }
    }

    /** The field of a structure that lists topics, or null. */
    private static Fields.Field topicList(Object message) {
        for (Fields.Field list : Fields.of(message).lists()) {
            boolean topics = list.elements(message).stream()
                    .anyMatch(element -> Fields.isStructure(element) && Fields.topicKey(element) != null);
            if (topics && !list.name().equals(FORGOTTEN)) {
                return list;
            }
        }
        return null;
    }

    private void split(Object topic, Predicate<Part> chosen, List<Object> kept, List<Object> taken) {
        TopicKey key = Fields.topicKey(topic);
        if (key == null) {
            kept.add(topic); // the configuration of something else
            return;
        }
        String name = nameOf(key);
        for (Fields.Field list : Fields.of(topic).lists()) {
            List<?> elements = list.elements(topic);
            if (!elements.isEmpty() && partitionOf(list, elements.get(0)) >= 0) {
                List<Object> keptPartitions = new ArrayList<>();
                List<Object> takenPartitions = new ArrayList<>();
                for (Object element : elements) {
                    boolean take = chosen.test(new Part(name, partitionOf(list, element)));
                    (take ? takenPartitions : keptPartitions).add(element);
                }
                addWith(topic, list, keptPartitions, kept);
                addWith(topic, list, takenPartitions, taken);
                return;
            }
        }
        (chosen.test(new Part(name, Part.NO_PARTITION)) ? taken : kept).add(topic);
    }

    /** Adds a structure with these elements in its list, if there are any. */
    private static void addWith(Object structure, Fields.Field list, List<Object> elements, List<Object> target) {
        if (!elements.isEmpty()) {
            Object copy = Fields.copy(structure);
            list.set(copy, elements);
            target.add(copy);
        }
    }

    /** Adds what one answer says of topics, partitions, groups and transactional ids to another of the same API. */
    public static void merge(ApiMessage into, ApiMessage from) {
        mergeLists(into, from);
    }

    @SuppressWarnings("unchecked") // a list of one class has elements of one class
    private static void mergeLists(Object into, Object from) {
        for (Fields.Field list : Fields.of(from).lists()) {
            List<?> added = list.elements(from);
            if (added.isEmpty()) {
                continue;
            }
            List<Object> all = new ArrayList<>((List<Object>) list.elements(into));
            for (Object element : added) {
                Object same = find(all, element);
                if (same == null) {
                    all.add(element);
                } else {
                    Fields.takeOverError(same, element);
                    mergeLists(same, element);
                }
            }
            list.set(into, all);
        }
    }

    /** The structure that stands for the same topic, group or transactional id, or null. */
    private static Object find(List<Object> elements, Object wanted) {
        if (!Fields.isStructure(wanted)) {
            return null;
        }
        TopicKey key = Fields.topicKey(wanted);
        String owner = Fields.ownerName(wanted);
        for (Object element : elements) {
            TopicKey other = Fields.topicKey(element);
            boolean sameTopic = key != null && other != null && other.isSame(key);
            if (sameTopic || (key == null && owner != null && owner.equals(Fields.ownerName(element)))) {
                return element;
            }
        }
        return null;
    }
}
