package io.ottla.broker.admin;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransactionCollection;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * One long talk with a broker about transactions, good requests and bad ones, repeated requests and those of fenced producers. Held
 * with Apache Kafka it makes the reference; held with Ottla it must give the same answers, but for the answer to come back later.
 */
final class TransactionConversation {

    private static final Pattern PRODUCER_ID = Pattern.compile("\"producerId\":([0-9]+)");
    private static final Pattern START = Pattern.compile("\"transactionStartTimeMs\":[0-9]+");
    private static final Pattern OFFSETS_PARTITION =
            Pattern.compile("\"__consumer_offsets\",\"partitions\":\\[[0-9]+\\]");
    private static final String CONCURRENT_TRANSACTIONS = "rrorCode\":51";
    private static final String TOPIC = "txn-topic";

    /** The last epoch that a producer is given. */
    private static final int LAST_EPOCH = Short.MAX_VALUE - 1;

    private final KafkaWire wire;
    private final Map<String, String> answers = new LinkedHashMap<>();
    private final Map<String, String> producerNames = new LinkedHashMap<>();

    private TransactionConversation(KafkaWire wire) {
        this.wire = wire;
    }

    /**
     * Holds the conversation with a broker that has no topics.
     *
     * @param whole whether all epochs of a producer are used up too, which takes a while
     */
    static Map<String, String> hold(String host, int port, boolean whole) throws IOException {
        try (KafkaWire wire = new KafkaWire(host, port)) {
            TransactionConversation conversation = new TransactionConversation(wire);
            conversation.prepare();
            conversation.initProducers();
            conversation.renewProducers();
            conversation.addPartitions();
            conversation.addOffsets();
            conversation.endOldTransactions();
            conversation.endNewTransactions();
            conversation.fenceOpenTransactions();
            conversation.fenceByTimeout();
            conversation.describeIds();
            conversation.list();
            if (whole) {
                conversation.useUpEpochs();
            }
            return conversation.answers;
        }
    }

    /** Asks until the transaction before is ended, as a client does, and has been seen to be. */
    private String ask(String label, ApiMessage request, int version) throws IOException {
        String text = KafkaWire.text(wire.call(request, version), version);
        for (int i = 0; i < 500 && (text.contains(CONCURRENT_TRANSACTIONS) || text.contains("\"Prepare")); i++) {
            pause(10);
            text = KafkaWire.text(wire.call(request, version), version);
        }
        String masked = START.matcher(text).replaceAll("\"transactionStartTimeMs\":\"some\"");
        masked = OFFSETS_PARTITION.matcher(masked).replaceAll("\"__consumer_offsets\"");
        Matcher ids = PRODUCER_ID.matcher(masked);
        String answer = ids.replaceAll(id -> "\"producerId\":\""
                + producerNames.computeIfAbsent(id.group(1), unknown -> "P" + producerNames.size()) + "\"");
        if (answers.put(label + " v" + version, answer) != null) {
            throw new IllegalArgumentException("Asked twice: " + label);
        }
        return answer;
    }

    private void settle(ApiMessage request) throws IOException {
        while (KafkaWire.text(wire.call(request, 5), 5).contains(CONCURRENT_TRANSACTIONS)) {
            Thread.onSpinWait();
        }
    }

    private static void pause(long ms) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(ms));
    }

    private void prepare() throws IOException {
        wire.call(Requests.creation(Requests.topic(TOPIC, 3, 1)), 7);
        for (byte type : new byte[] {0, 1}) {
            FindCoordinatorRequestData find =
                    new FindCoordinatorRequestData().setKeyType(type).setCoordinatorKeys(List.of("any"));
            while (!KafkaWire.text(wire.call(find, 4), 4).contains("\"errorCode\":0")) {
                pause(50);
            }
        }
        String first;
        do {
            pause(50);
            first = KafkaWire.text(wire.call(init("first"), 4), 4);
        } while (!first.contains("\"errorCode\":0"));
    }

    private static InitProducerIdRequestData init(String id) {
        return new InitProducerIdRequestData().setTransactionalId(id).setTransactionTimeoutMs(60_000);
    }

    private static InitProducerIdRequestData init(String id, long producerId, int epoch) {
        return init(id).setProducerId(producerId).setProducerEpoch((short) epoch);
    }

    /** Gives a new id to a producer, without a record in the answers, and gives back the producer id. */
    private long producer(String id) throws IOException {
        return ((InitProducerIdResponseData) wire.call(init(id), 4)).producerId();
    }

    private void initProducers() throws IOException {
        for (int version = 0; version <= 5; version++) {
            ask("init new id " + version, init("new-" + version), version);
            ask("init without id " + version, init(null), version);
        }
        for (int timeoutMs : new int[] {-1, 0, 1, 900_000, 900_001}) {
            ask("init timeout " + timeoutMs, init("timeout").setTransactionTimeoutMs(timeoutMs), 5);
        }
        ask("init empty id", init(""), 5);
        ask("init half a producer", init("half", 7, -1), 5);
        ask("init other half", init("half", -1, 7), 5);
        ask("init new id with a producer", init("stranger", 7, 7), 5);
    }

    private void renewProducers() throws IOException {
        long id = producer("renew");
        ask("renew", init("renew"), 4);
        ask("renew as epoch 1", init("renew", id, 1), 4);
        ask("renew as epoch 1 again", init("renew", id, 1), 4);
        ask("renew as epoch 0", init("renew", id, 0), 4);
        ask("renew as epoch 0 old", init("renew", id, 0), 3);
        ask("renew as epoch 9", init("renew", id, 9), 4);
        ask("renew as stranger", init("renew", id + 1_000_000, 2), 4);
        ask("renew after all", init("renew"), 4);
        ask("renew as epoch 2", init("renew", id, 2), 4);
    }

    private static AddPartitionsToTxnTopicCollection topics(String topic, Integer... partitions) {
        AddPartitionsToTxnTopicCollection topics = new AddPartitionsToTxnTopicCollection();
        topics.add(new AddPartitionsToTxnTopic().setName(topic).setPartitions(List.of(partitions)));
        return topics;
    }

    private static AddPartitionsToTxnRequestData add(String id, long producerId, int epoch, Integer... partitions) {
        return new AddPartitionsToTxnRequestData()
                .setV3AndBelowTransactionalId(id)
                .setV3AndBelowProducerId(producerId)
                .setV3AndBelowProducerEpoch((short) epoch)
                .setV3AndBelowTopics(topics(TOPIC, partitions));
    }

    private static AddPartitionsToTxnRequestData batch(
            String id, long producerId, int epoch, boolean verify, Integer... partitions) {
        AddPartitionsToTxnTransactionCollection transactions = new AddPartitionsToTxnTransactionCollection();
        transactions.add(new AddPartitionsToTxnTransaction()
                .setTransactionalId(id)
                .setProducerId(producerId)
                .setProducerEpoch((short) epoch)
                .setVerifyOnly(verify)
                .setTopics(topics(TOPIC, partitions)));
        return new AddPartitionsToTxnRequestData().setTransactions(transactions);
    }

    private void addPartitions() throws IOException {
        ask("add to unknown id", add("nobody", 1, 0, 0), 3);
        ask("add to empty id", add("", 1, 0, 0), 3);
        long id = producer("add");
        for (int version = 0; version <= 3; version++) {
            ask("add as epoch 5", add("add", id, 5, 0), version);
            ask("add partitions", add("add", id, 0, 0), version);
        }
        ask("add as stranger", add("add", id + 1_000_000, 0, 0), 3);
        ask("add unknown partition", add("add", id, 0, 1, 7), 3);
        ask("add no partition", add("add", id, 0), 3);
        AddPartitionsToTxnRequestData unknown = add("add", id, 0, 1);
        unknown.v3AndBelowTopics()
                .add(new AddPartitionsToTxnTopic().setName("nowhere").setPartitions(List.of(0)));
        ask("add unknown topic", unknown, 3);
        for (int version = 4; version <= 5; version++) {
            ask("verify", batch("add", id, 0, true, 0), version);
            ask("verify other", batch("add", id, 0, true, 0, 2), version);
            ask("verify as epoch 5", batch("add", id, 5, true, 0), version);
            ask("verify as stranger", batch("add", id + 1_000_000, 0, true, 0), version);
            ask("verify unknown id", batch("nobody", id, 0, true, 0), version);
            ask("verify unknown partition", batch("add", id, 0, true, 9), version);
            ask("batch add as epoch 5", batch("add", id, 5, false, 0), version);
        }
        ask("batch add", batch("add", id, 0, false, 1), 4);
        ask("batch add empty id", batch("", id, 0, false, 1), 4);
        ask("verify empty id", batch("", id, 0, true, 1), 4);
        AddPartitionsToTxnRequestData two = batch("add", id, 0, true, 1);
        two.transactions()
                .add(batch("nobody", 3, 0, false, 1)
                        .transactions()
                        .iterator()
                        .next()
                        .duplicate());
        ask("batch of two", two, 5);
    }

    private static AddOffsetsToTxnRequestData offsets(String id, long producerId, int epoch) {
        return new AddOffsetsToTxnRequestData()
                .setTransactionalId(id)
                .setProducerId(producerId)
                .setProducerEpoch((short) epoch)
                .setGroupId("group");
    }

    private void addOffsets() throws IOException {
        long id = producer("offsets");
        for (int version = 0; version <= 4; version++) {
            ask("add offsets as epoch 5", offsets("offsets", id, 5), version);
            ask("add offsets", offsets("offsets", id, 0), version);
        }
        ask("add offsets as stranger", offsets("offsets", id + 1_000_000, 0), 4);
        ask("add offsets to unknown id", offsets("nobody", id, 0), 4);
        ask("add offsets to empty id", offsets("", id, 0), 4);
        ask("describe with offsets", describe("offsets"), 0);
    }

    private static EndTxnRequestData end(String id, long producerId, int epoch, boolean committed) {
        return new EndTxnRequestData()
                .setTransactionalId(id)
                .setProducerId(producerId)
                .setProducerEpoch((short) epoch)
                .setCommitted(committed);
    }

    private void endOldTransactions() throws IOException {
        ask("end unknown id", end("nobody", 1, 0, true), 4);
        ask("end empty id", end("", 1, 0, true), 4);
        long id = producer("old");
        ask("end nothing by commit", end("old", id, 0, true), 4);
        ask("end nothing by abort", end("old", id, 0, false), 4);
        for (int version = 0; version <= 4; version++) {
            ask("end as epoch 5", end("old", id, 5, true), version);
            ask("end as stranger", end("old", id + 1_000_000, 0, true), version);
            ask("add to end " + version, add("old", id, 0, 0), 3);
            ask("end by commit", end("old", id, 0, true), version);
            ask("end by commit again " + version, end("old", id, 0, true), version);
            ask("end by abort after commit", end("old", id, 0, false), version);
        }
        ask("add to abort", add("old", id, 0, 0), 3);
        ask("end by abort", end("old", id, 0, false), 4);
        ask("end by abort again", end("old", id, 0, false), 4);
        ask("end by commit after abort", end("old", id, 0, true), 4);
        ask("describe old", describe("old"), 0);
    }

    private void endNewTransactions() throws IOException {
        ask("end unknown id", end("nobody", 1, 0, true), 5);
        ask("end empty id", end("", 1, 0, true), 5);
        long id = producer("new");
        ask("end empty, epoch 0, commit", end("new", id, 0, true), 5);
        ask("end empty, epoch 1, abort", end("new", id, 1, false), 5);
        ask("end empty, epoch 0, abort", end("new", id, 0, false), 5);
        ask("end aborted, epoch 0, abort", end("new", id, 0, false), 5);
        ask("end aborted, epoch 0, commit", end("new", id, 0, true), 5);
        ask("end aborted, epoch 1, commit", end("new", id, 1, true), 5);
        ask("end aborted, epoch 2, abort", end("new", id, 2, false), 5);
        ask("end aborted, epoch 1, abort", end("new", id, 1, false), 5);
        ask("describe new, aborted", describe("new"), 0);
        ask("add to new, epoch 1", batch("new", id, 1, false, 0), 5);
        ask("add to new, epoch 2", batch("new", id, 2, false, 0), 5);
        ask("end open, epoch 1, commit", end("new", id, 1, true), 5);
        ask("end open, epoch 3, commit", end("new", id, 3, true), 5);
        ask("end open as stranger", end("new", id + 1_000_000, 2, true), 5);
        ask("end open, epoch 2, commit", end("new", id, 2, true), 5);
        ask("end committed, epoch 2, commit", end("new", id, 2, true), 5);
        ask("end committed, epoch 2, abort", end("new", id, 2, false), 5);
        ask("end committed, epoch 3, commit", end("new", id, 3, true), 5);
        ask("end committed, epoch 4, commit", end("new", id, 4, true), 5);
        ask("end committed, epoch 2, old commit", end("new", id, 2, true), 4);
        ask("end committed, epoch 3, old commit", end("new", id, 3, true), 4);
        ask("end committed, epoch 3, abort", end("new", id, 3, false), 5);
        ask("renew after end as epoch 3", init("new", id, 3), 5);
        ask("renew after end as epoch 4", init("new", id, 4), 5);
        ask("renew after end as epoch 2", init("new", id, 2), 5);
        ask("add mixed", add("new", id, 5, 0), 3);
        ask("end mixed", end("new", id, 5, true), 5);
        ask("describe mixed", describe("new"), 0);
    }

    private void fenceOpenTransactions() throws IOException {
        for (boolean old : new boolean[] {true, false}) {
            String name = old ? "fence-old" : "fence-new";
            long id = producer(name);
            ask("open " + name, old ? add(name, id, 0, 0) : batch(name, id, 0, false, 0), old ? 3 : 5);
            ask("take over " + name, init(name), 5);
            ask("add after " + name, add(name, id, 0, 0), 3);
            ask("end after " + name, end(name, id, 0, true), 4);
            ask("end after " + name, end(name, id, 0, true), 5);
            ask("end by abort after " + name, end(name, id, 0, false), 5);
            ask("renew after " + name, init(name, id, 0), 5);
            ask("renew as epoch 1 after " + name, init(name, id, 1), 5);
            ask("describe " + name, describe(name), 0);
        }
        long id = producer("fence-self");
        ask("open fence-self", batch("fence-self", id, 0, false, 0), 5);
        ask("renew in the middle", init("fence-self", id, 0), 5);
        ask("renew in the middle again", init("fence-self", id, 0), 5);
    }

    private void fenceByTimeout() throws IOException {
        InitProducerIdResponseData slow =
                (InitProducerIdResponseData) wire.call(init("slow").setTransactionTimeoutMs(50), 5);
        long id = slow.producerId();
        ask("open slow", batch("slow", id, 0, false, 0), 5);
        DescribeTransactionsResponseData state;
        do {
            pause(20);
            state = (DescribeTransactionsResponseData) wire.call(describe("slow"), 0);
        } while (!state.transactionStates().get(0).transactionState().equals("CompleteAbort"));
        ask("describe slow", describe("slow"), 0);
        ask("add after timeout", batch("slow", id, 0, false, 0), 5);
        ask("old commit after timeout", end("slow", id, 0, true), 4);
        ask("commit after timeout", end("slow", id, 0, true), 5);
        ask("abort after timeout", end("slow", id, 0, false), 5);
        ask("renew after timeout", init("slow", id, 0), 5);
        ask("renew after timeout again", init("slow", id, 0), 5);
    }

    private static DescribeTransactionsRequestData describe(String... ids) {
        return new DescribeTransactionsRequestData().setTransactionalIds(List.of(ids));
    }

    private void describeIds() throws IOException {
        long id = producer("described");
        ask("describe empty", describe("described"), 0);
        ask("open described", batch("described", id, 0, false, 2, 0), 5);
        ask("describe open", describe("described"), 0);
        ask("describe others", describe("nobody", ""), 0);
        ask("describe nothing", describe(), 0);
    }

    private static ListTransactionsRequestData filter(String pattern) {
        return new ListTransactionsRequestData().setTransactionalIdPattern(pattern);
    }

    private void list() throws IOException {
        long id = producer("list-1");
        ask("open list-1", batch("list-1", id, 0, false, 0), 5);
        producer("list-2");
        ListTransactionsRequestData byId = new ListTransactionsRequestData().setProducerIdFilters(List.of(id));
        ask("list by producer", byId, 0);
        ask("list by producer", byId, 1);
        ask("list by producer", byId, 2);
        ask("list by producer and state", byId.duplicate().setStateFilters(List.of("Ongoing", "Empty")), 1);
        ask("list by producer and other state", byId.duplicate().setStateFilters(List.of("Empty")), 1);
        ask("list by unknown state", byId.duplicate().setStateFilters(List.of("ongoing", "Dead", "Odd")), 1);
        pause(5);
        ask("list by short duration", byId.duplicate().setDurationFilter(1), 1);
        ask("list by long duration", byId.duplicate().setDurationFilter(1_000_000), 1);
        ask("list by pattern", filter("list-1|x"), 2);
        ask("list by part of an id", filter("list"), 2);
        ask("list by pattern and state", filter("list-.*").setStateFilters(List.of("Empty")), 2);
        ask("list by bad pattern", filter("list-("), 2);
        ask("list all but nothing", filter("").setProducerIdFilters(List.of(-5L)), 2);
    }

    private void useUpEpochs() throws IOException {
        long id = producer("last");
        for (int epoch = 0; epoch < LAST_EPOCH; epoch++) {
            settle(end("last", id, epoch, false));
        }
        ask("last epoch", describe("last"), 0);
        ask("open last", batch("last", id, LAST_EPOCH, false, 0), 5);
        ask("end last", end("last", id, LAST_EPOCH, true), 5);
        ask("end last again", end("last", id, LAST_EPOCH, true), 5);
        ask("end last otherwise", end("last", id, LAST_EPOCH, false), 5);
        ask("renew last", init("last", id, LAST_EPOCH), 5);
        ask("describe last", describe("last"), 0);
        long other = producer("last-2");
        for (int epoch = 0; epoch < LAST_EPOCH; epoch++) {
            settle(init("last-2", other, epoch));
        }
        ask("open last-2", batch("last-2", other, LAST_EPOCH, false, 0), 5);
        ask("take over last-2", init("last-2"), 5);
        ask("describe last-2", describe("last-2"), 0);
        long third = producer("last-3");
        for (int epoch = 0; epoch < LAST_EPOCH; epoch++) {
            settle(init("last-3", third, epoch));
        }
        ask("renew last-3", init("last-3", third, LAST_EPOCH), 5);
        ask("renew last-3 again", init("last-3", third, LAST_EPOCH), 5);
        ask("renew last-3 with an old epoch", init("last-3", third, 7), 5);
    }
}
