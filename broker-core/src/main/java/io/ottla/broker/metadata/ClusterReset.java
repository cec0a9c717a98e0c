package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.AccessControlEntryRecord;
import io.ottla.protocol.message.ClientQuotaRecord;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.protocol.message.DelegationTokenRecord;
import io.ottla.protocol.message.FeatureLevelRecord;
import io.ottla.protocol.message.RemoveAccessControlEntryRecord;
import io.ottla.protocol.message.RemoveDelegationTokenRecord;
import io.ottla.protocol.message.RemoveTopicRecord;
import io.ottla.protocol.message.RemoveUserScramCredentialRecord;
import io.ottla.protocol.message.TopicRecord;
import io.ottla.protocol.message.UserScramCredentialRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Makes a cluster as it was when it was new: without topics, configurations, users, quotas and the like. The brokers stay registered, and
 * producer ids that were given out are not given out again.
 */
public final class ClusterReset {

    private ClusterReset() {}

    /**
     * Takes everything away in one step. May block on the file system.
     *
     * @param kept the ids of the topics that stay, with their configurations
     */
    public static void apply(MetadataStore store, Set<Uuid> kept) {
        store.update(image -> records(image, kept, store.staticConfig()));
        store.awaitCommitted();
    }

    static List<MetadataRecord> records(MetadataImage image, Set<Uuid> kept, BrokerConfig config) {
        List<MetadataRecord> initial = ClusterRecords.bootstrap(config);
        List<MetadataRecord> records = new ArrayList<>();
        ImageRecords.write(image, record -> {
            boolean stays = record instanceof TopicRecord topic && kept.contains(topic.topicId());
            if (!stays && !initial.remove(record)) {
                remove(record, records);
            }
        });
        records.addAll(initial);
        return records;
    }

    private static void remove(MetadataRecord record, List<MetadataRecord> out) {
        switch (record.type()) {
            case TOPIC_RECORD -> out.add(new RemoveTopicRecord().topicId(((TopicRecord) record).topicId()));
            case CONFIG_RECORD -> {
                ConfigRecord config = (ConfigRecord) record;
                // Those of a topic go with it.
                if (config.resourceType() != ConfigResource.TOPIC) {
                    out.add(config.value(null));
                }
            }
            case FEATURE_LEVEL_RECORD -> out.add(((FeatureLevelRecord) record).featureLevel((short) 0));
            case CLIENT_QUOTA_RECORD -> {
                ClientQuotaRecord quota = (ClientQuotaRecord) record;
                out.add(new ClientQuotaRecord()
                        .entity(quota.entity())
                        .key(quota.key())
                        .remove(true));
            }
            case USER_SCRAM_CREDENTIAL_RECORD -> {
                UserScramCredentialRecord credential = (UserScramCredentialRecord) record;
                out.add(new RemoveUserScramCredentialRecord()
                        .name(credential.name())
                        .mechanism(credential.mechanism()));
            }
            case ACCESS_CONTROL_ENTRY_RECORD ->
                out.add(new RemoveAccessControlEntryRecord().id(((AccessControlEntryRecord) record).id()));
            case DELEGATION_TOKEN_RECORD ->
                out.add(new RemoveDelegationTokenRecord().tokenId(((DelegationTokenRecord) record).tokenId()));
            default -> {
                // A part of what is taken away already, or of the cluster itself.
            }
        }
    }
}
