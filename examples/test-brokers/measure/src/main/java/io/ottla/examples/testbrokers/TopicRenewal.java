package io.ottla.examples.testbrokers;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Topics as new where a broker has no better way: deleted, created again, and waited for. */
public final class TopicRenewal implements AutoCloseable {

    private final Admin admin;
    private final List<String> topics;

    /** With a client that stays connected, as a test class would have one. */
    public TopicRenewal(String bootstrapServers, List<String> topics) {
        admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
        this.topics = topics;
    }

    /** Creates the topics, and returns when they have leaders. */
    public void create() throws ExecutionException, InterruptedException {
        if (topics.isEmpty()) {
            return;
        }
        admin.createTopics(topics.stream()
                        .map(name -> new NewTopic(name, 1, (short) 1))
                        .toList())
                .all()
                .get();
        while (!allHaveLeaders()) {
            Thread.onSpinWait();
        }
    }

    /** Deletes them and creates them again. */
    public void renew() throws ExecutionException, InterruptedException {
        admin.deleteTopics(topics).all().get();
        create();
    }

    private boolean allHaveLeaders() throws ExecutionException, InterruptedException {
        try {
            return admin.describeTopics(topics).allTopicNames().get().values().stream()
                    .flatMap(topic -> topic.partitions().stream())
                    .allMatch(partition -> partition.leader() != null);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        admin.close();
    }
}
