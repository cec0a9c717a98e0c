package io.ottla.broker.coordinator;

import io.ottla.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Waits for several answers and gives them on as one list, in the order of their slots.
 *
 * @param <R> one answer
 */
public final class Gather<R> {

    private final Reply<List<R>> target;
    private final List<R> answers = new ArrayList<>();
    private int slotCount;
    private int missing;
    private ErrorCode failure;

    /**
     * Waits for {@code count} answers.
     *
     * @param count how many; with 0 the target is answered at once
     * @param target gets all answers
     */
    public Gather(int count, Reply<List<R>> target) {
        this.target = target;
        this.missing = count;
        for (int i = 0; i < count; i++) {
            answers.add(null);
        }
        if (count == 0) {
            target.complete(answers);
        }
    }

    /** The next slot, to be taken once for each answer. An error fails the whole. */
    public Reply<R> slot() {
        int index = slotCount++;
        return new Reply<>() {
            @Override
            public void complete(R answer) {
                put(index, answer);
            }

            @Override
            public void fail(ErrorCode error) {
                failed(error);
                put(index, null);
            }
        };
    }

    /** The next slot, to be taken once for each answer. An error is an answer of its own. */
    public Reply<R> slot(Function<ErrorCode, R> errorAnswer) {
        int index = slotCount++;
        return Reply.of(answer -> put(index, answer), errorAnswer);
    }

    private synchronized void failed(ErrorCode error) {
        failure = error;
    }

    private void put(int index, R answer) {
        ErrorCode error;
        synchronized (this) {
            answers.set(index, answer);
            missing--;
            if (missing > 0) {
                return;
            }
            error = failure;
        }
        if (error != null) {
            target.fail(error);
        } else {
            target.complete(answers);
        }
    }
}
