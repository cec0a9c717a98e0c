package io.ottla.broker.admin;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData.ComponentData;
import org.apache.kafka.common.protocol.ApiMessage;

/** A talk with a broker about client quotas (KIP-546), good requests and bad ones. */
final class QuotaConversation {

    private static final int EXACT = 0;
    private static final int DEFAULT = 1;
    private static final int ANY = 2;

    private final KafkaWire wire;
    private final Map<String, String> answers = new LinkedHashMap<>();
    private final long settleMs;
    private final Earnings earnings;

    private QuotaConversation(KafkaWire wire, long settleMs, Earnings earnings) {
        this.wire = wire;
        this.settleMs = settleMs;
        this.earnings = earnings;
    }

    /** Waits until a debt of tokens is paid and there are a few more. */
    @FunctionalInterface
    interface Earnings {

        /**
         * What a broker needs whose clock goes by itself. A throttled connection is not read before the debt is paid, so the answer to a request that
         * costs nothing says that it is.
         */
        Earnings BY_WAITING = (wire, afterMs) -> {
            wire.call(new ApiVersionsRequestData().setClientSoftwareName("wire").setClientSoftwareVersion("1"), 3);
            park(300);
        };

        /**
         * Waits.
         *
         * @param afterMs how long it takes until there is more than half a token if no time passes between the requests
         */
        void earn(KafkaWire wire, long afterMs) throws IOException;
    }

    /** Holds the conversation with a broker that has no quotas. */
    static Map<String, String> hold(int port, long settleMs, Earnings earnings) throws IOException {
        try (KafkaWire wire = new KafkaWire("localhost", port)) {
            QuotaConversation conversation = new QuotaConversation(wire, settleMs, earnings);
            conversation.alterBadly();
            conversation.alter();
            conversation.describe();
            conversation.describeBadly();
            conversation.remove();
            conversation.exceed();
            return conversation.answers;
        }
    }

    private void ask(String label, ApiMessage request, int version) throws IOException {
        answers.put(label + " v" + version, KafkaWire.text(wire.call(request, version), version));
    }

    /** @param typesAndNames of the entity, in turns */
    private static AlterClientQuotasRequestData.EntryData entity(String... typesAndNames) {
        AlterClientQuotasRequestData.EntryData entry = new AlterClientQuotasRequestData.EntryData();
        for (int i = 0; i < typesAndNames.length; i += 2) {
            entry.entity()
                    .add(new AlterClientQuotasRequestData.EntityData()
                            .setEntityType(typesAndNames[i])
                            .setEntityName(typesAndNames[i + 1]));
        }
        return entry;
    }

    private static AlterClientQuotasRequestData.EntryData set(
            AlterClientQuotasRequestData.EntryData entry, String key, double value) {
        entry.ops().add(new AlterClientQuotasRequestData.OpData().setKey(key).setValue(value));
        return entry;
    }

    private static AlterClientQuotasRequestData.EntryData remove(
            AlterClientQuotasRequestData.EntryData entry, String key) {
        entry.ops().add(new AlterClientQuotasRequestData.OpData().setKey(key).setRemove(true));
        return entry;
    }

    private void alter(String label, AlterClientQuotasRequestData.EntryData... entries) throws IOException {
        alter(label, false, entries);
    }

    private void alter(String label, boolean validateOnly, AlterClientQuotasRequestData.EntryData... entries)
            throws IOException {
        for (int version = validateOnly ? 1 : 0; version <= 1; version++) {
            ask(
                    "alter " + label,
                    new AlterClientQuotasRequestData()
                            .setValidateOnly(validateOnly)
                            .setEntries(Arrays.asList(entries)),
                    version);
        }
    }

    private void alterBadly() throws IOException {
        alter("nothing");
        alter("no entity", set(entity(), "producer_byte_rate", 1000));
        alter("unknown type", set(entity("group", "g"), "producer_byte_rate", 1000));
        alter("empty type", set(entity("", "g"), "producer_byte_rate", 1000));
        alter("empty user", set(entity("user", ""), "producer_byte_rate", 1000));
        alter("empty client id", set(entity("client-id", ""), "producer_byte_rate", 1000));
        alter("empty ip", set(entity("ip", ""), "connection_creation_rate", 10));
        alter("no ip", set(entity("ip", "1.2.3"), "connection_creation_rate", 10));
        alter("bad ip", set(entity("ip", "no host.invalid"), "connection_creation_rate", 10));
        alter("ip and user", set(entity("ip", "1.2.3.4", "user", "u"), "connection_creation_rate", 10));
        alter("ip and client", set(entity("client-id", "c", "ip", "1.2.3.4"), "producer_byte_rate", 10));
        alter("user twice", set(entity("user", "u", "user", "u"), "producer_byte_rate", 1000));
        alter("two users", set(entity("user", "u", "user", "v"), "producer_byte_rate", 1000));
        for (String key :
                List.of("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate")) {
            for (double value :
                    new double[] {0, -1, 0.5, 1e-7, 100.0000001, 1e30, Double.NaN, Double.POSITIVE_INFINITY}) {
                alter(key + " " + value, true, set(entity("user", "u"), key, value));
            }
            alter(key + " for ip", true, set(entity("ip", "1.2.3.4"), key, 1000));
        }
        for (double value : new double[] {0, -1, 0.5, 2147483647.0, 2147483648.0}) {
            alter(
                    "connection_creation_rate " + value,
                    true,
                    set(entity("ip", "1.2.3.4"), "connection_creation_rate", value));
        }
        alter("connection rate of user", set(entity("user", "u"), "connection_creation_rate", 1000));
        alter("unknown key", set(entity("user", "u"), "unknown", 1000));
        alter("empty key", set(entity("client-id", "u"), "", 1000));
        alter("remove unknown key", remove(entity("client-id", "u"), "unknown"));
        alter("remove unset key", remove(entity("client-id", "u"), "producer_byte_rate"));
        alter("good and bad key", set(set(entity("user", "u"), "producer_byte_rate", 1000), "unknown", 1000));
        alter("nothing of a user", entity("user", "u"));
    }

    private void alter() throws IOException {
        alter("validate only", true, set(entity("user", "u"), "producer_byte_rate", 1000));
        alter("user", set(entity("user", "alice"), "producer_byte_rate", 100_000));
        alter("client", set(set(entity("client-id", "c1"), "producer_byte_rate", 1000), "consumer_byte_rate", 2000));
        alter("both", set(entity("user", "alice", "client-id", "c1"), "request_percentage", 12.5));
        alter("both in other order", set(entity("client-id", "c1", "user", "alice"), "controller_mutation_rate", 1.5));
        alter("default user", set(entity("user", null), "producer_byte_rate", 5_000_000));
        alter("default client", set(entity("client-id", null), "consumer_byte_rate", 6_000_000));
        alter("default both", set(entity("user", null, "client-id", null), "producer_byte_rate", 7_000_000));
        alter(
                "user and default client",
                set(entity("user", "bob", "client-id", null), "producer_byte_rate", 7_000_000));
        alter("default user and client", set(entity("user", null, "client-id", "c2"), "producer_byte_rate", 7_000_000));
        alter("ip", set(entity("ip", "10.1.2.3"), "connection_creation_rate", 1000));
        alter("default ip", set(entity("ip", null), "connection_creation_rate", 2000));
        alter("odd names", set(entity("user", "CN=a, O=b/c", "client-id", "<default>"), "producer_byte_rate", 1000));
        alter(
                "several",
                set(entity("client-id", "c3"), "producer_byte_rate", 1000),
                set(entity("client-id", "c4"), "producer_byte_rate", -5),
                set(entity("client-id", "c5"), "producer_byte_rate", 1000));
        alter(
                "entity twice",
                set(entity("client-id", "c6"), "producer_byte_rate", 1000),
                set(entity("client-id", "c6"), "producer_byte_rate", 2000));
        alter("key twice", set(set(entity("client-id", "c7"), "producer_byte_rate", 1000), "producer_byte_rate", 2000));
        alter(
                "key set and removed",
                remove(set(entity("client-id", "c8"), "producer_byte_rate", 1000), "producer_byte_rate"));
        alter("change", remove(set(entity("client-id", "c1"), "producer_byte_rate", 1500), "consumer_byte_rate"));
        settle();
    }

    private static ComponentData component(String type, int matchType, String match) {
        return new ComponentData()
                .setEntityType(type)
                .setMatchType((byte) matchType)
                .setMatch(match);
    }

    private void describe(String label, ComponentData... components) throws IOException {
        for (boolean strict : new boolean[] {false, true}) {
            for (int version = 0; version <= 1; version++) {
                ask(
                        "describe " + label + (strict ? " strictly" : ""),
                        new DescribeClientQuotasRequestData()
                                .setStrict(strict)
                                .setComponents(Arrays.asList(components)),
                        version);
            }
        }
    }

    private void describe() throws IOException {
        describe("all");
        describe("user alice", component("user", EXACT, "alice"));
        describe("no such user", component("user", EXACT, "nobody"));
        describe("any user", component("user", ANY, null));
        describe("default user", component("user", DEFAULT, null));
        describe("client c1", component("client-id", EXACT, "c1"));
        describe("any client", component("client-id", ANY, null));
        describe("default client", component("client-id", DEFAULT, null));
        describe("both", component("user", EXACT, "alice"), component("client-id", EXACT, "c1"));
        describe("any of both", component("user", ANY, null), component("client-id", ANY, null));
        describe("defaults of both", component("client-id", DEFAULT, null), component("user", DEFAULT, null));
        describe("user and any client", component("client-id", ANY, null), component("user", EXACT, "bob"));
        describe("ip", component("ip", EXACT, "10.1.2.3"));
        describe("any ip", component("ip", ANY, null));
        describe("default ip", component("ip", DEFAULT, null));
    }

    private void describeBadly() throws IOException {
        describe("unknown type", component("group", ANY, null));
        describe("empty type", component("", ANY, null));
        describe("user twice", component("user", ANY, null), component("user", EXACT, "alice"));
        describe("exact without name", component("user", EXACT, null));
        describe("default with name", component("user", DEFAULT, "alice"));
        describe("any with name", component("user", ANY, "alice"));
        describe("match type 3", component("user", 3, null));
        describe("match type -1", component("user", -1, "alice"));
        describe("ip and user", component("ip", ANY, null), component("user", ANY, null));
        describe("ip and client", component("client-id", EXACT, "c1"), component("ip", DEFAULT, null));
        describe("empty name", component("user", EXACT, ""));
    }

    private void remove() throws IOException {
        alter("remove from user", remove(entity("user", "alice"), "producer_byte_rate"));
        alter("remove default ip", remove(entity("ip", null), "connection_creation_rate"));
        alter("remove other key", remove(entity("client-id", "c1"), "request_percentage"));
        settle();
        describe("all that is left");
    }

    /** The quota of topic changes is the one whose measure does not depend on time. */
    private void exceed() throws IOException {
        alter("mutation rate", set(entity("client-id", "wire"), "controller_mutation_rate", 2));
        settle();
        // The bucket holds 22 tokens and gets two a second; a request may take more than there are, and the one behind
        // it waits.
        askThrottled(
                "create strictly",
                Requests.creation(
                        Requests.topic("a", 18, 1),
                        Requests.topic("b", 4, 1),
                        Requests.topic("c", 4, 1),
                        Requests.topic("d", 4, 1)),
                7);
        earnings.earn(wire, 2_300);
        askThrottled("create leniently", Requests.creation(Requests.topic("e", 2, 1)), 5);
        earnings.earn(wire, 1_000);
        askThrottled("grow strictly", Requests.grow("a", 21), 3);
        askThrottled("grow strictly in debt", Requests.grow("a", 22), 3);
        earnings.earn(wire, 1_500);
        askThrottled("grow leniently", Requests.grow("a", 23), 2);
        earnings.earn(wire, 1_000);
        askThrottled("delete strictly", Requests.deleteNames("b"), 5);
        askThrottled("delete strictly in debt", Requests.deleteNames("e"), 5);
        earnings.earn(wire, 2_000);
        askThrottled("delete leniently", Requests.deleteNames("c"), 4);
    }

    private void askThrottled(String label, ApiMessage request, int version) throws IOException {
        String answer = KafkaWire.text(wire.call(request, version), version);
        answers.put(
                label + " v" + version,
                answer.replaceAll("\"throttleTimeMs\":[1-9]\\d*", "\"throttleTimeMs\":\"some\""));
    }

    /** In Apache Kafka metadata travels. */
    private void settle() {
        park(settleMs);
    }

    private static void park(long timeMs) {
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeMs);
        while (System.nanoTime() < deadlineNanos) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }
}
