package io.ottla.broker.coordinator;

/**
 * Handles one request on a shard.
 *
 * @param <S> the shard
 * @param <R> the answer
 */
@FunctionalInterface
public interface CoordinatorStep<S extends CoordinatorShard, R> {

    /**
     * Handles the request.
     *
     * @return the answer, or null if the step has answered through {@link CoordinatorOutput#reply} or has kept the reply for later
     * @throws io.ottla.protocol.ApiException if the request cannot be served; thrown before the first record is appended
     */
    R handle(S shard, CoordinatorOutput out);
}
