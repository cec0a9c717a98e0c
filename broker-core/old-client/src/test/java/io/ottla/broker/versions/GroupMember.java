package io.ottla.broker.versions;

import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.utils.AppInfoParser;

/**
 * A member of a group that polls on a thread of its own and commits what it has handed over. Made by
 * {@link MixedClientsTest} in a class loader with a client of its own: only classes of the JDK go in and out.
 */
public final class GroupMember implements IntSupplier, AutoCloseable {
    private final KafkaConsumer<String, String> consumer;
    private final Consumer<String> values;
    private final AtomicInteger assigned = new AtomicInteger();
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private volatile boolean closing;

    /** Begins to poll; the values go to {@code values}, on another thread. */
    public GroupMember(Map<String, Object> config, String topic, Consumer<String> values) {
        this.consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
        this.values = values;
        consumer.subscribe(Collections.singletonList(topic));
        new Thread(this::run, "group-member-" + this).start();
    }

    private void run() {
        try {
            poll();
            consumer.close();
            end.complete(null);
        } catch (RuntimeException e) {
            end.completeExceptionally(e);
        }
    }

    private void poll() {
        while (!closing) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(50))) {
                values.accept(record.value());
            }
            assigned.set(consumer.assignment().size());
        }
    }

    /** The version of the client. */
    @Override
    public String toString() {
        return AppInfoParser.getVersion();
    }

    /** How many partitions it has. */
    @Override
    public int getAsInt() {
        return assigned.get();
    }

    /** Leaves the group; fails if polling has failed. */
    @Override
    public void close() {
        closing = true;
        end.join();
    }
}
