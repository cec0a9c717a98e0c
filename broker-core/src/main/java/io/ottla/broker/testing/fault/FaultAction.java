package io.ottla.broker.testing.fault;

import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.message.ProduceRequest;

/** What a fault does to a request for which it fires. The methods run on the event loop of its connection. */
interface FaultAction {

    /** In words, as they stand in the description of the fault. */
    String description();

    /** Whether the action can be done to a request: if it is about the answer, the request must have one. */
    default boolean fits(ApiMessage request) {
        return !followsAnswer() || hasAnswer(request);
    }

    /** Whether a request has an answer: all but Produce with {@code acks=0}. */
    static boolean hasAnswer(ApiMessage request) {
        return !(request instanceof ProduceRequest produce) || produce.acks() != 0;
    }

    /** Whether the action has something to do with the answer, too. */
    default boolean followsAnswer() {
        return false;
    }

    /** The request is not yet applied. True lets it go on. */
    default boolean beforeApply(FaultCall call) {
        return true;
    }

    /** The request is applied. True lets its answer go on. */
    default boolean applied(FaultCall call) {
        return true;
    }

    /** The answer is about to be encoded: this one or another. */
    default ApiMessage beforeWrite(FaultCall call, ApiMessage response) {
        return response;
    }
}
