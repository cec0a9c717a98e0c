package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorLog;
import io.ottla.broker.coordinator.CoordinatorRuntime.CoordinatorLogs;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.TransactionEnd;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.storage.Clock;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes markers into the partitions of this broker; those of the offsets topic by way of the group coordinator, whose offsets become
 * visible, or vanish, by them.
 */
public final class PartitionMarkerWriter implements MarkerWriter {

    private static final Logger LOG = LoggerFactory.getLogger(PartitionMarkerWriter.class);

    private final PartitionRegistry partitions;
    private final CoordinatorLogs logs;
    private final GroupCoordinator groups;
    private final Clock clock;

    /**
     * A writer for all partitions of the broker.
     *
     * @param partitions says which partitions there are
     * @param logs gives their logs
     * @param groups has the offsets
     * @param clock gives the markers their time
     */
    public PartitionMarkerWriter(
            PartitionRegistry partitions, CoordinatorLogs logs, GroupCoordinator groups, Clock clock) {
        this.partitions = partitions;
        this.logs = logs;
        this.groups = groups;
        this.clock = clock;
    }

    @Override
    public void write(TransactionEnd end, List<TopicPartition> targets, Reply<Map<TopicPartition, ErrorCode>> reply) {
        if (targets.isEmpty()) {
            reply.complete(Map.of());
            return;
        }
        Round round = new Round(targets, reply);
        for (int i = 0; i < targets.size(); i++) {
            write(end, targets.get(i), round, i);
        }
    }

    private void write(TransactionEnd end, TopicPartition target, Round round, int at) {
        try {
            Partition partition = partitions.partition(target.topic(), target.partition());
            if (partition == null) {
                round.done(at, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            } else if (partition.leader() == PartitionImage.NO_LEADER) {
                round.done(at, ErrorCode.NOT_LEADER_OR_FOLLOWER);
            } else if (target.topic().equals(GroupCoordinator.OFFSETS_TOPIC)) {
                groups.completeTransaction(target.partition(), end, round.slot(at));
            } else {
                append(end, target, round, at);
            }
        } catch (ApiException e) {
            LOG.info("No marker of {} in {}: {}", end, target, e.getMessage());
            round.done(at, e.error());
        } catch (RuntimeException e) {
            LOG.error("Writing the marker of {} into {} failed", end, target, e);
            round.done(at, ErrorCode.UNKNOWN_SERVER_ERROR);
        }
    }

    private void append(TransactionEnd end, TopicPartition target, Round round, int at) {
        CoordinatorLog log = logs.log(target.topic(), target.partition());
        long endOffset = log.appendMarker(
                ControlRecords.endTransaction(
                        end.committed() ? ControlRecordType.COMMIT : ControlRecordType.ABORT,
                        clock.timeMs(),
                        end.producerId(),
                        end.producerEpoch(),
                        end.coordinatorEpoch()),
                end.transactionVersion());
        if (log.isCommitted(endOffset)) {
            round.done(at, ErrorCode.NONE);
        } else {
            log.whenCommitted(endOffset, failure -> round.done(at, failure == null ? ErrorCode.NONE : failure.error()));
        }
    }

    /** The markers of one call; answers when the last of them is there. */
    private static final class Round {

        private final List<TopicPartition> targets;
        private final Reply<Map<TopicPartition, ErrorCode>> reply;
        private final ErrorCode[] results;

        /** Also makes what each thread wrote into the results visible to the one that answers. */
        private final AtomicInteger missing;

        Round(List<TopicPartition> targets, Reply<Map<TopicPartition, ErrorCode>> reply) {
            this.targets = targets;
            this.reply = reply;
            this.results = new ErrorCode[targets.size()];
            this.missing = new AtomicInteger(targets.size());
            Arrays.fill(results, ErrorCode.NONE);
        }

        void done(int at, ErrorCode result) {
            results[at] = result;
            if (missing.decrementAndGet() == 0) {
                Map<TopicPartition, ErrorCode> answer = new HashMap<>();
                for (int i = 0; i < results.length; i++) {
                    answer.put(targets.get(i), results[i]);
                }
                reply.complete(answer);
            }
        }

        Reply<Void> slot(int at) {
            return new Reply<>() {
                @Override
                public void complete(Void nothing) {
                    done(at, ErrorCode.NONE);
                }

                @Override
                public void fail(ErrorCode error) {
                    done(at, error);
                }
            };
        }
    }
}
