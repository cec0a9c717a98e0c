package io.ottla.examples.testbrokers.testkit;

import io.ottla.examples.testbrokers.RestartedBroker;
import io.ottla.examples.testbrokers.TestBroker;
import io.ottla.examples.testbrokers.TestBrokers;
import java.util.List;
import org.apache.kafka.common.test.KafkaClusterTestKit;
import org.apache.kafka.common.test.TestKitNodes;
import org.apache.kafka.common.utils.AppInfoParser;

/** {@link KafkaClusterTestKit} with one node, broker and controller at once, and the configuration that one node needs. */
public final class TestKitBrokers implements TestBrokers {

    @Override
    public String name() {
        return "KafkaClusterTestKit (Apache Kafka " + AppInfoParser.getVersion() + ")";
    }

    @Override
    public TestBroker start(List<String> topics) throws Exception {
        TestKitNodes nodes = new TestKitNodes.Builder()
                .setCombined(true)
                .setNumBrokerNodes(1)
                .setNumControllerNodes(1)
                .build();
        KafkaClusterTestKit kit = new KafkaClusterTestKit.Builder(nodes)
                .setConfigProp("offsets.topic.replication.factor", "1")
                // Otherwise each new group waits three seconds for more members.
                .setConfigProp("group.initial.rebalance.delay.ms", "0")
                .build();
        kit.format();
        kit.startup();
        kit.waitForReadyBrokers();
        Started started = new Started(this, topics, kit);
        started.createTopics();
        return started;
    }

    private static final class Started extends RestartedBroker {
        private final KafkaClusterTestKit kit;

        Started(TestBrokers kind, List<String> topics, KafkaClusterTestKit kit) {
            super(kind, topics);
            this.kit = kit;
        }

        @Override
        public String bootstrapServers() {
            return kit.bootstrapServers();
        }

        @Override
        protected void stop() throws Exception {
            kit.close();
        }
    }
}
