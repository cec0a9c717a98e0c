package io.ottla.broker.coordinator;

import io.ottla.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Runs a shard with lists only: no network, no disk, no clock. Answers arrive at once, timers when the time is advanced. */
public final class ListOutput<S extends CoordinatorShard> implements CoordinatorOutput {

    /** A record as it came into the log. */
    public record Appended(CoordinatorRecord record, long producerId) {}

    private final List<Appended> log = new ArrayList<>();
    private final Map<CoordinatorTimer, Long> timers = new HashMap<>();
    private S shard;
    private long nowMs;
    private long producerId = RecordBatch.NO_PRODUCER_ID;
    private Consumer<CoordinatorRecord> onAppend = record -> {};

    public ListOutput(long nowMs) {
        this.nowMs = nowMs;
    }

    /** Puts a shard in charge: it gets the log, then starts its timers. */
    public void load(S fresh) {
        timers.clear();
        replayInto(fresh);
        shard = fresh;
        fresh.onLoaded(this);
    }

    /** Replays the log into a shard that is not in charge. */
    public void replayInto(CoordinatorShard target) {
        for (int offset = 0; offset < log.size(); offset++) {
            target.replay(log.get(offset).record(), offset, log.get(offset).producerId());
        }
    }

    public S shard() {
        return shard;
    }

    public List<Appended> log() {
        return log;
    }

    /** The records appended from the offset on. */
    public List<CoordinatorRecord> recordsFrom(int offset) {
        return log.subList(offset, log.size()).stream().map(Appended::record).toList();
    }

    public boolean isScheduled(CoordinatorTimer timer) {
        return timers.containsKey(timer);
    }

    /** Called after each record has been replayed. */
    public void onAppend(Consumer<CoordinatorRecord> listener) {
        onAppend = listener;
    }

    /** The producer whose transaction the next records belong to. */
    public void producer(long id) {
        producerId = id;
    }

    /** Lets the time pass; timers expire in the order of their deadlines, at their deadlines. */
    public void advance(long ms) {
        long targetMs = nowMs + ms;
        while (true) {
            CoordinatorTimer next = null;
            for (Map.Entry<CoordinatorTimer, Long> timer : timers.entrySet()) {
                boolean earlier = next == null
                        || timer.getValue() < timers.get(next)
                        || (timer.getValue().equals(timers.get(next))
                                && timer.getKey().toString().compareTo(next.toString()) < 0);
                if (timer.getValue() <= targetMs && earlier) {
                    next = timer.getKey();
                }
            }
            if (next == null) {
                nowMs = targetMs;
                return;
            }
            nowMs = Math.max(nowMs, timers.remove(next));
            shard.onTimer(next, this);
        }
    }

    @Override
    public long nowMs() {
        return nowMs;
    }

    @Override
    public void append(CoordinatorRecord record) {
        log.add(new Appended(record, producerId));
        shard.replay(record, log.size() - 1, producerId);
        onAppend.accept(record);
    }

    @Override
    public <R> void reply(Reply<R> reply, R answer) {
        reply.complete(answer);
    }

    @Override
    public void schedule(CoordinatorTimer timer, long delayMs) {
        timers.put(timer, nowMs + Math.max(0, delayMs));
    }

    @Override
    public void cancel(CoordinatorTimer timer) {
        timers.remove(timer);
    }
}
