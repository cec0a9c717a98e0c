package io.ottla.broker.testing.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeClusterRequest;
import io.ottla.protocol.message.DescribeClusterResponse;
import io.ottla.protocol.message.MetadataRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.junit.jupiter.api.Test;

/** Which requests a fault is for, when it fires, and what its handle knows. */
class FaultTriggersTest extends FaultFixture {

    private static final String CHANGED = "changed";

    private FaultTrigger change(FaultRule<DescribeClusterRequest> rule) {
        return rule.changeAnswer(DescribeClusterResponse.class, (request, answer) -> answer.clusterId(CHANGED));
    }

    private static boolean isChanged(Admin admin) throws Exception {
        return get(admin.describeCluster().clusterId().toCompletionStage().toCompletableFuture())
                .equals(CHANGED);
    }

    /** On which of the first calls a fault fires. */
    private List<Integer> callsOf(Admin admin, int count, Function<FaultTrigger, Fault> trigger) throws Exception {
        List<Integer> fired = new ArrayList<>();
        try (Fault fault = trigger.apply(change(faults().on(DescribeClusterRequest.class)))) {
            for (int call = 1; call <= count; call++) {
                if (isChanged(admin)) {
                    fired.add(call);
                }
            }
            assertEquals(fired.size(), fault.fired());
        }
        return fired;
    }

    @Test
    void shouldFireOnTheCallsOfItsTrigger() throws Exception {
        Admin admin = admin(Map.of());
        assertEquals(List.of(1), callsOf(admin, 4, FaultTrigger::once));
        assertEquals(List.of(1, 2, 3), callsOf(admin, 5, trigger -> trigger.times(3)));
        assertEquals(List.of(2), callsOf(admin, 4, trigger -> trigger.onCall(2)));
        assertEquals(List.of(2, 4, 6), callsOf(admin, 7, trigger -> trigger.every(2)));
        assertEquals(List.of(1, 2, 3), callsOf(admin, 3, FaultTrigger::everyTime));
        assertEquals(List.of(), callsOf(admin, 3, trigger -> trigger.withProbability(0)));
        assertEquals(List.of(1, 2, 3), callsOf(admin, 3, trigger -> trigger.withProbability(1)));
        List<Integer> some = callsOf(admin, 12, trigger -> trigger.withProbability(0.5, 7));
        assertTrue(!some.isEmpty() && some.size() < 12, some::toString);
        assertEquals(some, callsOf(admin, 12, trigger -> trigger.withProbability(0.5, 7)));
    }

    @Test
    void shouldRefuseTriggersThatMakeNoSense() {
        FaultTrigger trigger = change(faults().on(DescribeClusterRequest.class));
        assertThrows(IllegalArgumentException.class, () -> trigger.times(0));
        assertThrows(IllegalArgumentException.class, () -> trigger.onCall(0));
        assertThrows(IllegalArgumentException.class, () -> trigger.every(-1));
        assertThrows(IllegalArgumentException.class, () -> trigger.withProbability(1.5));
        assertThrows(IllegalArgumentException.class, () -> trigger.withProbability(Double.NaN));
        assertTrue(faults().armed().isEmpty());
    }

    @Test
    void shouldFireForTheClientsThatItNames() throws Exception {
        Admin billing = admin(Map.of("client.id", "billing-1"));
        Admin other = admin(Map.of("client.id", "shipping"));
        change(faults().on(DescribeClusterRequest.class).client("billing-1")).everyTime();
        assertTrue(isChanged(billing));
        assertFalse(isChanged(other));
        faults().clear();
        change(faults().on(DescribeClusterRequest.class).client("bill*")).everyTime();
        assertTrue(isChanged(billing));
        assertFalse(isChanged(other));
    }

    @Test
    void shouldFireForWhereTheRequestCameIn() throws Exception {
        Admin admin = admin(Map.of());
        change(faults().on(DescribeClusterRequest.class).listener("internal")).everyTime();
        change(faults().on(DescribeClusterRequest.class).broker(99)).everyTime();
        assertFalse(isChanged(admin));
        change(faults().on(DescribeClusterRequest.class).listener("plaintext").broker(1))
                .everyTime();
        assertTrue(isChanged(admin));
    }

    @Test
    void shouldFireForVersionsAndConditions() throws Exception {
        Admin admin = admin(Map.of());
        change(faults().on(DescribeClusterRequest.class).version(0)).everyTime();
        change(faults().on(DescribeClusterRequest.class).when(request -> request.includeClusterAuthorizedOperations()))
                .everyTime();
        assertFalse(isChanged(admin));
        change(faults().on(DescribeClusterRequest.class)
                        .versions(1, 9)
                        .when(request -> !request.includeClusterAuthorizedOperations()))
                .everyTime();
        assertTrue(isChanged(admin));
    }

    @Test
    void shouldFireForGroupsAndTransactionalIds() throws Exception {
        String topic = createTopic(1);
        String group = unique("group");
        String transactionalId = unique("tx");
        Fault findsGroup = faults().on(ApiKey.FIND_COORDINATOR)
                .group(group)
                .error(ErrorCode.COORDINATOR_NOT_AVAILABLE)
                .once();
        Fault findsTransaction = faults().on(ApiKey.FIND_COORDINATOR)
                .transactionalId(transactionalId)
                .error(ErrorCode.COORDINATOR_NOT_AVAILABLE)
                .once();
        Fault adds = faults().on(ApiKey.INIT_PRODUCER_ID)
                .transactionalId(transactionalId)
                .error(ErrorCode.CONCURRENT_TRANSACTIONS)
                .once();
        Producer<String, String> producer = producer(Map.of("transactional.id", transactionalId));
        producer.initTransactions();
        producer.beginTransaction();
        send(producer, topic, "a");
        producer.commitTransaction();
        assertEquals(0, findsGroup.matched());
        assertEquals(1, findsTransaction.fired());
        assertEquals(1, adds.fired());
        Consumer<String, String> consumer = consumer(Map.of("group.id", group));
        consumer.subscribe(List.of(topic));
        assertEquals(List.of("a"), poll(consumer, 1));
        assertEquals(1, findsGroup.fired());
    }

    @Test
    void shouldGiveARequestToTheFaultThatWasArmedFirst() throws Exception {
        Admin admin = admin(Map.of());
        Fault first = change(faults().on(DescribeClusterRequest.class)).onCall(2);
        Fault second = change(faults().on(DescribeClusterRequest.class)).everyTime();
        assertEquals(List.of(first, second), faults().armed());
        assertTrue(isChanged(admin));
        assertTrue(isChanged(admin));
        assertEquals(2, first.matched());
        assertEquals(1, first.fired());
        assertEquals(1, second.matched());
        assertEquals(List.of(second), faults().armed());
        assertEquals(List.of(first, second), faults().all());
    }

    @Test
    void shouldNotFireWhenDisarmed() throws Exception {
        Admin admin = admin(Map.of());
        Fault fault = change(faults().on(DescribeClusterRequest.class)).everyTime();
        assertTrue(isChanged(admin));
        fault.disarm();
        assertFalse(fault.isArmed());
        assertFalse(isChanged(admin));
        assertEquals(1, fault.matched());
    }

    @Test
    void shouldSayWhatItIs() {
        Fault fault = faults().on(ApiKey.PRODUCE)
                .topic("orders")
                .partition(3)
                .client("billing")
                .error(ErrorCode.NOT_LEADER_OR_FOLLOWER)
                .times(2);
        assertEquals(
                "PRODUCE of topic orders partition 3 by client billing: answer with NOT_LEADER_OR_FOLLOWER, the first 2 times",
                fault.toString());
        assertEquals(
                "any request of group g: drop the request, with probability 0.5 (seed 42)",
                faults().onAnyRequest()
                        .group("g")
                        .dropRequest()
                        .withProbability(0.5, 42)
                        .toString());
    }

    @Test
    void shouldWaitUntilItFires() throws Exception {
        Fault fault = faults().on(MetadataRequest.class)
                .topic("nobody asks for it")
                .dropRequest()
                .once();
        AssertionError failure = assertThrows(AssertionError.class, () -> fault.awaitFired(Duration.ofMillis(20)));
        assertTrue(failure.getMessage().contains("Fired 0 of 1 times within 20 ms"), failure::getMessage);
        assertTrue(failure.getMessage().contains("nobody asks for it"), failure::getMessage);
    }

    @Test
    void shouldFailForFaultsThatNeverFired() {
        Fault idle = faults().on(ApiKey.DELETE_RECORDS).topic("t").dropRequest().once();
        AssertionError failure = assertThrows(AssertionError.class, () -> faults().assertAllFired());
        assertEquals(
                "Never fired: DELETE_RECORDS of topic t: drop the request, once (matched 0, fired 0)",
                failure.getMessage());
        idle.close(); // does not fail unless strict
        faults().strict(true);
        assertThrows(AssertionError.class, idle::close);
        faults().clear();
        faults().assertAllFired();
    }

    @Test
    void shouldForgetFaultsWithAReset() {
        Fault fault = faults().on(ApiKey.DELETE_RECORDS).dropRequest().everyTime();
        broker().reset();
        assertFalse(fault.isArmed());
        assertTrue(faults().all().isEmpty());
        faults().strict(true);
        faults().on(ApiKey.DELETE_RECORDS).dropRequest().once();
        assertThrows(AssertionError.class, () -> broker().reset());
        assertTrue(faults().armed().isEmpty());
    }

    @Test
    void shouldFailAtTheEndOfTheBrokerIfStrict() {
        EmbeddedBroker broker = EmbeddedBroker.start();
        broker.faults().strict(true);
        broker.faults().onAnyRequest().dropRequest().once();
        assertThrows(AssertionError.class, broker::close);
        broker.close();
    }
}
