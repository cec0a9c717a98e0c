package io.ottla.broker.metadata;

import io.ottla.broker.config.Listener;
import io.ottla.protocol.Message;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.KRaftVersionRecord;
import io.ottla.protocol.message.LeaderChangeMessage;
import io.ottla.protocol.message.VotersRecord;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The control batches that a KRaft leader opens its epoch with (KIP-595, KIP-853), so that Apache Kafka can take over the log.
 *
 * <pre>
 * key    int16 version 0 | int16 type
 * value  the message, which begins with its own version
 * </pre>
 */
final class KRaftControl {

    private static final short LEADER_CHANGE = 2;
    private static final short KRAFT_VERSION = 5;
    private static final short KRAFT_VOTERS = 6;
    private static final short MESSAGE_VERSION = 0;

    /** The version of KRaft that keeps the voters in the log. */
    static final short KRAFT_VERSION_WITH_VOTERS = 1;

    /** Where Apache Kafka's own examples put the controller; the next start of Apache Kafka replaces it. */
    private static final String CONTROLLER_HOST = "localhost";

    private static final int CONTROLLER_PORT = 9093;

    private KRaftControl() {}

    /** Where the metadata says that the controller listens. */
    static Listener endpoint() {
        return new Listener(ClusterRecords.CONTROLLER_LISTENER, "PLAINTEXT", CONTROLLER_HOST, CONTROLLER_PORT);
    }

    /**
     * The batch that opens an epoch.
     *
     * @param directoryId the id of the log directory that holds the metadata log
     * @param first whether this is the first batch of the log, which also names the voters
     */
    static ByteBuffer openEpoch(int nodeId, Uuid directoryId, long timeMs, boolean first) {
        RecordBatchBuilder batch = new RecordBatchBuilder().control(true);
        List<LeaderChangeMessage.Voter> voters = List.of(new LeaderChangeMessage.Voter().voterId(nodeId));
        append(
                batch,
                timeMs,
                LEADER_CHANGE,
                new LeaderChangeMessage().leaderId(nodeId).voters(voters).grantingVoters(voters));
        if (first) {
            append(batch, timeMs, KRAFT_VERSION, new KRaftVersionRecord().kRaftVersion(KRAFT_VERSION_WITH_VOTERS));
            append(batch, timeMs, KRAFT_VOTERS, voters(nodeId, directoryId));
        }
        return batch.build();
    }

    private static VotersRecord voters(int nodeId, Uuid directoryId) {
        VotersRecord.Endpoint endpoint = new VotersRecord.Endpoint()
                .name(ClusterRecords.CONTROLLER_LISTENER)
                .host(CONTROLLER_HOST)
                .port(CONTROLLER_PORT);
        VotersRecord.KRaftVersionFeature feature =
                new VotersRecord.KRaftVersionFeature().maxSupportedVersion(KRAFT_VERSION_WITH_VOTERS);
        return new VotersRecord()
                .voters(List.of(new VotersRecord.Voter()
                        .voterId(nodeId)
                        .voterDirectoryId(directoryId)
                        .endpoints(List.of(endpoint))
                        .kRaftVersionFeature(feature)));
    }

    private static void append(RecordBatchBuilder batch, long timeMs, short type, Message message) {
        ByteBuffer key =
                ByteBuffer.allocate(4).putShort((short) 0).putShort(type).flip();
        ProtocolWriter out = new ProtocolWriter();
        message.write(out, MESSAGE_VERSION);
        batch.append(timeMs, key, out.toByteBuffer());
    }
}
