package io.ottla.broker.handler;

import io.ottla.broker.partition.BackgroundExecutor;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeLogDirsRequest;
import io.ottla.protocol.message.DescribeLogDirsRequest.DescribableLogDirTopic;
import io.ottla.protocol.message.DescribeLogDirsResponse;
import io.ottla.protocol.message.DescribeLogDirsResponse.DescribeLogDirsPartition;
import io.ottla.protocol.message.DescribeLogDirsResponse.DescribeLogDirsResult;
import io.ottla.protocol.message.DescribeLogDirsResponse.DescribeLogDirsTopic;
import io.ottla.storage.LogMove;
import io.ottla.storage.VolumeSpace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * DescribeLogDirs: says how large logs are and how much room is left, and how far those have come that are being moved (KIP-113).
 *
 * <ul>
 *   <li>Version 2 is flexible, 3 has an error of the whole answer, 4 the size of the volume (KIP-827), 5 whether a directory is
 *       cordoned (KIP-1066), which none is here.
 * </ul>
 *
 * <p>Asking the file system may block, so this runs on the background executor.
 */
public final class DescribeLogDirsHandler extends RequestHandler<DescribeLogDirsRequest> {

    private static final Logger LOG = LoggerFactory.getLogger(DescribeLogDirsHandler.class);

    private final PartitionRegistry partitions;
    private final BackgroundExecutor executor;

    public DescribeLogDirsHandler(PartitionRegistry partitions, BackgroundExecutor executor) {
        super(ApiKey.DESCRIBE_LOG_DIRS);
        this.partitions = partitions;
        this.executor = executor;
    }

    @Override
    public void handle(DescribeLogDirsRequest request, RequestContext context) {
        int brokerId = context.connection().brokerId();
        executor.execute(() -> context.respond(describe(request, brokerId)));
    }

    private DescribeLogDirsResponse describe(DescribeLogDirsRequest request, int brokerId) {
        Map<Path, Map<String, List<DescribeLogDirsPartition>>> found = new LinkedHashMap<>();
        for (Path directory : partitions.logDirectories()) {
            found.put(directory, new LinkedHashMap<>());
        }
        for (Partition partition : asked(request)) {
            if (partition.isOnline() && partition.isReplica(brokerId)) {
                DescribeLogDirsPartition log = new DescribeLogDirsPartition()
                        .partitionIndex(partition.index())
                        .partitionSize(partition.log().sizeBytes())
                        .offsetLag(0)
                        .isFutureKey(false);
                add(found, partition.log().directory().getParent(), partition, log);
                LogMove move = partitions.moves().moveOf(partition);
                if (move != null) {
                    DescribeLogDirsPartition copy = new DescribeLogDirsPartition()
                            .partitionIndex(partition.index())
                            .partitionSize(move.sizeBytes())
                            .offsetLag(move.offsetLag())
                            .isFutureKey(true);
                    add(found, move.target().path(), partition, copy);
                }
            }
        }
        List<DescribeLogDirsResult> results = new ArrayList<>(found.size());
        found.forEach((directory, topics) -> results.add(result(directory, topics)));
        return new DescribeLogDirsResponse().results(results);
    }

    private static void add(
            Map<Path, Map<String, List<DescribeLogDirsPartition>>> found,
            Path directory,
            Partition partition,
            DescribeLogDirsPartition described) {
        found.computeIfAbsent(directory, unexpected -> new LinkedHashMap<>())
                .computeIfAbsent(partition.topic(), topic -> new ArrayList<>())
                .add(described);
    }

    private Collection<Partition> asked(DescribeLogDirsRequest request) {
        if (request.topics() == null) {
            return partitions.all();
        }
        Set<Partition> asked = new LinkedHashSet<>();
        for (DescribableLogDirTopic topic : request.topics()) {
            for (int index : topic.partitions()) {
                Partition partition = partitions.partition(topic.topic(), index);
                if (partition != null) {
                    asked.add(partition);
                }
            }
        }
        return asked;
    }

    private DescribeLogDirsResult result(Path directory, Map<String, List<DescribeLogDirsPartition>> topics) {
        DescribeLogDirsResult result =
                new DescribeLogDirsResult().logDir(directory.toAbsolutePath().toString());
        try {
            VolumeSpace space = partitions.space(directory);
            result.totalBytes(space.totalBytes()).usableBytes(space.usableBytes());
        } catch (IOException e) {
            LOG.warn("Log directory {} cannot be described", directory, e);
            return result.errorCode(ErrorCode.KAFKA_STORAGE_ERROR.code());
        }
        List<DescribeLogDirsTopic> answers = new ArrayList<>(topics.size());
        topics.forEach((topic, logs) ->
                answers.add(new DescribeLogDirsTopic().name(topic).partitions(logs)));
        return result.topics(answers);
    }

    @Override
    public DescribeLogDirsResponse errorResponse(
            DescribeLogDirsRequest request, short version, ErrorCode error, String message) {
        return new DescribeLogDirsResponse().errorCode(error.code());
    }
}
