package io.ottla.examples.benchmark;

import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.ottla.protocol.message.OffsetCommitResponse;
import java.io.IOException;
import java.util.List;

/** What members of groups send while nothing happens. */
enum GroupRequest {
    HEARTBEAT("Heartbeat of the classic protocol", 4) {
        @Override
        ApiMessage request(GroupJoiner joiner) throws IOException, InterruptedException {
            GroupJoiner.Member member = joiner.joinClassic();
            return new HeartbeatRequest()
                    .groupId(joiner.group())
                    .memberId(member.id())
                    .generationId(member.epoch());
        }

        @Override
        short errorCode(byte[] answer) {
            return RawConnection.decode(answer, version(), new HeartbeatResponse())
                    .errorCode();
        }
    },

    CONSUMER_GROUP_HEARTBEAT("ConsumerGroupHeartbeat", 1) {
        @Override
        ApiMessage request(GroupJoiner joiner) throws IOException, InterruptedException {
            GroupJoiner.Member member = joiner.joinConsumer();
            return new ConsumerGroupHeartbeatRequest()
                    .groupId(joiner.group())
                    .memberId(member.id())
                    .memberEpoch(member.epoch());
        }

        @Override
        short errorCode(byte[] answer) {
            return RawConnection.decode(answer, version(), new ConsumerGroupHeartbeatResponse())
                    .errorCode();
        }
    },

    OFFSET_COMMIT("OffsetCommit of one partition", 9) {
        @Override
        ApiMessage request(GroupJoiner joiner) throws IOException, InterruptedException {
            GroupJoiner.Member member = joiner.joinClassic();
            OffsetCommitRequestPartition partition =
                    new OffsetCommitRequestPartition().partitionIndex(0).committedOffset(1);
            return new OffsetCommitRequest()
                    .groupId(joiner.group())
                    .memberId(member.id())
                    .generationIdOrMemberEpoch(member.epoch())
                    .topics(List.of(
                            new OffsetCommitRequestTopic().name(joiner.topic()).partitions(List.of(partition))));
        }

        @Override
        short errorCode(byte[] answer) {
            return RawConnection.decode(answer, version(), new OffsetCommitResponse())
                    .topics()
                    .get(0)
                    .partitions()
                    .get(0)
                    .errorCode();
        }
    };

    private final String title;
    private final short version;

    GroupRequest(String title, int version) {
        this.title = title;
        this.version = (short) version;
    }

    String title() {
        return title;
    }

    final short version() {
        return version;
    }

    /** Makes a group with one member, and the request of that member. */
    abstract ApiMessage request(GroupJoiner joiner) throws IOException, InterruptedException;

    abstract short errorCode(byte[] answer);

    final byte[] prepare(GroupJoiner joiner) throws IOException, InterruptedException {
        return RawConnection.frame(request(joiner), version);
    }

    /** Fails if the answer is an error. */
    final void check(byte[] answer) {
        GroupJoiner.check(title, ErrorCode.forCode(errorCode(answer)));
    }
}
