package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.clients.Await;
import io.ottla.broker.clients.ClientTest;
import io.ottla.storage.ManualClock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What time does to transactions, with a clock that the test advances. */
class TransactionTimeTest extends ClientTest {

    private static final String ID = "orders";

    private final ManualClock clock = new ManualClock(1_700_000_000_000L);

    @TempDir
    private Path folder;

    private EmbeddedBroker broker;
    private String topic;

    @Override
    protected String bootstrapServers() {
        return broker.bootstrapServers();
    }

    @BeforeEach
    void start() throws Exception {
        open(0);
        // The clients have a clock of their own.
        topic = createTopic(1, Map.of("message.timestamp.type", "LogAppendTime"));
    }

    private void open(int port) {
        broker = EmbeddedBroker.builder()
                .clock(clock)
                .dataFolder(folder)
                .port(port)
                .config("transactional.id.expiration.ms", Duration.ofDays(1).toMillis())
                .start();
    }

    @AfterEach
    void stop() throws Exception {
        closeClients();
        broker.close();
    }

    private Producer<String, String> beginTransaction(String value) throws Exception {
        Producer<String, String> producer =
                producer(Map.of("transactional.id", ID, "transaction.timeout.ms", 60_000, "max.block.ms", 30_000));
        producer.initTransactions();
        producer.beginTransaction();
        send(producer, List.of(new ProducerRecord<>(topic, value)));
        return producer;
    }

    private static TransactionDescription describe(Admin admin) throws Exception {
        return get(admin.describeTransactions(Set.of(ID)).description(ID));
    }

    private static void awaitState(Admin admin, TransactionState state) throws Exception {
        Await.until("the state is " + state, () -> describe(admin).state() == state);
    }

    private Consumer<String, String> committedReader() {
        Consumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"));
        consumer.assign(Set.of(new TopicPartition(topic, 0)));
        return consumer;
    }

    @Test
    void shouldAbortAndFenceAProducerWhoseTransactionTakesTooLong() throws Exception {
        Admin admin = admin();
        Producer<String, String> zombie = beginTransaction("too late");
        TransactionDescription open = describe(admin);
        assertEquals(clock.timeMs(), open.transactionStartTimeMs().orElseThrow());
        clock.advance(Duration.ofMillis(59_999));
        assertEquals(TransactionState.ONGOING, describe(admin).state());
        clock.advance(Duration.ofMillis(1));
        awaitState(admin, TransactionState.COMPLETE_ABORT);
        TransactionDescription aborted = describe(admin);
        assertEquals(open.producerId(), aborted.producerId());
        assertEquals(open.producerEpoch() + 1, aborted.producerEpoch());
        // As with Apache Kafka: it looks like a request that comes again, with another outcome.
        assertThrows(InvalidTxnStateException.class, zombie::commitTransaction);

        Producer<String, String> next = beginTransaction("in time");
        next.commitTransaction();
        assertEquals(List.of("in time"), values(poll(committedReader(), 1)));
    }

    @Test
    void shouldAbortWhatWasOpenBeforeARestart() throws Exception {
        // It goes without an end to its transaction.
        beginTransaction("open").close(Duration.ZERO);
        clock.advance(Duration.ofSeconds(40));
        stop();
        open(0);
        Admin admin = admin();
        assertEquals(TransactionState.ONGOING, describe(admin).state());
        clock.advance(Duration.ofSeconds(19));
        assertEquals(TransactionState.ONGOING, describe(admin).state());
        clock.advance(Duration.ofSeconds(1));
        awaitState(admin, TransactionState.COMPLETE_ABORT);
        send(producer(Map.of()), List.of(new ProducerRecord<>(topic, "plain")));
        assertEquals(List.of("plain"), values(poll(committedReader(), 1)));
    }

    @Test
    void shouldForgetAnIdThatIsSilentForLong() throws Exception {
        Admin admin = admin();
        Producer<String, String> silent = beginTransaction("kept");
        silent.commitTransaction();
        awaitState(admin, TransactionState.COMPLETE_COMMIT);
        clock.advance(Duration.ofHours(23));
        assertEquals(TransactionState.COMPLETE_COMMIT, describe(admin).state());
        stop();
        open(0);
        Admin again = admin();
        assertEquals(TransactionState.COMPLETE_COMMIT, describe(again).state());
        clock.advance(Duration.ofHours(1));
        Await.until(
                "the id is forgotten", () -> get(again.listTransactions().all()).isEmpty());
        assertFails(
                TransactionalIdNotFoundException.class,
                again.describeTransactions(Set.of(ID)).description(ID));
        beginTransaction("anew").commitTransaction();
        assertEquals(List.of("kept", "anew"), values(poll(committedReader(), 2)));
    }

    @Test
    void shouldTellAProducerWhoseIdIsForgotten() throws Exception {
        Producer<String, String> silent = beginTransaction("kept");
        silent.commitTransaction();
        Admin admin = admin();
        awaitState(admin, TransactionState.COMPLETE_COMMIT);
        clock.advance(Duration.ofDays(1));
        Await.until(
                "the id is forgotten", () -> get(admin.listTransactions().all()).isEmpty());
        silent.beginTransaction();
        Exception failure = assertThrows(
                Exception.class, () -> send(silent, List.of(new ProducerRecord<>(topic, "by a stranger"))));
        assertEquals(InvalidPidMappingException.class, failure.getCause().getClass());
        assertEquals(List.of("kept"), values(poll(committedReader(), 1)));
    }
}
