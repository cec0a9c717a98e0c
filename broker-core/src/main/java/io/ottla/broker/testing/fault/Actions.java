package io.ottla.broker.testing.fault;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What faults do, apart from answering with errors. */
final class Actions {

    private static final Logger LOG = LoggerFactory.getLogger(Actions.class);

    private Actions() {}

    record DelayRequest(long delayMs) implements FaultAction {

        @Override
        public String description() {
            return "hold the request back for " + delayMs + " ms";
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            call.blockConnection();
            call.later(call::proceed, delayMs);
            return false;
        }
    }

    record DelayAnswer(long delayMs) implements FaultAction {

        @Override
        public String description() {
            return "hold the answer back for " + delayMs + " ms";
        }

        @Override
        public boolean followsAnswer() {
            return true;
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            call.blockConnection();
            return true;
        }

        @Override
        public boolean applied(FaultCall call) {
            call.later(call::proceedWithAnswer, delayMs);
            return false;
        }
    }

    record DropRequest() implements FaultAction {

        @Override
        public String description() {
            return "drop the request";
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            call.blockConnection();
            return false;
        }
    }

    record LoseAnswer() implements FaultAction {

        @Override
        public String description() {
            return "apply the request and lose the answer";
        }

        @Override
        public boolean followsAnswer() {
            return true;
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            call.blockConnection();
            return true;
        }

        @Override
        public boolean applied(FaultCall call) {
            return false;
        }
    }

    /** Ends the connection around the request. */
    record Disconnect(boolean apply) implements FaultAction {

        @Override
        public String description() {
            return apply ? "disconnect after the request is applied" : "disconnect before the request is applied";
        }

        @Override
        public boolean followsAnswer() {
            return apply;
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            call.blockConnection();
            if (!apply) {
                call.wire().cut();
            }
            return apply;
        }

        @Override
        public boolean applied(FaultCall call) {
            call.wire().cut();
            return false;
        }
    }

    record GoSilent() implements FaultAction {

        @Override
        public String description() {
            return "leave the connection half-open, with a silent broker";
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            call.blockConnection();
            call.wire().silence();
            return false;
        }
    }

    record Slow(boolean reading, long bytesPerSecond) implements FaultAction {

        @Override
        public String description() {
            return (reading ? "read" : "write") + " the connection at " + bytesPerSecond + " bytes per second";
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            if (reading) {
                call.wire().readAt(bytesPerSecond);
            } else {
                call.wire().writeAt(bytesPerSecond);
            }
            return true;
        }
    }

    record CorruptAnswer(int bits, long seed) implements FaultAction {

        @Override
        public String description() {
            return "flip " + bits + (bits == 1 ? " bit" : " bits") + " of the answer (seed " + seed + ")";
        }

        @Override
        public boolean followsAnswer() {
            return true;
        }

        @Override
        public ApiMessage beforeWrite(FaultCall call, ApiMessage response) {
            call.wire().corrupt(call.context().correlationId(), seed, bits);
            return response;
        }
    }

    record Throttle(int throttleTimeMs) implements FaultAction {

        @Override
        public String description() {
            return "throttle the client for " + throttleTimeMs + " ms";
        }

        @Override
        public boolean fits(ApiMessage request) {
            return FaultAction.hasAnswer(request);
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            call.context().throttle(throttleTimeMs);
            return true;
        }
    }

    record Answer(Function<? super ApiMessage, ? extends ApiMessage> function) implements FaultAction {

        @Override
        public String description() {
            return "answer by a function of the test";
        }

        @Override
        public boolean followsAnswer() {
            return true;
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            ApiMessage answer;
            try {
                answer = function.apply(call.request());
            } catch (ApiException e) {
                answer = ErrorAction.errorAnswer(call, call.request(), e.error(), e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("The function of {} failed", call.fault(), e);
                answer = ErrorAction.errorAnswer(call, call.request(), ErrorCode.UNKNOWN_SERVER_ERROR, e.toString());
            }
            if (answer == null) {
                return true;
            }
            call.respond(answer);
            return false;
        }
    }

    record ChangeRequest(Consumer<? super ApiMessage> change) implements FaultAction {

        @Override
        public String description() {
            return "change the request by a function of the test";
        }

        @Override
        public boolean beforeApply(FaultCall call) {
            change.accept(call.request());
            return true;
        }
    }

    record ChangeAnswer(BiFunction<? super ApiMessage, ? super ApiMessage, ? extends ApiMessage> change)
            implements FaultAction {

        @Override
        public String description() {
            return "change the answer by a function of the test";
        }

        @Override
        public boolean followsAnswer() {
            return true;
        }

        @Override
        public ApiMessage beforeWrite(FaultCall call, ApiMessage response) {
            return change.apply(call.request(), response);
        }
    }
}
