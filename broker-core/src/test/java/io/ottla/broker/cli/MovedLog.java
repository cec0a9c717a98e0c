package io.ottla.broker.cli;

import io.ottla.broker.clients.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeReplicaLogDirsResult.ReplicaLogDirInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A log that is moved between the directories of broker 1, seen by clients. */
final class MovedLog implements AutoCloseable {
    private static final String THROTTLE = "replica.alter.log.dirs.io.max.bytes.per.second";
    private static final TopicPartition PARTITION = new TopicPartition("moved", 0);
    private static final TopicPartitionReplica REPLICA = new TopicPartitionReplica("moved", 0, 1);
    private static final int VALUE_SIZE_BYTES = 10_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String server;
    private final Admin admin;

    MovedLog(String server) {
        this.server = server;
        admin = Admin.create(Map.of("bootstrap.servers", server));
    }

    /** Makes it; returns where. */
    String create() throws Exception {
        admin.createTopics(List.of(new NewTopic(PARTITION.topic(), 1, (short) 1)))
                .all()
                .get(60, TimeUnit.SECONDS);
        Await.until("the log is there", () -> place().getCurrentReplicaLogDir() != null);
        return place().getCurrentReplicaLogDir();
    }

    private ReplicaLogDirInfo place() throws Exception {
        return admin.describeReplicaLogDirs(List.of(REPLICA))
                .all()
                .get(60, TimeUnit.SECONDS)
                .get(REPLICA);
    }

    void awaitPlace(String path) throws Exception {
        Await.until("the log is in " + path, () -> {
            ReplicaLogDirInfo place = place();
            return place.getFutureReplicaLogDir() == null && path.equals(place.getCurrentReplicaLogDir());
        });
    }

    /** Has a move begun that does not end soon. */
    void move(String path) throws Exception {
        admin.alterReplicaLogDirs(Map.of(REPLICA, path)).all().get(60, TimeUnit.SECONDS);
        Await.until("some of it is there", () -> path.equals(place().getFutureReplicaLogDir()));
    }

    /** @param bytesPerSecond null for as fast as it goes */
    void throttle(String bytesPerSecond) throws Exception {
        AlterConfigOp.OpType operation =
                bytesPerSecond == null ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET;
        admin.incrementalAlterConfigs(Map.of(
                        new ConfigResource(ConfigResource.Type.BROKER, "1"),
                        List.of(new AlterConfigOp(new ConfigEntry(THROTTLE, bytesPerSecond), operation))))
                .all()
                .get(60, TimeUnit.SECONDS);
    }

    /** Writes so many records; returns how many. */
    int write(int count) throws Exception {
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", server), new ByteArraySerializer(), new ByteArraySerializer())) {
            List<Future<?>> acknowledgements = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                acknowledgements.add(
                        producer.send(new ProducerRecord<>(PARTITION.topic(), 0, null, new byte[VALUE_SIZE_BYTES])));
            }
            for (Future<?> acknowledgement : acknowledgements) {
                acknowledgement.get(60, TimeUnit.SECONDS);
            }
        }
        return count;
    }

    /** How many records can be read. */
    int count() {
        int count = 0;
        try (Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", server), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(PARTITION));
            consumer.seekToBeginning(List.of(PARTITION));
            long endOffset = consumer.endOffsets(List.of(PARTITION)).get(PARTITION);
            while (consumer.position(PARTITION, PATIENCE) < endOffset) {
                count += consumer.poll(Duration.ofMillis(100)).count();
            }
        }
        return count;
    }

    @Override
    public void close() {
        admin.close();
    }
}
