package io.ottla.broker.testing.fault;

import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Says which requests a fault is about, all conditions together, and then, with one of the methods that return a {@link FaultTrigger}, what it
 * does to them.
 *
 * <pre>{@code
 * broker.faults().on(ApiKey.PRODUCE).topic("orders").client("billing").loseAnswer().once();
 * }</pre>
 *
 * <p>A broker serves the requests of a connection one after the other, as Apache Kafka does: while a fault holds one back, or has lost it or its
 * answer, those behind it on the connection wait.
 *
 * <p>Functions of the test run on the thread that serves the connection and must not block. Not thread-safe; each rule arms one fault.
 *
 * @param <Q> the requests; {@link ApiMessage} where they may be of several APIs
 */
public final class FaultRule<Q extends ApiMessage> {

    private static final int SMALL_NUMBER_OF_BITS = 8;

    private final Faults faults;
    private final FaultMatcher matcher = new FaultMatcher();

    FaultRule(Faults faults) {
        this.faults = faults;
    }

    FaultMatcher matcher() {
        return matcher;
    }

    // Which requests.

    /**
     * Requests that are about this topic. Of a request that is about others too, an {@linkplain #error error} is for this topic alone. A fetch
     * is about all topics of its fetch session.
     *
     * @param name the topic's name; {@code orders*} stands for all topics that begin so
     */
    public FaultRule<Q> topic(String name) {
        matcher.topic(name);
        return this;
    }

    /** Requests that are about this partition, of any topic or of {@linkplain #topic one}. */
    public FaultRule<Q> partition(int partition) {
        matcher.partition(partition);
        return this;
    }

    /** Requests with this {@code client.id}; {@code billing*} stands for all that begin so. */
    public FaultRule<Q> client(String clientId) {
        matcher.client(clientId);
        return this;
    }

    /** Requests that are about this group, the search for its coordinator among them; {@code billing*} stands for all that begin so. */
    public FaultRule<Q> group(String groupId) {
        matcher.group(groupId);
        return this;
    }

    /** Requests that are about this transactional id, the search for its coordinator among them; {@code tx*} stands for all that begin so. */
    public FaultRule<Q> transactionalId(String transactionalId) {
        matcher.transactionalId(transactionalId);
        return this;
    }

    /** Requests of this version of their API. */
    public FaultRule<Q> version(int version) {
        return versions(version, version);
    }

    /** Requests of these versions of their API, both ends included. */
    public FaultRule<Q> versions(int lowest, int highest) {
        matcher.versions(lowest, highest);
        return this;
    }

    /** Requests that came in by this listener, as it is named in the configuration key {@code listeners}. */
    public FaultRule<Q> listener(String name) {
        matcher.listener(Objects.requireNonNull(name, "name"));
        return this;
    }

    /** Requests to the broker of this id, where there are several over one store. */
    public FaultRule<Q> broker(int id) {
        matcher.broker(id);
        return this;
    }

    /** Requests that fulfil a condition; of several conditions all must hold. */
    @SuppressWarnings("unchecked") // the matcher asks for the requests' API first
    public FaultRule<Q> when(Predicate<? super Q> condition) {
        Objects.requireNonNull(condition, "condition");
        matcher.condition(request -> condition.test((Q) request));
        return this;
    }

    // What happens to them.

    /**
     * Answers with an error, and does not serve what the error is for. The answer has the form that the request's API has for errors: per topic
     * or partition where it has a place there. A Produce request with {@code acks=0}, which has no answer, loses its connection.
     */
    public FaultTrigger error(ErrorCode error) {
        return new FaultTrigger(faults, matcher, new ErrorAction(error, null));
    }

    /** As {@link #error(ErrorCode)}, with a text for the client where the API has a place for it. */
    public FaultTrigger error(ErrorCode error, String message) {
        return new FaultTrigger(faults, matcher, new ErrorAction(error, Objects.requireNonNull(message, "message")));
    }

    /** Serves the request later, by the clock of the broker. */
    public FaultTrigger delayRequest(Duration delay) {
        return new FaultTrigger(faults, matcher, new Actions.DelayRequest(delay.toMillis()));
    }

    /** Serves the request and answers later, by the clock of the broker. */
    public FaultTrigger delayAnswer(Duration delay) {
        return new FaultTrigger(faults, matcher, new Actions.DelayAnswer(delay.toMillis()));
    }

    /** Never serves the request and never answers it; the connection stays open. The client gives up on it by its {@code request.timeout.ms}. */
    public FaultTrigger dropRequest() {
        return new FaultTrigger(faults, matcher, new Actions.DropRequest());
    }

    /** Serves the request and never answers it; the connection stays open. The lost acknowledgement. */
    public FaultTrigger loseAnswer() {
        return new FaultTrigger(faults, matcher, new Actions.LoseAnswer());
    }

    /** Closes the connection and does not serve the request. */
    public FaultTrigger disconnectBeforeApplied() {
        return new FaultTrigger(faults, matcher, new Actions.Disconnect(false));
    }

    /** Serves the request and closes the connection in place of the answer. */
    public FaultTrigger disconnectAfterApplied() {
        return new FaultTrigger(faults, matcher, new Actions.Disconnect(true));
    }

    /** From the request on nothing is read from its connection and nothing written to it, and it stays open: the client has a silent peer. */
    public FaultTrigger goSilent() {
        return new FaultTrigger(faults, matcher, new Actions.GoSilent());
    }

    /**
     * From the request on the broker takes what the connection sends at this speed, by its clock.
     *
     * @param bytesPerSecond at least 1
     */
    public FaultTrigger readSlowly(long bytesPerSecond) {
        return slowly(true, bytesPerSecond);
    }

    /**
     * From the request on, its own answer included, the broker sends answers to the connection at this speed, by its clock.
     *
     * @param bytesPerSecond at least 1
     */
    public FaultTrigger writeSlowly(long bytesPerSecond) {
        return slowly(false, bytesPerSecond);
    }

    private FaultTrigger slowly(boolean reading, long bytesPerSecond) {
        if (bytesPerSecond < 1) {
            throw new IllegalArgumentException("Not a speed: " + bytesPerSecond + " bytes per second");
        }
        return new FaultTrigger(faults, matcher, new Actions.Slow(reading, bytesPerSecond));
    }

    /** As {@link #corruptAnswer(int, long)}, with a few bits and a seed that the description of the fault names. */
    public FaultTrigger corruptAnswer() {
        return corruptAnswer(SMALL_NUMBER_OF_BITS, ThreadLocalRandom.current().nextLong());
    }

    /**
     * Flips bits of the encoded answer, anywhere but in its length and its correlation id.
     *
     * @param bits how many, at least 1
     * @param seed decides which bits; the same ones in each answer of the same length
     */
    public FaultTrigger corruptAnswer(int bits, long seed) {
        if (bits < 1) {
            throw new IllegalArgumentException("Not a number of bits to flip: " + bits);
        }
        return new FaultTrigger(faults, matcher, new Actions.CorruptAnswer(bits, seed));
    }

    /**
     * Tells the client that it is over its quota (KIP-219): the answer carries the time, and the broker serves nothing more of the connection
     * until it has passed by its clock.
     */
    public FaultTrigger throttle(Duration time) {
        return new FaultTrigger(faults, matcher, new Actions.Throttle(Math.toIntExact(time.toMillis())));
    }

    /**
     * Answers in place of the broker, by a function. Where it returns null, the broker serves the request; an
     * {@link io.ottla.protocol.ApiException} that it throws is answered as an error.
     */
    @SuppressWarnings("unchecked") // the matcher asks for the requests' API first
    public FaultTrigger answer(Function<? super Q, ? extends ApiMessage> function) {
        Objects.requireNonNull(function, "function");
        return new FaultTrigger(faults, matcher, new Actions.Answer(request -> function.apply((Q) request)));
    }

    /** Lets a function change the request before the broker serves it. */
    @SuppressWarnings("unchecked") // the matcher asks for the requests' API first
    public FaultTrigger changeRequest(Consumer<? super Q> function) {
        Objects.requireNonNull(function, "function");
        return new FaultTrigger(faults, matcher, new Actions.ChangeRequest(request -> function.accept((Q) request)));
    }

    /** Lets a function see the request and the answer before it leaves; what it returns is sent, the answer given or another of the same API. */
    @SuppressWarnings("unchecked") // the matcher asks for the requests' API first
    public FaultTrigger changeAnswer(BiFunction<? super Q, ? super ApiMessage, ? extends ApiMessage> function) {
        Objects.requireNonNull(function, "function");
        return new FaultTrigger(
                faults, matcher, new Actions.ChangeAnswer((request, answer) -> function.apply((Q) request, answer)));
    }

    /**
     * Lets a function change the answer before it leaves.
     *
     * <pre>{@code
     * faults.on(MetadataRequest.class)
     *       .changeAnswer(MetadataResponse.class, (request, answer) -> answer.clusterId("another"))
     *       .once();
     * }</pre>
     *
     * @param answerType the answers of the requests' API
     */
    public <R extends ApiMessage> FaultTrigger changeAnswer(
            Class<R> answerType, BiConsumer<? super Q, ? super R> function) {
        Objects.requireNonNull(function, "function");
        return changeAnswer((request, answer) -> {
            function.accept(request, answerType.cast(answer));
            return answer;
        });
    }
}
