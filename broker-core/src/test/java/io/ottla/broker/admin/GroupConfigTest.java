package io.ottla.broker.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.clients.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code kafka-configs --entity-type groups} does: the settings of a group that is at work. */
class GroupConfigTest {

    private static final String GROUP = "sensors";
    private static final ConfigResource RESOURCE = new ConfigResource(ConfigResource.Type.GROUP, GROUP);

    private EmbeddedBroker broker;
    private Admin admin;
    private KafkaWire wire;

    @BeforeEach
    void start() throws Exception {
        broker = EmbeddedBroker.builder()
                .config("group.consumer.heartbeat.interval.ms", "2000")
                .config("group.consumer.min.session.timeout.ms", "300")
                .config("group.consumer.assignors", "org.apache.kafka.coordinator.group.assignor.RangeAssignor,uniform")
                .start();
        String address = broker.bootstrapServers();
        int colon = address.lastIndexOf(':');
        admin = Admin.create(Map.of("bootstrap.servers", address));
        wire = new KafkaWire(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        admin.createTopics(List.of(new NewTopic("readings", 2, (short) 1)))
                .all()
                .get();
    }

    @AfterEach
    void stop() throws Exception {
        wire.close();
        admin.close();
        broker.close();
    }

    private ConsumerGroupHeartbeatResponseData beat(String memberId, int epoch) throws Exception {
        ConsumerGroupHeartbeatRequestData request = new ConsumerGroupHeartbeatRequestData()
                .setGroupId(GROUP)
                .setMemberId(memberId)
                .setMemberEpoch(epoch);
        if (epoch == 0) {
            request.setRebalanceTimeoutMs(60_000)
                    .setSubscribedTopicNames(List.of("readings"))
                    .setTopicPartitions(List.of());
        }
        return (ConsumerGroupHeartbeatResponseData) wire.call(request, 1);
    }

    private void alter(AlterConfigOp.OpType operation, String... keysAndValues) throws Exception {
        List<AlterConfigOp> operations = new ArrayList<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            operations.add(new AlterConfigOp(new ConfigEntry(keysAndValues[i], keysAndValues[i + 1]), operation));
        }
        admin.incrementalAlterConfigs(Map.of(RESOURCE, operations)).all().get();
    }

    private ConfigEntry described(String key) throws Exception {
        return admin.describeConfigs(List.of(RESOURCE))
                .all()
                .get()
                .get(RESOURCE)
                .get(key);
    }

    private GroupState state() throws Exception {
        return admin.describeConsumerGroups(List.of(GROUP))
                .all()
                .get()
                .get(GROUP)
                .groupState();
    }

    @Test
    void shouldTakeEffectWhileMembersAreThere() throws Exception {
        ConsumerGroupHeartbeatResponseData joined = beat("a", 0);
        assertEquals(2_000, joined.heartbeatIntervalMs());
        int epoch = joined.memberEpoch();

        alter(AlterConfigOp.OpType.SET, "consumer.heartbeat.interval.ms", "150");
        assertEquals(150, beat("a", epoch).heartbeatIntervalMs());
        assertEquals("150", described("consumer.heartbeat.interval.ms").value());
        assertEquals(
                ConfigEntry.ConfigSource.DYNAMIC_GROUP_CONFIG,
                described("consumer.heartbeat.interval.ms").source());

        alter(AlterConfigOp.OpType.DELETE, "consumer.heartbeat.interval.ms", null);
        assertEquals(2_000, beat("a", epoch).heartbeatIntervalMs());

        // From the next heartbeat on.
        alter(AlterConfigOp.OpType.SET, "consumer.session.timeout.ms", "400", "consumer.heartbeat.interval.ms", "100");
        assertEquals(GroupState.STABLE, state());
        assertEquals(0, beat("a", epoch).errorCode());
        Await.until("the member is put out", () -> state() == GroupState.EMPTY);

        alter(AlterConfigOp.OpType.DELETE, "consumer.session.timeout.ms", null);
        int target = beat("a", 0).memberEpoch();
        alter(AlterConfigOp.OpType.SET, "consumer.assignment.interval.ms", "15000");
        assertEquals(target, beat("b", 0).memberEpoch());
        assertEquals(GroupState.ASSIGNING, state());
        alter(AlterConfigOp.OpType.DELETE, "consumer.assignment.interval.ms", null);
        assertEquals(target + 1, beat("b", target).memberEpoch());
    }

    @Test
    void shouldBeKeptWithinWhatTheBrokerAllows() throws Exception {
        int epoch = beat("a", 0).memberEpoch();
        assertRefused("consumer.heartbeat.interval.ms", "99");
        assertRefused("consumer.heartbeat.interval.ms", "15001");
        assertRefused("consumer.heartbeat.interval.ms", "often");
        assertRefused("consumer.session.timeout.ms", "299");
        assertRefused("consumer.session.timeout.ms", "60001");
        // Not longer than the interval of heartbeats.
        assertRefused("consumer.session.timeout.ms", "2000");
        assertRefused("consumer.assignment.interval.ms", "15001");
        assertRefused("consumer.no.such.key", "1");
        assertEquals(2_000, beat("a", epoch).heartbeatIntervalMs());
        assertEquals("45000", described("consumer.session.timeout.ms").value());
    }

    @Test
    void shouldTakeTheFirstAssignorOfTheBroker() throws Exception {
        beat("a", 0);
        assertEquals("range", assignor());
    }

    private String assignor() throws Exception {
        return admin.describeConsumerGroups(List.of(GROUP))
                .all()
                .get()
                .get(GROUP)
                .partitionAssignor();
    }

    private void assertRefused(String key, String value) {
        ExecutionException refused =
                assertThrows(ExecutionException.class, () -> alter(AlterConfigOp.OpType.SET, key, value));
        assertEquals(InvalidConfigurationException.class, refused.getCause().getClass());
    }
}
