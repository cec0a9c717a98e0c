package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.ottla.broker.handler.DataFixture;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchRequest.FetchPartition;
import io.ottla.protocol.message.FetchRequest.FetchTopic;
import io.ottla.protocol.message.FetchResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Fetches in a session, from the request as an object to the bytes of the answer. One operation is one fetch that finds a small batch in
 * each of the partitions that have something new, at most {@value #MAX_ACTIVE}, however many the session has.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FetchResponseBenchmark {

    private static final short VERSION = 16;
    private static final int MAX_ACTIVE = 10;
    private static final int RECORDS = 9;
    private static final int MAX_BYTES = 1 << 20;

    /** How many partitions the consumer reads. */
    @Param({"1", "10", "1000", "9000"})
    public int partitions;

    private final DataFixture broker = new DataFixture();
    private final ResponseWriter writer = new ResponseWriter();
    private final BenchmarkContext context = new BenchmarkContext(ApiKey.FETCH, VERSION);
    private final InFlightRequest inFlight = new InFlightRequest(null, ApiKey.FETCH, VERSION, 1, "benchmark", 100);
    private EmbeddedChannel channel;
    private ChannelHandlerContext channelContext;
    private FetchRequest request;

    /** Writes the records and starts the session. */
    @Setup
    public void setUp() {
        channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());
        channelContext = channel.pipeline().firstContext();
        Uuid id = broker.createTopic("topic", partitions);
        int active = Math.min(partitions, MAX_ACTIVE);
        for (int i = 0; i < active; i++) {
            broker.append("topic", i, RECORDS);
        }
        broker.fetchHandler().handle(request(id, partitions, RECORDS), context);
        int sessionId = ((FetchResponse) context.takeResponse()).sessionId();
        request = request(id, active, 0).sessionId(sessionId);
    }

    /** A request for the first partitions of the topic; those that have no records are read from their beginning. */
    private static FetchRequest request(Uuid topicId, int partitionCount, int startOffset) {
        List<FetchPartition> wanted = IntStream.range(0, partitionCount)
                .mapToObj(index -> new FetchPartition()
                        .partition(index)
                        .fetchOffset(index < MAX_ACTIVE ? startOffset : 0)
                        .partitionMaxBytes(MAX_BYTES))
                .toList();
        return new FetchRequest()
                .sessionEpoch(0)
                .maxWaitMs(0)
                .minBytes(1)
                .maxBytes(MAX_BYTES)
                .topics(List.of(new FetchTopic().topicId(topicId).partitions(wanted)));
    }

    /** Deletes the records. */
    @TearDown
    public void tearDown() {
        channel.finishAndReleaseAll();
        broker.close();
    }

    @Benchmark
    public int fetch() {
        request.sessionEpoch(request.sessionEpoch() + 1);
        broker.fetchHandler().handle(request, context);
        ByteBuf bytes = writer.write(channelContext, null, inFlight, context.takeResponse());
        int sizeBytes = bytes.readableBytes();
        bytes.release();
        return sizeBytes;
    }
}
