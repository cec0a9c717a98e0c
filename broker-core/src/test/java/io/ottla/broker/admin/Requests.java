package io.ottla.broker.admin;

import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;

/** Short ways to write administrative requests down. */
final class Requests {

    private static final int TIMEOUT_MS = 10_000;

    private Requests() {}

    static CreatableTopic topic(String name, int partitions, int replicationFactor) {
        return new CreatableTopic().setName(name).setNumPartitions(partitions).setReplicationFactor((short)
                replicationFactor);
    }

    static CreatableTopic with(CreatableTopic topic, String... keysAndValues) {
        for (int i = 0; i < keysAndValues.length; i += 2) {
            topic.configs()
                    .add(new CreatableTopicConfig().setName(keysAndValues[i]).setValue(keysAndValues[i + 1]));
        }
        return topic;
    }

    static CreatableTopic assigned(String name, int partition, Integer... brokers) {
        return assigned(topic(name, -1, -1), partition, brokers);
    }

    static CreatableTopic assigned(CreatableTopic topic, int partition, Integer... brokers) {
        topic.assignments()
                .add(new CreatableReplicaAssignment()
                        .setPartitionIndex(partition)
                        .setBrokerIds(List.of(brokers)));
        return topic;
    }

    static CreateTopicsRequestData creation(CreatableTopic... topics) {
        CreateTopicsRequestData request = new CreateTopicsRequestData().setTimeoutMs(TIMEOUT_MS);
        for (CreatableTopic topic : topics) {
            request.topics().add(topic);
        }
        return request;
    }

    static MetadataRequestData metadata(String... names) {
        return new MetadataRequestData()
                .setAllowAutoTopicCreation(false)
                .setTopics(Arrays.stream(names)
                        .map(name -> new MetadataRequestData.MetadataRequestTopic().setName(name))
                        .toList());
    }

    static MetadataRequestData metadataById(String name, Uuid... ids) {
        return new MetadataRequestData()
                .setAllowAutoTopicCreation(false)
                .setTopics(Arrays.stream(ids)
                        .map(id -> new MetadataRequestData.MetadataRequestTopic()
                                .setName(name)
                                .setTopicId(id))
                        .toList());
    }

    static DeleteTopicsRequestData deleteNames(String... names) {
        return new DeleteTopicsRequestData().setTimeoutMs(TIMEOUT_MS).setTopicNames(List.of(names));
    }

    /** Strings are names, uuids are ids. */
    static DeleteTopicsRequestData delete(Object... namesAndIds) {
        DeleteTopicsRequestData request = new DeleteTopicsRequestData().setTimeoutMs(TIMEOUT_MS);
        for (Object each : namesAndIds) {
            DeleteTopicsRequestData.DeleteTopicState state = new DeleteTopicsRequestData.DeleteTopicState();
            request.topics().add(each instanceof Uuid id ? state.setTopicId(id) : state.setName((String) each));
        }
        return request;
    }

    /** Adds partitions, each on the brokers given for it; none given lets the broker choose. */
    static CreatePartitionsRequestData grow(String name, int count, List<?>... assignments) {
        CreatePartitionsRequestData.CreatePartitionsTopic topic =
                new CreatePartitionsRequestData.CreatePartitionsTopic()
                        .setName(name)
                        .setCount(count)
                        .setAssignments(null);
        if (assignments.length > 0) {
            topic.setAssignments(Arrays.stream(assignments)
                    .map(brokers -> new CreatePartitionsRequestData.CreatePartitionsAssignment()
                            .setBrokerIds(
                                    brokers.stream().map(Integer.class::cast).toList()))
                    .toList());
        }
        CreatePartitionsRequestData request = new CreatePartitionsRequestData().setTimeoutMs(TIMEOUT_MS);
        request.topics().add(topic);
        return request;
    }

    static DescribeTopicPartitionsRequestData page(
            int limit, String cursorTopic, int cursorPartition, String... names) {
        DescribeTopicPartitionsRequestData request = new DescribeTopicPartitionsRequestData()
                .setResponsePartitionLimit(limit)
                .setTopics(Arrays.stream(names)
                        .map(name -> new DescribeTopicPartitionsRequestData.TopicRequest().setName(name))
                        .toList());
        return cursorTopic == null
                ? request
                : request.setCursor(new DescribeTopicPartitionsRequestData.Cursor()
                        .setTopicName(cursorTopic)
                        .setPartitionIndex(cursorPartition));
    }

    static DescribeConfigsRequestData describe(int type, String name, String... keys) {
        return new DescribeConfigsRequestData()
                .setIncludeSynonyms(true)
                .setResources(List.of(new DescribeConfigsRequestData.DescribeConfigsResource()
                        .setResourceType((byte) type)
                        .setResourceName(name)
                        .setConfigurationKeys(keys.length == 0 ? null : List.of(keys))));
    }

    /** Changes are triples of key, operation and value. */
    static IncrementalAlterConfigsRequestData alter(int type, String name, Object... changes) {
        IncrementalAlterConfigsRequestData.AlterConfigsResource resource =
                new IncrementalAlterConfigsRequestData.AlterConfigsResource()
                        .setResourceType((byte) type)
                        .setResourceName(name);
        for (int i = 0; i < changes.length; i += 3) {
            resource.configs()
                    .add(new IncrementalAlterConfigsRequestData.AlterableConfig()
                            .setName((String) changes[i])
                            .setConfigOperation(((Integer) changes[i + 1]).byteValue())
                            .setValue((String) changes[i + 2]));
        }
        IncrementalAlterConfigsRequestData request = new IncrementalAlterConfigsRequestData();
        request.resources().add(resource);
        return request;
    }

    static AlterConfigsRequestData replace(int type, String name, String... keysAndValues) {
        AlterConfigsRequestData.AlterConfigsResource resource = new AlterConfigsRequestData.AlterConfigsResource()
                .setResourceType((byte) type)
                .setResourceName(name);
        for (int i = 0; i < keysAndValues.length; i += 2) {
            resource.configs()
                    .add(new AlterConfigsRequestData.AlterableConfig()
                            .setName(keysAndValues[i])
                            .setValue(keysAndValues[i + 1]));
        }
        AlterConfigsRequestData request = new AlterConfigsRequestData();
        request.resources().add(resource);
        return request;
    }
}
