package io.ottla.broker.handler;

import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.metadata.TopicNames;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeTopicPartitionsRequest;
import io.ottla.protocol.message.DescribeTopicPartitionsRequest.TopicRequest;
import io.ottla.protocol.message.DescribeTopicPartitionsResponse;
import io.ottla.protocol.message.DescribeTopicPartitionsResponse.Cursor;
import io.ottla.protocol.message.DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition;
import io.ottla.protocol.message.DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * Describes topics page by page (KIP-966): topics come in the order of their names, and an answer that is full says where the
 * next one begins.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_DescribeTopicPartitions">DescribeTopicPartitions</a>
 */
public final class DescribeTopicPartitionsHandler extends RequestHandler<DescribeTopicPartitionsRequest> {

    private final MetadataStore store;

    public DescribeTopicPartitionsHandler(MetadataStore store) {
        super(ApiKey.DESCRIBE_TOPIC_PARTITIONS);
        this.store = store;
    }

    @Override
    public void handle(DescribeTopicPartitionsRequest request, RequestContext context) {
        MetadataImage image = store.image();
        DescribeTopicPartitionsRequest.Cursor cursor = request.cursor();
        if (cursor != null && cursor.partitionIndex() < 0) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "DescribeTopicPartitionsRequest cursor partition must be valid: " + cursor);
        }
        String from = cursor == null ? "" : cursor.topicName();
        boolean all = request.topics().isEmpty();
        List<String> asked = all ? List.of() : namesFrom(request.topics(), from);
        if (cursor != null && !all && (asked.isEmpty() || !asked.get(0).equals(from))) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "DescribeTopicPartitionsRequest topic list should contain the cursor topic: " + from);
        }
        Iterator<String> names = all ? allNames(image, from) : asked.iterator();
        int limit = Math.max(
                Math.min(request.responsePartitionLimit(), store.brokerConfig().maxRequestPartitionSizeLimit()), 1);
        Page page = new Page(image, limit);
        while (names.hasNext() && page.hasRoom(names)) {
            String name = names.next();
            // The topic of the cursor may be gone by now: the next one then begins at its beginning.
            page.add(name, cursor != null && name.equals(from) ? cursor.partitionIndex() : 0, !all);
        }
        context.respond(page.response);
    }

    private static Iterator<String> allNames(MetadataImage image, String from) {
        List<TopicImage> topics = image.topics();
        int low = 0;
        int high = topics.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (topics.get(middle).name().compareTo(from) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return topics.subList(low, topics.size()).stream().map(TopicImage::name).iterator();
    }

    /** The names that the page may begin with or go on to, each once, in order: a client names them all again for every page. */
    private static List<String> namesFrom(List<TopicRequest> topics, String from) {
        List<String> names = new ArrayList<>(topics.size());
        for (TopicRequest topic : topics) {
            if (topic.name().compareTo(from) >= 0) {
                names.add(topic.name());
            }
        }
        Collections.sort(names);
        List<String> distinct = new ArrayList<>(names.size());
        String last = null;
        for (String name : names) {
            if (!name.equals(last)) {
                distinct.add(name);
            }
            last = name;
        }
        return distinct;
    }

    /** One answer being filled. */
    private static final class Page {

        private final MetadataImage image;
        private final DescribeTopicPartitionsResponse response = new DescribeTopicPartitionsResponse();
        private int room;

        Page(MetadataImage image, int limit) {
            this.image = image;
            this.room = limit;
        }

        /** Whether another topic fits; if not, the answer says that it comes next. */
        boolean hasRoom(Iterator<String> rest) {
            if (response.nextCursor() != null) {
                return false;
            }
            if (room == 0) {
                response.nextCursor(new Cursor().topicName(rest.next()).partitionIndex(0));
                return false;
            }
            return true;
        }

        void add(String name, int firstPartition, boolean asked) {
            TopicImage topic = image.topic(name);
            if (topic == null) {
                if (asked) {
                    ErrorCode error = TopicNames.isValid(name)
                            ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                            : ErrorCode.INVALID_TOPIC_EXCEPTION;
                    response.topics()
                            .add(new DescribeTopicPartitionsResponseTopic()
                                    .name(name)
                                    .isInternal(TopicNames.isInternal(name))
                                    .topicAuthorizedOperations(AuthorizedOperations.TOPIC)
                                    .errorCode(error.code()));
                }
                return;
            }
            DescribeTopicPartitionsResponseTopic answer = new DescribeTopicPartitionsResponseTopic()
                    .name(name)
                    .topicId(topic.id())
                    .isInternal(topic.isInternal())
                    .topicAuthorizedOperations(AuthorizedOperations.TOPIC);
            int count = topic.partitions().size();
            int index = firstPartition;
            for (; index < count && room > 0; index++, room--) {
                answer.partitions().add(partition(topic.partitions().get(index)));
            }
            if (index < count) {
                response.nextCursor(new Cursor().topicName(name).partitionIndex(index));
            }
            response.topics().add(answer);
        }

        private DescribeTopicPartitionsResponsePartition partition(PartitionImage partition) {
            boolean hasLeader = partition.leader() != PartitionImage.NO_LEADER;
            return new DescribeTopicPartitionsResponsePartition()
                    .errorCode((hasLeader ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE).code())
                    .partitionIndex(partition.partition())
                    .leaderId(partition.leader())
                    .leaderEpoch(partition.leaderEpoch())
                    .replicaNodes(partition.replicas())
                    .isrNodes(partition.isr())
                    .eligibleLeaderReplicas(partition.details().eligibleLeaderReplicas())
                    .lastKnownElr(partition.details().lastKnownElr())
                    .offlineReplicas(image.offlineReplicas(partition));
        }
    }

    @Override
    public ApiMessage errorResponse(
            DescribeTopicPartitionsRequest request, short version, ErrorCode error, String message) {
        DescribeTopicPartitionsResponse response = new DescribeTopicPartitionsResponse();
        for (TopicRequest topic : request.topics()) {
            response.topics()
                    .add(new DescribeTopicPartitionsResponseTopic()
                            .name(topic.name())
                            .errorCode(error.code()));
        }
        return response;
    }
}
