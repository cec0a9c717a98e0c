package io.ottla.broker.control;

import io.ottla.broker.testing.BrokerClock;
import io.ottla.broker.testing.BrokerOverview;
import io.ottla.broker.testing.BrokerSnapshot;
import io.ottla.broker.testing.BrokerTopic;
import io.ottla.broker.testing.BrokerWaits;
import io.ottla.broker.testing.fault.Faults;
import io.ottla.broker.testing.journal.Journal;
import java.util.Map;

/** What the end point needs of a broker; each method is that of {@code EmbeddedBroker}. */
public interface ControlledBroker {

    String bootstrapServers();

    boolean isRunning();

    BrokerOverview overview();

    BrokerTopic topic(String name);

    void createTopic(String name, int partitions, Map<String, String> topicConfigs);

    void reset();

    void restart();

    void kill();

    BrokerSnapshot snapshot();

    void restore(BrokerSnapshot snapshot);

    BrokerClock clock();

    Faults faults();

    Journal journal();

    BrokerWaits await();
}
