package io.ottla.broker.coordinator;

import io.ottla.protocol.ErrorCode;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Where the answer to one request goes. It may be kept by a shard for as long as the request waits, and is completed or failed
 * exactly once, on any thread, by the runtime: a shard hands the answer to {@link CoordinatorOutput#reply}.
 *
 * @param <R> the answer
 */
public interface Reply<R> {

    /** Gives the answer. */
    void complete(R answer);

    /** Answers that the request failed as a whole. */
    void fail(ErrorCode error);

    /**
     * A reply whose errors are answers.
     *
     * @param target takes the answer
     * @param errorAnswer makes the answer for a request that failed as a whole
     */
    static <R> Reply<R> of(Consumer<? super R> target, Function<ErrorCode, ? extends R> errorAnswer) {
        return new Reply<>() {
            @Override
            public void complete(R answer) {
                target.accept(answer);
            }

            @Override
            public void fail(ErrorCode error) {
                target.accept(errorAnswer.apply(error));
            }
        };
    }

    /** A reply that makes this one's answer out of another answer; it fails as this one does. */
    default <T> Reply<T> map(Function<? super T, ? extends R> toAnswer) {
        return new Reply<>() {
            @Override
            public void complete(T answer) {
                Reply.this.complete(toAnswer.apply(answer));
            }

            @Override
            public void fail(ErrorCode error) {
                Reply.this.fail(error);
            }
        };
    }
}
