package io.ottla.broker.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.util.internal.PlatformDependent;
import io.ottla.broker.EmbeddedBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Restarting and killing. */
class BrokerLifeTest {

    @TempDir
    private Path folder;

    private static Producer<String, String> producer(EmbeddedBroker broker) {
        Map<String, Object> properties = broker.clientProperties();
        properties.put("reconnect.backoff.max.ms", 50);
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }

    private static void send(Producer<String, String> producer, String value) throws Exception {
        producer.send(new ProducerRecord<>("orders", value)).get(30, TimeUnit.SECONDS);
    }

    @Test
    void shouldComeBackOnTheSamePortWithTheSameData() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 1).start();
                Producer<String, String> producer = producer(broker)) {
            int port = broker.port();
            send(producer, "before");
            broker.restart();
            assertEquals(port, broker.port());
            send(producer, "between");
            broker.restart();
            send(producer, "after");
            broker.topic("orders").assertValues("before", "between", "after");
        }
    }

    @Test
    void shouldKeepWhatWasAcknowledgedWhenItIsKilled() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                        .dataFolder(folder)
                        .topic("orders", 1)
                        .start();
                Producer<String, String> producer = producer(broker)) {
            int port = broker.port();
            for (int i = 0; i < 3; i++) {
                send(producer, "value " + i);
                broker.kill();
                assertFalse(broker.isRunning());
                assertFalse(Files.exists(folder.resolve(".kafka_cleanshutdown")));
                broker.kill();
                broker.restart();
                assertTrue(broker.isRunning());
            }
            assertEquals(port, broker.port());
            broker.topic("orders").assertValues("value 0", "value 1", "value 2");
        }
        assertTrue(Files.exists(folder.resolve(".kafka_cleanshutdown")));
    }

    @Test
    void shouldRefuseConnectionsWhileItIsDownAndKeepItsPort() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            int port = broker.port();
            for (int i = 0; i < 3; i++) {
                broker.kill();
                assertThrows(ConnectException.class, () -> new Socket("localhost", port).close());
                broker.restart();
                new Socket("localhost", port).close();
            }
        }
    }

    @Test
    void shouldRefuseWhatNeedsARunningBroker() {
        EmbeddedBroker broker = EmbeddedBroker.start();
        broker.kill();
        assertThrows(IllegalStateException.class, broker::reset);
        assertThrows(IllegalStateException.class, () -> broker.createTopic("orders"));
        assertThrows(IllegalStateException.class, () -> broker.topic("orders").exists());
        broker.close();
        assertThrows(IllegalStateException.class, broker::restart);
    }

    @Test
    void shouldNotCostMoreWithEveryBroker() {
        Map<Object, Object> properties = Map.copyOf(System.getProperties());
        for (int i = 0; i < 5; i++) {
            useABroker();
        }
        long filesBefore = openFiles();
        long memoryBefore = PlatformDependent.usedDirectMemory();
        for (int i = 0; i < 50; i++) {
            useABroker();
        }
        // What the JVM itself opens meanwhile is less than one for each broker.
        assertTrue(openFiles() < filesBefore + 25, openFiles() + " files, before " + filesBefore);
        // The pool grows to what its arenas need, and not with the brokers.
        long growth = PlatformDependent.usedDirectMemory() - memoryBefore;
        assertTrue(growth <= 16 << 20, growth + " bytes more");
        assertEquals(properties, Map.copyOf(System.getProperties()));
        assertEquals(
                List.of(),
                Thread.getAllStackTraces().keySet().stream()
                        .map(Thread::getName)
                        .filter(name -> name.startsWith("ottla"))
                        .toList());
    }

    private static void useABroker() {
        try (EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 1).start()) {
            broker.topic("orders").write("key", "value");
            new Socket("localhost", broker.port()).close();
            BrokerSnapshot snapshot = broker.snapshot();
            broker.kill();
            broker.restore(snapshot);
            broker.topic("orders").assertValues("value");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** 0 where the system does not say. */
    private static long openFiles() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                ? system.getOpenFileDescriptorCount()
                : 0;
    }

    @Test
    void shouldLeaveNothingBehindWhateverBecameOfIt() throws IOException {
        EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 2).start();
        Path data = broker.dataFolder();
        broker.topic("orders").write("key", "value");
        broker.snapshot();
        broker.kill();
        broker.restart();
        broker.reset();
        broker.kill();
        broker.close();
        assertFalse(Files.exists(data));
        String name = data.getFileName().toString();
        try (var siblings = Files.list(data.getParent())) {
            assertEquals(
                    List.of(),
                    siblings.filter(path -> path.getFileName().toString().startsWith(name))
                            .toList());
        }
        assertNull(Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("ottla-load"))
                .findAny()
                .orElse(null));
    }
}
