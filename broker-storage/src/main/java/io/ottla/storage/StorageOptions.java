package io.ottla.storage;

import java.util.function.LongSupplier;

/**
 * What all logs of a directory share.
 *
 * @param clock the broker's clock
 * @param scheduler where delayed deletions and background flushes run
 * @param files the file system
 * @param flushPolicy what an acknowledged record survives
 * @param producerIdExpiration says after how many milliseconds without a write a producer's state is forgotten; may change
 */
public record StorageOptions(
        Clock clock,
        StorageScheduler scheduler,
        StorageFiles files,
        FlushPolicy flushPolicy,
        LongSupplier producerIdExpiration) {

    /** The default of {@code producer.id.expiration.ms}: one day. */
    public static final long DEFAULT_PRODUCER_ID_EXPIRATION_MS = 86_400_000L;

    /** The machine's file system, {@link FlushPolicy#PROCESS_CRASH_SAFE}, Kafka's defaults. */
    public static StorageOptions of(Clock clock, StorageScheduler scheduler) {
        return new StorageOptions(
                clock,
                scheduler,
                StorageFiles.system(),
                FlushPolicy.PROCESS_CRASH_SAFE,
                () -> DEFAULT_PRODUCER_ID_EXPIRATION_MS);
    }

    /** The same with another file system. */
    public StorageOptions withFiles(StorageFiles other) {
        return new StorageOptions(clock, scheduler, other, flushPolicy, producerIdExpiration);
    }

    /** The same with another flush policy. */
    public StorageOptions withFlushPolicy(FlushPolicy other) {
        return new StorageOptions(clock, scheduler, files, other, producerIdExpiration);
    }

    /** The same with another expiry of idle producers, in milliseconds. */
    public StorageOptions withProducerIdExpirationMs(long other) {
        return withProducerIdExpiration(() -> other);
    }

    /** The same with an expiry of idle producers that may change, in milliseconds. */
    public StorageOptions withProducerIdExpiration(LongSupplier other) {
        return new StorageOptions(clock, scheduler, files, flushPolicy, other);
    }
}
