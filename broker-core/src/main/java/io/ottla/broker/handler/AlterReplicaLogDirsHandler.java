package io.ottla.broker.handler;

import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest.AlterReplicaLogDir;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic;
import io.ottla.protocol.message.AlterReplicaLogDirsResponse;
import io.ottla.protocol.message.AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult;
import io.ottla.protocol.message.AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Wants partitions in a certain log directory of the broker (KIP-113). They stay where they are: a directory that they are in already is fine, another
 * one of the broker is refused. Version 2 is flexible.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_AlterReplicaLogDirs">AlterReplicaLogDirs</a>
 */
public final class AlterReplicaLogDirsHandler extends RequestHandler<AlterReplicaLogDirsRequest> {

    private final PartitionRegistry partitions;

    public AlterReplicaLogDirsHandler(PartitionRegistry partitions) {
        super(ApiKey.ALTER_REPLICA_LOG_DIRS);
        this.partitions = partitions;
    }

    @Override
    public void handle(AlterReplicaLogDirsRequest request, RequestContext context) {
        AlterReplicaLogDirsResponse response = new AlterReplicaLogDirsResponse();
        wanted(request).forEach((topic, paths) -> {
            AlterReplicaLogDirTopicResult result = new AlterReplicaLogDirTopicResult().topicName(topic);
            paths.forEach((partition, path) -> result.partitions()
                    .add(new AlterReplicaLogDirPartitionResult()
                            .partitionIndex(partition)
                            .errorCode(outcome(topic, partition, path).code())));
            response.results().add(result);
        });
        context.respond(response);
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

    private ErrorCode outcome(String topic, int index, String path) {
        boolean known = false;
        for (Path directory : partitions.logDirectories()) {
            known |= directory.toAbsolutePath().toString().equals(path);
        }
        if (!known) {
            return ErrorCode.LOG_DIR_NOT_FOUND;
        }
        Partition partition = partitions.partition(topic, index);
        if (partition == null) {
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        }
        if (!partition.isOnline()) {
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
        Path present = partition.log().directory().getParent().toAbsolutePath();
        return present.toString().equals(path) ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST;
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
