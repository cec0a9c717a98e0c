package io.ottla.broker.handler.fetch;

import io.ottla.protocol.message.FetchResponse;
import io.ottla.storage.AbortedTransaction;
import io.ottla.storage.LogRead;
import java.util.ArrayList;
import java.util.List;

/** Puts the aborted transactions within what was read into the form of the answer. */
final class AbortedTransactions {

    private AbortedTransactions() {}

    /** @param read null if nothing was read */
    static List<FetchResponse.AbortedTransaction> of(LogRead read) {
        if (read == null) {
            return List.of();
        }
        List<AbortedTransaction> aborted = read.abortedTransactions();
        if (aborted.isEmpty()) {
            return List.of();
        }
        List<FetchResponse.AbortedTransaction> answers = new ArrayList<>(aborted.size());
        for (AbortedTransaction transaction : aborted) {
            answers.add(new FetchResponse.AbortedTransaction()
                    .producerId(transaction.producerId())
                    .firstOffset(transaction.firstOffset()));
        }
        return answers;
    }
}
