package io.ottla.broker.versions;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.clients.Await;
import io.ottla.broker.clients.ClientTest;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clients of several versions in one classic group, each of them its leader once. */
class MixedClientsTest extends ClientTest {
    private static final int PARTITIONS = 6;

    private final Set<String> received = ConcurrentHashMap.newKeySet();
    private final List<URLClassLoader> loaders = new ArrayList<>();
    private final List<IntSupplier> members = new ArrayList<>();
    private int sent;

    @AfterEach
    void closeMembers() throws Exception {
        while (!members.isEmpty()) {
            leave();
        }
        for (URLClassLoader loader : loaders) {
            loader.close();
        }
    }

    @Test
    void shouldShareThePartitionsAmongClientsOfAllVersions() throws Exception {
        String topic = createTopic(PARTITIONS, Map.of());
        List<Path> clients = clients();
        assertEquals(3, clients.size(), clients::toString);
        for (Path client : clients) {
            members.add(join(client, topic));
            receiveFromAll(topic);
        }
        // The first one leads the group: each of them leaves as its leader, and comes back as the last one.
        for (Path client : clients) {
            leave();
            receiveFromAll(topic);
            members.add(join(client, topic));
            receiveFromAll(topic);
        }
        assertEquals(
                clients.size(), members.stream().map(Object::toString).distinct().count());
    }

    private static List<Path> clients() throws Exception {
        try (Stream<Path> jars = Files.list(Path.of(System.getProperty("clients.folder")))) {
            return jars.sorted().collect(Collectors.toList());
        }
    }

    private IntSupplier join(Path client, String topic) throws Exception {
        URL[] classPath = {
            client.toUri().toURL(),
            GroupMember.class.getProtectionDomain().getCodeSource().getLocation()
        };
        URLClassLoader loader = new URLClassLoader(classPath, new LoggingOnly());
        loaders.add(loader);
        Map<String, Object> config = Map.of(
                "bootstrap.servers", bootstrapServers(),
                "group.id", "mixed",
                "auto.offset.reset", "earliest",
                "heartbeat.interval.ms", 100);
        Consumer<String> values = received::add;
        Thread thread = Thread.currentThread();
        ClassLoader own = thread.getContextClassLoader();
        // Kafka's clients look for classes that a configuration names here first.
        thread.setContextClassLoader(loader);
        try {
            return (IntSupplier) loader.loadClass(GroupMember.class.getName())
                    .getConstructor(Map.class, String.class, Consumer.class)
                    .newInstance(config, topic, values);
        } finally {
            thread.setContextClassLoader(own);
        }
    }

    /** Lets the eldest go. */
    private void leave() throws Exception {
        ((AutoCloseable) members.remove(0)).close();
    }

    private void receiveFromAll(String topic) throws Exception {
        Await.until(this::shares, () -> members.stream()
                .allMatch(member -> member.getAsInt() == PARTITIONS / members.size()));
        send(
                producer(Collections.emptyMap()),
                IntStream.range(0, PARTITIONS)
                        .mapToObj(partition ->
                                new ProducerRecord<String, String>(topic, partition, null, Integer.toString(sent++)))
                        .collect(Collectors.toList()));
        Await.until(() -> received.size() + " of " + sent, () -> received.size() == sent);
    }

    private String shares() {
        return members.stream().map(member -> member + " has " + member.getAsInt()).collect(Collectors.joining(", "));
    }

    /** Has the logging of the tests and the JDK, and no client. */
    private static final class LoggingOnly extends ClassLoader {
        LoggingOnly() {
            super(ClassLoader.getPlatformClassLoader());
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith("org.slf4j.")) {
                return MixedClientsTest.class.getClassLoader().loadClass(name);
            }
            throw new ClassNotFoundException(name);
        }
    }
}
