package io.ottla.broker.cli;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;

/** All that clients can ask a broker about its data, as lines of text: two brokers with the same data say the same. */
final class FolderView {
    /** Its records are replaced at any time; what counts is the last value of each key. */
    static final String COMPACTED = "compacted";

    private static final long MIDDLE_TIMESTAMP_MS = FolderContent.FIRST_TIMESTAMP_MS + 20;

    private final Admin admin;
    private final String server;
    private final List<String> lines = new ArrayList<>();

    private FolderView(String server, Admin admin) {
        this.server = server;
        this.admin = admin;
    }

    static List<String> of(String server) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            FolderView view = new FolderView(server, admin);
            view.cluster();
            List<TopicPartition> partitions = view.topics();
            view.configs();
            view.offsets(partitions);
            view.records(partitions, "read_uncommitted");
            view.records(partitions, "read_committed");
            view.groups();
            view.transactions();
            view.producers(partitions);
            view.users();
            return view.lines;
        }
    }

    private void add(String line) {
        lines.add(line);
    }

    private void cluster() throws Exception {
        add("cluster %s".formatted(admin.describeCluster().clusterId().get()));
        Map<String, FinalizedVersionRange> features =
                new TreeMap<>(admin.describeFeatures().featureMetadata().get().finalizedFeatures());
        // Of groups that only Apache Kafka has.
        features.keySet().removeAll(List.of("share.version", "streams.version"));
        add("features %s".formatted(features));
    }

    private List<TopicPartition> topics() throws Exception {
        List<TopicPartition> partitions = new ArrayList<>();
        Map<String, TopicDescription> topics = admin.describeTopics(
                        admin.listTopics().names().get())
                .allTopicNames()
                .get();
        for (TopicDescription topic : new TreeMap<>(topics).values()) {
            add("topic %s %s %d partitions"
                    .formatted(topic.name(), topic.topicId(), topic.partitions().size()));
            topic.partitions().forEach(info -> partitions.add(new TopicPartition(topic.name(), info.partition())));
        }
        return partitions;
    }

    /** What somebody has set; the defaults are a broker's own. */
    private void configs() throws Exception {
        List<ConfigResource> resources = new ArrayList<>();
        for (String topic : new TreeSet<>(admin.listTopics().names().get())) {
            resources.add(new ConfigResource(ConfigResource.Type.TOPIC, topic));
        }
        resources.add(new ConfigResource(ConfigResource.Type.BROKER, "1"));
        resources.add(new ConfigResource(ConfigResource.Type.BROKER, ""));
        var configs = admin.describeConfigs(resources).all().get();
        for (ConfigResource resource : resources) {
            String set = configs.get(resource).entries().stream()
                    .filter(entry -> entry.source().name().startsWith("DYNAMIC_"))
                    .filter(entry -> resource.type() == ConfigResource.Type.BROKER
                            || entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG)
                    .map(entry -> entry.name() + "=" + entry.value())
                    .sorted()
                    .collect(Collectors.joining(" "));
            add("config of %s %s: %s".formatted(resource.type(), resource.name(), set));
        }
    }

    private void offsets(List<TopicPartition> partitions) throws Exception {
        Map<String, OffsetSpec> specs = new TreeMap<>(Map.of(
                "earliest", OffsetSpec.earliest(),
                "largest timestamp", OffsetSpec.maxTimestamp(),
                "latest", OffsetSpec.latest(),
                "at a timestamp", OffsetSpec.forTimestamp(MIDDLE_TIMESTAMP_MS)));
        for (Map.Entry<String, OffsetSpec> spec : specs.entrySet()) {
            Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
            partitions.stream().filter(FolderView::isStable).forEach(each -> asked.put(each, spec.getValue()));
            var found = admin.listOffsets(asked).all().get();
            for (TopicPartition partition : partitions) {
                if (isStable(partition)) {
                    var offset = found.get(partition);
                    add("offset of %s %s: %d, timestamp %d"
                            .formatted(partition, spec.getKey(), offset.offset(), offset.timestamp()));
                }
            }
        }
    }

    /** Internal topics are written to by the brokers themselves. */
    private static boolean isStable(TopicPartition partition) {
        return !partition.topic().equals(COMPACTED) && !partition.topic().startsWith("__");
    }

    private void records(List<TopicPartition> all, String isolation) {
        List<TopicPartition> partitions =
                all.stream().filter(each -> !each.topic().startsWith("__")).toList();
        Map<TopicPartition, List<ConsumerRecord<String, String>>> read = new HashMap<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", server, "isolation.level", isolation, "enable.auto.commit", false),
                new StringDeserializer(),
                new StringDeserializer())) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.get(each))) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    read.computeIfAbsent(
                                    new TopicPartition(record.topic(), record.partition()), key -> new ArrayList<>())
                            .add(record);
                }
            }
            for (TopicPartition partition : partitions) {
                if (isStable(partition)) {
                    add("%s end of %s: %d".formatted(isolation, partition, ends.get(partition)));
                    read.getOrDefault(partition, List.of())
                            .forEach(record -> add("%s in %s: %s".formatted(isolation, partition, text(record))));
                } else {
                    Map<String, String> values = new TreeMap<>();
                    read.getOrDefault(partition, List.of())
                            .forEach(record -> values.put(record.key(), String.valueOf(record.value())));
                    values.values().removeIf("null"::equals);
                    add("%s in %s: %s".formatted(isolation, partition, values));
                }
            }
        }
    }

    private static String text(ConsumerRecord<String, String> record) {
        StringBuilder headers = new StringBuilder();
        record.headers().forEach(header -> headers.append(' ')
                .append(header.key())
                .append('=')
                .append(new String(header.value(), StandardCharsets.UTF_8)));
        String value = record.value() == null || record.value().length() < 60
                ? record.value()
                : record.value().length() + " characters, hash "
                        + record.value().hashCode();
        return record.offset() + " " + record.timestampType() + " " + record.timestamp() + " " + record.key() + "="
                + value + headers;
    }

    private void groups() throws Exception {
        List<GroupListing> listings = admin.listGroups().all().get().stream()
                .sorted(Comparator.comparing(GroupListing::groupId))
                .toList();
        List<String> ids = listings.stream().map(GroupListing::groupId).toList();
        Map<String, ConsumerGroupDescription> groups =
                admin.describeConsumerGroups(ids).all().get();
        for (GroupListing listing : listings) {
            ConsumerGroupDescription group = groups.get(listing.groupId());
            // Without the epoch: each broker has its own hash of a group's topics, and assigns anew, the same, when it
            // is another.
            add("group %s, protocol %s, %s, %s"
                    .formatted(listing.groupId(), listing.protocol(), group.type(), group.groupState()));
            group.members().stream()
                    .map(member -> member.consumerId() + " " + member.clientId() + " " + member.groupInstanceId() + " "
                            + sorted(member.assignment().topicPartitions()))
                    .sorted()
                    .forEach(member -> add("member of %s: %s".formatted(listing.groupId(), member)));
            Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(listing.groupId())
                    .partitionsToOffsetAndMetadata()
                    .get();
            for (TopicPartition partition : sorted(offsets.keySet())) {
                add("offset of group %s in %s: %s".formatted(listing.groupId(), partition, offsets.get(partition)));
            }
        }
    }

    private static List<TopicPartition> sorted(Collection<TopicPartition> partitions) {
        return partitions.stream()
                .sorted(Comparator.comparing(TopicPartition::toString))
                .toList();
    }

    private void transactions() throws Exception {
        List<String> ids = admin.listTransactions().all().get().stream()
                .map(TransactionListing::transactionalId)
                .sorted()
                .toList();
        Map<String, TransactionDescription> transactions =
                admin.describeTransactions(ids).all().get();
        for (String id : ids) {
            TransactionDescription transaction = transactions.get(id);
            add("transactional id %s: %s, producer %d epoch %d, timeout %d, since %s in %s"
                    .formatted(
                            id,
                            transaction.state(),
                            transaction.producerId(),
                            transaction.producerEpoch(),
                            transaction.transactionTimeoutMs(),
                            transaction.transactionStartTimeMs(),
                            sorted(transaction.topicPartitions())));
        }
    }

    private void producers(List<TopicPartition> all) throws Exception {
        List<TopicPartition> partitions =
                all.stream().filter(FolderView::isStable).toList();
        var described = admin.describeProducers(partitions).all().get();
        for (TopicPartition partition : partitions) {
            described.get(partition).activeProducers().stream()
                    .sorted(Comparator.comparingLong(ProducerState::producerId))
                    .forEach(producer -> add("producer in %s: %s".formatted(partition, producer)));
        }
    }

    private void users() throws Exception {
        new TreeMap<>(admin.describeUserScramCredentials().all().get())
                .forEach((user, credentials) -> add("user %s: %s".formatted(user, credentials.credentialInfos())));
    }
}
