package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;

class TopicAdminTest extends ClientTest {

    @Test
    void shouldCreateListAndDeleteTopics() throws Exception {
        Admin admin = admin();
        String topic = unique("life");

        CreateTopicsResult created = admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1)));
        get(created.all());

        assertEquals(3, get(created.numPartitions(topic)));
        assertEquals(1, get(created.replicationFactor(topic)));
        assertTrue(get(admin.listTopics().names()).contains(topic));
        assertEquals(3, consumer(Map.of()).partitionsFor(topic).size());

        get(admin.deleteTopics(List.of(topic)).all());

        assertFalse(get(admin.listTopics().names()).contains(topic));
        assertFails(
                UnknownTopicOrPartitionException.class,
                admin.deleteTopics(List.of(topic)).all());
    }

    @Test
    void shouldCreateATopicWithTheDefaults() throws Exception {
        CreateTopicsResult created =
                admin().createTopics(List.of(new NewTopic(unique("defaults"), Optional.empty(), Optional.empty())));

        get(created.all());

        String topic = created.values().keySet().iterator().next();
        assertEquals(1, get(created.numPartitions(topic)));
        assertEquals(1, get(created.replicationFactor(topic)));
        assertEquals("604800000", get(created.config(topic)).get("retention.ms").value());
    }

    @Test
    void shouldRefuseTopicsAsApacheKafkaDoes() throws Exception {
        Admin admin = admin();
        String topic = createTopic(1, Map.of());

        TopicExistsException exists =
                assertFails(TopicExistsException.class, create(admin, new NewTopic(topic, 1, (short) 1)));
        assertEquals("Topic '" + topic + "' already exists.", exists.getMessage());
        InvalidTopicException invalid =
                assertFails(InvalidTopicException.class, create(admin, new NewTopic("bad name", 1, (short) 1)));
        assertEquals(
                "Topic name is invalid: 'bad name' contains one or more characters other than ASCII alphanumerics, '.', "
                        + "'_' and '-'",
                invalid.getMessage());
        assertFails(InvalidTopicException.class, create(admin, new NewTopic("x".repeat(250), 1, (short) 1)));
        assertFails(InvalidTopicException.class, create(admin, new NewTopic("..", 1, (short) 1)));
        assertFails(InvalidReplicationFactorException.class, create(admin, new NewTopic(unique("two"), 1, (short) 2)));
        assertFails(InvalidPartitionsException.class, create(admin, new NewTopic(unique("zero"), 0, (short) 1)));
        NewTopic badConfig = new NewTopic(unique("config"), 1, (short) 1).configs(Map.of("retention.ms", "soon"));
        assertFails(InvalidConfigurationException.class, create(admin, badConfig));
    }

    private static org.apache.kafka.common.KafkaFuture<Void> create(Admin admin, NewTopic topic) {
        return admin.createTopics(List.of(topic)).all();
    }

    @Test
    void shouldOnlyCheckWhenAskedTo() throws Exception {
        Admin admin = admin();
        String topic = unique("checked");

        get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1)), new CreateTopicsOptions().validateOnly(true))
                .all());

        assertFalse(get(admin.listTopics().names()).contains(topic));
    }

    @Test
    void shouldAddPartitions() throws Exception {
        Admin admin = admin();
        String topic = createTopic(1, Map.of());
        sendNumbers(topic, 0, 1);

        get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all());

        assertEquals(3, consumer(Map.of()).partitionsFor(topic).size());
        InvalidPartitionsException fewer = assertFails(
                InvalidPartitionsException.class,
                admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2)))
                        .all());
        assertEquals(
                "The topic " + topic + " currently has 3 partition(s); 2 would not be an increase.",
                fewer.getMessage());
    }

    @Test
    void shouldChangeTheConfigurationOfATopic() throws Exception {
        Admin admin = admin();
        String topic = createTopic(1, Map.of("retention.ms", "1000000", "cleanup.policy", "compact"));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        assertEquals(Map.of("retention.ms", "1000000", "cleanup.policy", "compact"), ownConfig(admin, resource));

        get(admin.incrementalAlterConfigs(Map.of(
                        resource,
                        List.of(
                                new AlterConfigOp(new ConfigEntry("retention.ms", "2000000"), AlterConfigOp.OpType.SET),
                                new AlterConfigOp(
                                        new ConfigEntry("cleanup.policy", "delete"), AlterConfigOp.OpType.APPEND))))
                .all());
        assertEquals(Map.of("retention.ms", "2000000", "cleanup.policy", "compact,delete"), ownConfig(admin, resource));

        get(admin.incrementalAlterConfigs(Map.of(
                        resource,
                        List.of(new AlterConfigOp(new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE))))
                .all());
        assertEquals(Map.of("cleanup.policy", "compact,delete"), ownConfig(admin, resource));

        assertFails(
                InvalidConfigurationException.class,
                admin.incrementalAlterConfigs(Map.of(
                                resource,
                                List.of(new AlterConfigOp(
                                        new ConfigEntry("retention.ms", "-5"), AlterConfigOp.OpType.SET))))
                        .all());
        assertEquals(Map.of("cleanup.policy", "compact,delete"), ownConfig(admin, resource));
    }

    private static Map<String, String> ownConfig(Admin admin, ConfigResource resource) throws Exception {
        Map<String, String> own = new HashMap<>();
        for (ConfigEntry entry : get(admin.describeConfigs(List.of(resource)).all())
                .get(resource)
                .entries()) {
            if (entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG) {
                own.put(entry.name(), entry.value());
            }
        }
        return own;
    }

    @Test
    void shouldRefuseToDescribeTheConfigurationOfAnUnknownTopic() {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, unique("unknown"));

        assertFails(
                UnknownTopicOrPartitionException.class,
                admin().describeConfigs(List.of(resource)).all());
    }

    @Test
    void shouldDescribeTheCluster() throws Exception {
        DescribeClusterResult cluster = admin().describeCluster();

        assertEquals(1, get(cluster.nodes()).size());
        assertEquals(22, get(cluster.clusterId()).length());
        assertEquals(
                bootstrapServers(),
                get(cluster.controller()).host() + ":"
                        + get(cluster.controller()).port());
    }

    @Test
    void shouldDescribeItsLogFolder() throws Exception {
        Admin admin = admin();
        String topic = createTopic(2, Map.of());
        sendNumbers(topic, 0, 10);
        int brokerId = get(admin.describeCluster().controller()).id();

        Map<String, LogDirDescription> folders =
                get(admin.describeLogDirs(List.of(brokerId)).allDescriptions()).get(brokerId);

        assertEquals(1, folders.size());
        LogDirDescription folder = folders.values().iterator().next();
        assertTrue(folder.replicaInfos().get(new TopicPartition(topic, 0)).size() > 0);
        assertEquals(0, folder.replicaInfos().get(new TopicPartition(topic, 1)).size());
    }

    @Test
    void shouldNotMakeATopicForAnAdministratorThatLooks() throws Exception {
        Admin admin = admin();
        String topic = unique("looked-for");

        assertFails(
                UnknownTopicOrPartitionException.class,
                admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2)))
                        .all());

        assertFalse(get(admin.listTopics().names()).contains(topic));
    }
}
