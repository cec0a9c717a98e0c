package io.ottla.broker.junit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.BrokerTopic;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link OttlaTest} does around tests. */
class OttlaExtensionTest {

    private static final Set<EmbeddedBroker> BROKERS = ConcurrentHashMap.newKeySet();
    private static final Queue<Producer<String, String>> PRODUCERS = new ConcurrentLinkedQueue<>();
    private static volatile CyclicBarrier together;

    @BeforeEach
    void forget() {
        BROKERS.clear();
        PRODUCERS.clear();
        together = new CyclicBarrier(2);
    }

    private static void assertPassed(LaunchedTests tests, int count) {
        assertEquals(count, tests.outcomes().size(), tests::toString);
        tests.outcomes().forEach((name, outcome) -> assertEquals(LaunchedTests.PASSED, outcome, name));
        assertEquals("", tests.printed());
    }

    private static void assertAllClosed() {
        for (EmbeddedBroker broker : BROKERS) {
            assertFalse(broker.isRunning());
        }
        for (Producer<String, String> producer : PRODUCERS) {
            String refused = assertThrowsIllegalState(producer);
            assertTrue(refused.contains("closed"), refused);
        }
    }

    private static String assertThrowsIllegalState(Producer<String, String> producer) {
        return assertThrows(IllegalStateException.class, () -> producer.send(new ProducerRecord<>("orders", "late")))
                .getMessage();
    }

    private static void use(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
        BROKERS.add(broker);
        PRODUCERS.add(producer);
        broker.topic("orders").assertEmpty();
        producer.send(new ProducerRecord<>("orders", "value")).get(10, TimeUnit.SECONDS);
        broker.topic("orders").assertCount(1);
    }

    /** Each finds what it needs, whatever the one before has done. */
    @OttlaTest(topics = @Topic(name = "orders"))
    static class ResetCase {

        @Test
        void shouldWrite(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
            use(broker, producer);
            broker.clock().stop();
        }

        @Test
        void shouldWriteAgain(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
            assertTrue(broker.clock().isRunning());
            use(broker, producer);
        }

        @Test
        void shouldKill(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
            use(broker, producer);
            broker.kill();
        }

        @Test
        void shouldKillToo(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
            use(broker, producer);
            broker.kill();
        }
    }

    @Test
    void shouldResetTheBrokerBetweenTests() {
        assertPassed(LaunchedTests.run(ResetCase.class), 4);
        assertEquals(1, BROKERS.size());
        assertEquals(4, PRODUCERS.size());
        assertAllClosed();
    }

    /** A broker each. */
    @OttlaTest(topics = @Topic(name = "orders"), sharing = Sharing.ONE_PER_TEST, stoppedClock = true)
    static class OnePerTestCase {

        @Test
        void shouldWrite(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
            assertFalse(broker.clock().isRunning());
            use(broker, producer);
        }

        @Test
        void shouldWriteAgain(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
            use(broker, producer);
        }
    }

    @Test
    void shouldStartABrokerForEachTest() {
        assertPassed(LaunchedTests.run(OnePerTestCase.class), 2);
        assertEquals(2, BROKERS.size());
        assertAllClosed();
    }

    /** They run at the same time, or their barrier breaks. */
    @OttlaTest(topics = @Topic(name = "orders"))
    static class ParallelCase {

        @Test
        void shouldWrite(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
            together.await(10, TimeUnit.SECONDS);
            use(broker, producer);
            together.await(10, TimeUnit.SECONDS);
        }

        @Test
        void shouldWriteBeside(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
            together.await(10, TimeUnit.SECONDS);
            use(broker, producer);
            together.await(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldKeepTestsApartThatRunAtTheSameTime() {
        assertPassed(LaunchedTests.inParallel(ParallelCase.class), 2);
        assertEquals(2, BROKERS.size());
        assertAllClosed();
    }

    /** One broker, one producer, a topic each, at the same time. */
    @OttlaTest(sharing = Sharing.SHARED)
    static class SharedCase {

        @ClientConfig
        private static Producer<String, String> producer;

        private void write(EmbeddedBroker broker, BrokerTopic topic, Consumer<String, String> consumer)
                throws Exception {
            BROKERS.add(broker);
            PRODUCERS.add(producer);
            together.await(10, TimeUnit.SECONDS);
            consumer.subscribe(Set.of(topic.name()));
            producer.send(new ProducerRecord<>(topic.name(), "value")).get(10, TimeUnit.SECONDS);
            assertEquals(1, consumer.poll(Duration.ofSeconds(10)).count());
            topic.assertCount(1);
        }

        @Test
        void shouldWrite(EmbeddedBroker broker, @Topic BrokerTopic own, Consumer<String, String> consumer)
                throws Exception {
            write(broker, own, consumer);
        }

        @Test
        void shouldWriteBeside(EmbeddedBroker broker, @Topic BrokerTopic own, Consumer<String, String> consumer)
                throws Exception {
            write(broker, own, consumer);
        }
    }

    @Test
    void shouldLetTestsShareWhatIsNotReset() {
        assertPassed(LaunchedTests.inParallel(SharedCase.class), 2);
        assertEquals(1, BROKERS.size());
        assertAllClosed();
    }

    /** Fails, with something on the broker. */
    @OttlaTest
    static class FailingCase {

        @Test
        void shouldFail(@Topic(name = "orders", partitions = 2) BrokerTopic orders) {
            orders.write("42", "created");
            throw new AssertionError("as it is meant to");
        }

        @Test
        void shouldNotBeShown(@Topic(name = "others") BrokerTopic others) {
            others.write("42", "created");
            Assumptions.abort("not here");
        }
    }

    @Test
    void shouldPrintWhatTheBrokerHoldsWhenATestFails() {
        LaunchedTests tests = LaunchedTests.run(FailingCase.class);
        String printed = tests.printed();
        assertAll(
                () -> assertTrue(printed.contains("FailingCase.shouldFail"), printed),
                () -> assertTrue(
                        printed.contains("topic orders: 0[0..0) 1[0..1)")
                                || printed.contains("topic orders: 0[0..1) 1[0..0)"),
                        printed),
                () -> assertFalse(printed.contains("shouldNotBeShown"), printed));
    }

    /** Arms faults. */
    @OttlaTest(topics = @Topic(name = "orders"))
    static class FaultCase {

        @Test
        void shouldRetry(EmbeddedBroker broker, @ClientConfig("client.id=billing") Producer<String, String> producer)
                throws Exception {
            broker.faults().leaderMoved("orders").once();
            producer.send(new ProducerRecord<>("orders", "value")).get(10, TimeUnit.SECONDS);
            broker.topic("orders").assertCount(1);
        }

        @Test
        void shouldHaveRetried(EmbeddedBroker broker) {
            assertEquals(0, broker.faults().all().size());
            broker.faults().leaderMoved("invoices").once();
        }

        @Test
        void shouldFailByItself(
                EmbeddedBroker broker, @ClientConfig("client.id=billing") Producer<String, String> producer)
                throws Exception {
            broker.faults().leaderMoved("invoices").once();
            producer.send(new ProducerRecord<>("orders", "value")).get(10, TimeUnit.SECONDS);
            throw new AssertionError("as it is meant to");
        }
    }

    @Test
    void shouldFailTestsWhoseFaultsNeverFired() {
        LaunchedTests tests = LaunchedTests.run(FaultCase.class);
        assertContains(tests.outcomes(), "shouldRetry", LaunchedTests.PASSED);
        assertContains(tests.outcomes(), "shouldHaveRetried", "Never fired");
        assertContains(tests.outcomes(), "shouldFailByItself", "as it is meant to");
        assertTrue(tests.printed().contains("FaultCase.shouldHaveRetried"), tests::printed);
        assertTrue(tests.printed().contains("billing #"), tests::printed);
        assertTrue(tests.printed().contains("PRODUCE v"), tests::printed);
        assertTrue(tests.printed().contains("orders-0 at 0"), tests::printed);
        assertFalse(tests.printed().contains("API_VERSIONS"), tests::printed);
        assertTrue(
                tests.printed().contains("answer with NOT_LEADER_OR_FOLLOWER, once: matched 0, fired 0"),
                tests::printed);
        assertFalse(tests.printed().contains("FaultCase.shouldRetry"), tests::printed);
    }

    /** Arms a fault for the class. */
    @OttlaTest(sharing = Sharing.SHARED)
    static class SharedFaultCase {

        @Test
        void shouldNotFail(EmbeddedBroker broker) {
            broker.faults().leaderMoved("invoices").once();
        }
    }

    @Test
    void shouldFailTheClassForFaultsOfASharedBroker() {
        Map<String, String> outcomes = LaunchedTests.run(SharedFaultCase.class).outcomes();
        assertContains(outcomes, "shouldNotFail", LaunchedTests.PASSED);
        assertContains(outcomes, "OttlaExt", "Never fired");
    }

    /** Asks for what cannot be. */
    @OttlaTest
    static class WrongParametersCase {

        @Test
        void shouldNotKnowASerializer(Producer<String, Thread> producer) {}

        @Test
        void shouldNotKnowAType(Producer<?, String> producer) {}

        @Test
        void shouldRefuseAPair(@ClientConfig("acks") Producer<String, String> producer) {}

        @Test
        void shouldRefuseAValue(@ClientConfig("acks=many") Producer<String, String> producer) {}

        @Test
        void shouldNotSubscribeAProducer(@Topic Producer<String, String> producer) {}
    }

    @Test
    void shouldSayWhatIsWrongWithAParameter() {
        Map<String, String> outcomes =
                LaunchedTests.run(WrongParametersCase.class).outcomes();
        assertContains(
                outcomes, "shouldNotKnowASerializer", "java.lang.Thread: name one with @ClientConfig(valueSerializer");
        assertContains(outcomes, "shouldNotKnowAType", "name one with @ClientConfig(keySerializer");
        assertContains(outcomes, "shouldRefuseAPair", "Not of the form key=value: \"acks\"");
        assertContains(outcomes, "shouldRefuseAValue", "Invalid value many for configuration acks");
        assertContains(outcomes, "shouldNotSubscribeAProducer", "only consumers subscribe");
    }

    private static void assertContains(Map<String, String> outcomes, String test, String expected) {
        String outcome = outcomes.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(test))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse("none");
        assertTrue(outcome.contains(expected), test + ": " + outcome);
    }

    /** Would be reset. */
    @OttlaTest
    static class StaticClientCase {

        @ClientConfig
        static Producer<String, String> producer;

        @Test
        void shouldNotRun() {}
    }

    /** Has no broker for the class. */
    @OttlaTest(sharing = Sharing.ONE_PER_TEST)
    static class NoClassBrokerCase {

        static EmbeddedBroker broker;

        @Test
        void shouldNotRun() {}
    }

    /** Nothing can be put there. */
    @OttlaTest
    static class FinalFieldCase {

        @Topic
        final String topic = "mine";

        @Test
        void shouldNotRun() {}
    }

    /** The class has a broker that is not that of the tests. */
    @OttlaTest
    static class ParallelWithClassBrokerCase {

        static EmbeddedBroker broker;

        @Test
        void shouldNotRun() {}
    }

    @Test
    void shouldSayWhatIsWrongWithAClass() {
        assertContains(LaunchedTests.run(StaticClientCase.class).outcomes(), "OttlaExt", "Sharing.SHARED");
        assertContains(LaunchedTests.run(NoClassBrokerCase.class).outcomes(), "OttlaExt", "each test has its own");
        assertContains(LaunchedTests.run(FinalFieldCase.class).outcomes(), "shouldNotRun", "it is final");
        assertContains(
                LaunchedTests.inParallel(ParallelWithClassBrokerCase.class).outcomes(),
                "shouldNotRun",
                "have a broker each");
    }
}
