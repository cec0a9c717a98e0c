package io.ottla.broker.handler;

import io.ottla.broker.partition.BackgroundExecutor;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest.AlterReplicaLogDir;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic;
import io.ottla.protocol.message.AlterReplicaLogDirsResponse;
import io.ottla.protocol.message.AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult;
import io.ottla.protocol.message.AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * AlterReplicaLogDirs: wants partitions in a certain log directory of the broker (KIP-113). The answer says that a move has begun, not
 * that it has ended: that says DescribeLogDirs. Version 2 is flexible.
 *
 * <p>To begin a move makes files, so this runs on the background executor.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_AlterReplicaLogDirs">AlterReplicaLogDirs</a>
 */
public final class AlterReplicaLogDirsHandler extends RequestHandler<AlterReplicaLogDirsRequest> {

    private static final Logger LOG = LoggerFactory.getLogger(AlterReplicaLogDirsHandler.class);

    private final PartitionRegistry partitions;
    private final BackgroundExecutor executor;

    public AlterReplicaLogDirsHandler(PartitionRegistry partitions, BackgroundExecutor executor) {
        super(ApiKey.ALTER_REPLICA_LOG_DIRS);
        this.partitions = partitions;
        this.executor = executor;
    }

    @Override
    public void handle(AlterReplicaLogDirsRequest request, RequestContext context) {
        int brokerId = context.connection().brokerId();
        executor.execute(() -> context.respond(alter(request, brokerId)));
    }

    private AlterReplicaLogDirsResponse alter(AlterReplicaLogDirsRequest request, int brokerId) {
        AlterReplicaLogDirsResponse response = new AlterReplicaLogDirsResponse();
        wanted(request).forEach((topic, paths) -> {
            AlterReplicaLogDirTopicResult result = new AlterReplicaLogDirTopicResult().topicName(topic);
            paths.forEach((partition, path) -> result.partitions()
                    .add(new AlterReplicaLogDirPartitionResult()
                            .partitionIndex(partition)
                            .errorCode(alter(topic, partition, path, brokerId).code())));
            response.results().add(result);
        });
        return response;
    }

    private ErrorCode alter(String topic, int partition, String path, int brokerId) {
        try {
            return partitions.moves().alter(topic, partition, path, brokerId);
        } catch (RuntimeException e) {
            LOG.error("Moving {}-{} to {} failed", topic, partition, path, e);
            return ErrorCode.UNKNOWN_SERVER_ERROR;
        }
    }

    /** The path for each partition by topic; the last one where several are named. */
    private static Map<String, Map<Integer, String>> wanted(AlterReplicaLogDirsRequest request) {
        Map<String, Map<Integer, String>> wanted = new LinkedHashMap<>();
        for (AlterReplicaLogDir directory : request.dirs()) {
            for (AlterReplicaLogDirTopic topic : directory.topics()) {
                for (int partition : topic.partitions()) {
                    wanted.computeIfAbsent(topic.name(), name -> new LinkedHashMap<>())
                            .put(partition, directory.path());
                }
            }
        }
        return wanted;
    }

    @Override
    public AlterReplicaLogDirsResponse errorResponse(
            AlterReplicaLogDirsRequest request, short version, ErrorCode error, String message) {
        AlterReplicaLogDirsResponse response = new AlterReplicaLogDirsResponse();
        wanted(request).forEach((topic, paths) -> {
            AlterReplicaLogDirTopicResult result = new AlterReplicaLogDirTopicResult().topicName(topic);
            paths.keySet().forEach(partition -> result.partitions()
                    .add(new AlterReplicaLogDirPartitionResult()
                            .partitionIndex(partition)
                            .errorCode(error.code())));
            response.results().add(result);
        });
        return response;
    }
}
