package io.ottla.broker.handler;

import io.ottla.broker.partition.Partition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.message.ProduceResponse;
import io.ottla.protocol.message.ProduceResponse.PartitionProduceResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A produce request whose records have been appended and are not yet as safe as their partitions ask for. */
final class PendingProduce {

    private final RequestContext context;
    private final List<Unsafe> unsafe = new ArrayList<>(1);

    /** The partitions that are waited for, and the wait itself as long as it begins. */
    private final AtomicInteger missing = new AtomicInteger(1);

    private record Unsafe(Partition partition, long endOffset, PartitionProduceResponse answer) {}

    PendingProduce(RequestContext context) {
        this.context = context;
    }

    /** Has the answer wait for the records of a partition that end at the offset. */
    void add(Partition partition, long endOffset, PartitionProduceResponse answer) {
        unsafe.add(new Unsafe(partition, endOffset, answer));
    }

    /** Sends the response when all that it speaks of is safe; what cannot be made so is answered with an error. */
    void respondWhenSafe(ProduceResponse response) {
        missing.addAndGet(unsafe.size());
        for (Unsafe each : unsafe) {
            each.partition.whenCommitted(each.endOffset, failure -> settle(each.answer, failure, response));
        }
        settleOne(response);
    }

    private void settle(PartitionProduceResponse answer, ApiException failure, ProduceResponse response) {
        if (failure != null) {
            ProduceHandler.fail(answer, ProduceHandler.storageError(failure.error(), context.apiVersion()))
                    .errorMessage(failure.getMessage());
        }
        settleOne(response);
    }

    private void settleOne(ProduceResponse response) {
        if (missing.decrementAndGet() == 0) {
            context.respond(response);
        }
    }
}
