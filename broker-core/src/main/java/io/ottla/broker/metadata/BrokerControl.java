package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.message.BrokerRegistrationChangeRecord;
import io.ottla.protocol.message.PartitionChangeRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Lets brokers come and go, and has partitions led by those that are there. Thread-safe; methods may block on the file system. */
public final class BrokerControl {

    private final MetadataStore store;

    public BrokerControl(MetadataStore store) {
        this.store = store;
    }

    /**
     * Makes the brokers known that serve from now on, each with a new epoch, as the only ones: any other that the metadata has is fenced,
     * and what it led gets another leader.
     *
     * @return the ids of those others, sorted
     */
    public List<Integer> registerAll(List<Registration> registrations) {
        Set<Integer> present = new HashSet<>();
        registrations.forEach(registration -> present.add(registration.brokerId()));
        List<Integer> absent = new ArrayList<>();
        store.update(image -> {
            List<MetadataRecord> records = new ArrayList<>();
            for (BrokerImage broker : image.brokers()) {
                if (!present.contains(broker.id())) {
                    absent.add(broker.id());
                    if (!broker.fenced()) {
                        records.add(fenced(broker));
                    }
                }
            }
            addRegistrations(registrations, records);
            return settled(image, records);
        });
        store.awaitCommitted();
        return absent;
    }

    /** Makes one broker known that serves from now on: its replicas are in sync, and it leads what nobody leads. */
    public void register(Registration registration) {
        store.update(image -> {
            List<MetadataRecord> records = new ArrayList<>();
            addRegistrations(List.of(registration), records);
            return settled(image, records);
        });
        store.awaitCommitted();
    }

    private void addRegistrations(Collection<Registration> registrations, List<MetadataRecord> records) {
        for (Registration registration : registrations) {
            // The epoch of a broker is the offset of its registration.
            records.addAll(ClusterRecords.register(registration, store.log().endOffset() + records.size()));
        }
    }

    /**
     * Fences a broker: it leaves the ISR of its partitions, and others lead.
     *
     * @throws ApiException BROKER_ID_NOT_REGISTERED
     */
    public void fence(int brokerId) {
        store.update(image -> {
            BrokerImage broker = image.broker(brokerId);
            if (broker == null) {
                throw new ApiException(
                        ErrorCode.BROKER_ID_NOT_REGISTERED, "Broker ID " + brokerId + " is not currently registered");
            }
            return broker.fenced() ? List.of() : settled(image, List.of(fenced(broker)));
        });
        store.awaitCommitted();
    }

    /**
     * Has another broker lead a partition.
     *
     * @throws ApiException UNKNOWN_TOPIC_OR_PARTITION, or ELIGIBLE_LEADERS_NOT_AVAILABLE if the broker is none of the replicas in sync
     */
    public void moveLeader(String topicName, int index, int brokerId) {
        store.update(image -> {
            TopicImage topic = image.topic(topicName);
            PartitionImage partition = topic == null ? null : topic.partition(index);
            if (partition == null) {
                throw new ApiException(
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no partition " + topicName + "-" + index);
            }
            Leadership leadership = new Leadership(image, store.brokerConfig());
            if (!partition.isr().contains(brokerId) || !leadership.serves(brokerId)) {
                throw new ApiException(
                        ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
                        "Broker " + brokerId + " cannot lead " + topicName + "-" + index + ": its replicas are "
                                + partition.replicas() + ", in sync are " + partition.isr());
            }
            PartitionChangeRecord record =
                    leadership.change(topic, partition).prefer(brokerId).record();
            return record == null ? List.of() : List.of(record);
        });
        store.awaitCommitted();
    }

    /** The records, and what follows from them for the partitions. */
    private List<MetadataRecord> settled(MetadataImage image, List<MetadataRecord> records) {
        MetadataDelta delta = new MetadataDelta(image);
        records.forEach(record -> delta.replay(record, image.offset()));
        List<MetadataRecord> all = new ArrayList<>(records);
        all.addAll(new Leadership(delta.build(), store.brokerConfig()).reconcile());
        return all;
    }

    private static BrokerRegistrationChangeRecord fenced(BrokerImage broker) {
        return new BrokerRegistrationChangeRecord()
                .brokerId(broker.id())
                .brokerEpoch(broker.epoch())
                .fenced(ClusterRecords.FENCED);
    }
}
