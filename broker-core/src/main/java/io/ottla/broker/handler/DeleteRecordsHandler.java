package io.ottla.broker.handler;

import io.ottla.broker.partition.BackgroundExecutor;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DeleteRecordsRequest;
import io.ottla.protocol.message.DeleteRecordsRequest.DeleteRecordsPartition;
import io.ottla.protocol.message.DeleteRecordsRequest.DeleteRecordsTopic;
import io.ottla.protocol.message.DeleteRecordsResponse;
import io.ottla.protocol.message.DeleteRecordsResponse.DeleteRecordsPartitionResult;
import io.ottla.protocol.message.DeleteRecordsResponse.DeleteRecordsTopicResult;
import io.ottla.storage.Log;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * DeleteRecords: moves the start of logs forward (KIP-107).
 *
 * <ul>
 *   <li>Versions 0 and 1 say the same, 2 is flexible.
 * </ul>
 *
 * <p>The new starts are written to the checkpoint before the answer, so this runs on the background executor; the files go with the next round of
 * retention. With one replica the low watermark is the log start offset, and nobody has to be waited for.
 */
public final class DeleteRecordsHandler extends RequestHandler<DeleteRecordsRequest> {

    private static final Logger LOG = LoggerFactory.getLogger(DeleteRecordsHandler.class);

    /** In a request: everything that is there. */
    private static final long HIGH_WATERMARK = -1L;

    private static final long UNKNOWN_LOW_WATERMARK = -1L;

    private final PartitionRegistry partitions;
    private final BackgroundExecutor executor;

    public DeleteRecordsHandler(PartitionRegistry partitions, BackgroundExecutor executor) {
        super(ApiKey.DELETE_RECORDS);
        this.partitions = partitions;
        this.executor = executor;
    }

    @Override
    public void handle(DeleteRecordsRequest request, RequestContext context) {
        executor.execute(
                () -> context.respond(delete(request, context.connection().brokerId())));
    }

    private DeleteRecordsResponse delete(DeleteRecordsRequest request, int brokerId) {
        Map<Partition, DeleteRecordsPartitionResult> moved = new HashMap<>();
        List<DeleteRecordsTopicResult> topics = new ArrayList<>(request.topics().size());
        for (DeleteRecordsTopic topic : request.topics()) {
            List<DeleteRecordsPartitionResult> results =
                    new ArrayList<>(topic.partitions().size());
            for (DeleteRecordsPartition asked : topic.partitions()) {
                results.add(delete(topic.name(), asked, brokerId, moved));
            }
            topics.add(new DeleteRecordsTopicResult().name(topic.name()).partitions(results));
        }
        writeDown(moved);
        return new DeleteRecordsResponse().topics(topics);
    }

    /** What was deleted stays deleted, also if the process dies right after the answer. */
    private void writeDown(Map<Partition, DeleteRecordsPartitionResult> moved) {
        try {
            partitions.checkpoint(moved.keySet());
        } catch (ApiException e) {
            LOG.error("The new log start offsets of {} cannot be written down", moved.keySet(), e);
            moved.values().forEach(result -> result.errorCode(e.error().code()).lowWatermark(UNKNOWN_LOW_WATERMARK));
        }
    }

    private DeleteRecordsPartitionResult delete(
            String topic,
            DeleteRecordsPartition asked,
            int brokerId,
            Map<Partition, DeleteRecordsPartitionResult> moved) {
        Partition partition = partitions.partition(topic, asked.partitionIndex());
        ErrorCode refusal = refusal(partition, brokerId);
        if (refusal != ErrorCode.NONE) {
            return failure(asked, refusal);
        }
        try {
            Log log = partition.log();
            if (log.config().cleanupCompact() && !log.config().cleanupDelete()) {
                return failure(asked, ErrorCode.POLICY_VIOLATION);
            }
            long highWatermark = log.highWatermark();
            long offset = asked.offset() == HIGH_WATERMARK ? highWatermark : asked.offset();
            if (offset < 0 || offset > highWatermark) {
                return failure(asked, ErrorCode.OFFSET_OUT_OF_RANGE);
            }
            DeleteRecordsPartitionResult result = new DeleteRecordsPartitionResult()
                    .partitionIndex(asked.partitionIndex())
                    .lowWatermark(log.logStartOffset());
            if (offset > log.logStartOffset()) {
                log.deleteRecordsBefore(offset);
                partition.signalStartMoved();
                moved.put(partition, result.lowWatermark(log.logStartOffset()));
            }
            return result;
        } catch (ApiException e) {
            return failure(asked, e.error());
        } catch (RuntimeException e) {
            LOG.error("Deleting the records of {} before offset {} failed", partition, asked.offset(), e);
            return failure(asked, ErrorCode.UNKNOWN_SERVER_ERROR);
        }
    }

    private static ErrorCode refusal(Partition partition, int brokerId) {
        if (partition == null) {
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        }
        if (partition.isInternal()) {
            return ErrorCode.INVALID_TOPIC_EXCEPTION;
        }
        return partition.leader() == brokerId ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER;
    }

    private static DeleteRecordsPartitionResult failure(DeleteRecordsPartition asked, ErrorCode error) {
        return new DeleteRecordsPartitionResult()
                .partitionIndex(asked.partitionIndex())
                .errorCode(error.code())
                .lowWatermark(UNKNOWN_LOW_WATERMARK);
    }

    @Override
    public DeleteRecordsResponse errorResponse(
            DeleteRecordsRequest request, short version, ErrorCode error, String message) {
        List<DeleteRecordsTopicResult> topics = new ArrayList<>(request.topics().size());
        for (DeleteRecordsTopic topic : request.topics()) {
            List<DeleteRecordsPartitionResult> results =
                    new ArrayList<>(topic.partitions().size());
            for (DeleteRecordsPartition asked : topic.partitions()) {
                results.add(failure(asked, error));
            }
            topics.add(new DeleteRecordsTopicResult().name(topic.name()).partitions(results));
        }
        return new DeleteRecordsResponse().topics(topics);
    }
}
