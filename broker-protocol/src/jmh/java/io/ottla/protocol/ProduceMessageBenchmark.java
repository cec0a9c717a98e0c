package io.ottla.protocol;

import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceRequest.PartitionProduceData;
import io.ottla.protocol.message.ProduceRequest.TopicProduceData;
import io.ottla.protocol.message.ProduceResponse;
import io.ottla.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.ottla.protocol.message.ProduceResponse.TopicProduceResponse;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Produce messages of one topic: bytes to objects and back. One operation is one message; the records are not looked at. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ProduceMessageBenchmark {

    private static final short VERSION = ProduceRequest.HIGHEST_SUPPORTED_VERSION;

    /** How many partitions a message is about. */
    @Param({"1", "100"})
    public int partitions;

    private final ProtocolReader reader = new ProtocolReader(ByteBuffer.allocate(0));
    private final ProtocolWriter writer = new ProtocolWriter(BufferSource.HEAP, 4096);
    private ByteBuffer request;
    private ProduceResponse response;

    /** Encodes the request. */
    @Setup
    public void setUp() {
        Uuid topicId = new Uuid(1, 2);
        List<PartitionProduceData> written = new ArrayList<>();
        List<PartitionProduceResponse> answered = new ArrayList<>();
        for (int i = 0; i < partitions; i++) {
            ByteBuffer batch =
                    new RecordBatchBuilder().append(0, null, new byte[100]).build();
            written.add(new PartitionProduceData().index(i).records(batch));
            answered.add(new PartitionProduceResponse().index(i).baseOffset(i));
        }
        ProtocolWriter encoded = new ProtocolWriter();
        new ProduceRequest()
                .acks((short) -1)
                .timeoutMs(30_000)
                .topicData(List.of(new TopicProduceData().topicId(topicId).partitionData(written)))
                .write(encoded, VERSION);
        ByteBuffer bytes = encoded.toByteBuffer();
        request = ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
        response = new ProduceResponse()
                .responses(List.of(new TopicProduceResponse().topicId(topicId).partitionResponses(answered)));
    }

    @Benchmark
    public ProduceRequest decodeRequest() {
        reader.reset(request.rewind());
        ProduceRequest decoded = new ProduceRequest();
        decoded.read(reader, VERSION);
        return decoded;
    }

    @Benchmark
    public int encodeResponse() {
        writer.clear();
        response.write(writer, VERSION);
        return writer.position();
    }
}
