package io.ottla.broker.quota;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Quota;
import org.apache.kafka.common.metrics.stats.Rate;
import org.junit.jupiter.api.Test;

/** Holds the measures of quotas against those of Apache Kafka, event by event. */
class MeasuresTest {

    private static final int SAMPLES = 11;
    private static final long SAMPLE_MS = 1000;
    private static final double LIMIT = 1000;

    @Test
    void shouldMeasureRatesAsApacheKafkaDoes() {
        for (int seed = 0; seed < 50; seed++) {
            compareRates(new Random(seed), seed);
        }
    }

    private static void compareRates(Random random, int seed) {
        MetricConfig config = new MetricConfig()
                .samples(SAMPLES)
                .timeWindow(SAMPLE_MS, TimeUnit.MILLISECONDS)
                .quota(Quota.upperBound(LIMIT));
        Rate theirs = new Rate();
        SampledRate ours = new SampledRate(SAMPLES, SAMPLE_MS);
        long nowMs = 1_700_000_000_000L;
        int throttled = 0;
        for (int event = 0; event < 300; event++) {
            nowMs += random.nextInt(20) == 0 ? random.nextInt(15_000) : random.nextInt(700);
            double value = random.nextInt(10) == 0 ? -random.nextInt(500) : random.nextInt(1000);
            theirs.record(config, value, nowMs);
            double rate = theirs.measure(config, nowMs);
            long wantedMs = rate > LIMIT ? Math.round((rate - LIMIT) / LIMIT * theirs.windowSize(config, nowMs)) : 0;
            assertEquals(wantedMs, ours.record(value, LIMIT, nowMs), "seed " + seed + ", event " + event);
            throttled += wantedMs > 0 ? 1 : 0;
        }
        assertTrue(throttled > 0, "seed " + seed + " never reaches the limit");
    }

    @Test
    void shouldFillAndEmptyABucketAsApacheKafkaDoes() {
        MetricConfig config = new MetricConfig()
                .samples(SAMPLES)
                .timeWindow(SAMPLE_MS, TimeUnit.MILLISECONDS)
                .quota(Quota.upperBound(2));
        Random random = new Random(1);
        org.apache.kafka.common.metrics.stats.TokenBucket theirs =
                new org.apache.kafka.common.metrics.stats.TokenBucket();
        TokenBucket ours = new TokenBucket(SAMPLES);
        long nowMs = 1_700_000_000_000L;
        int inDebt = 0;
        for (int event = 0; event < 2000; event++) {
            nowMs += random.nextInt(3000);
            int count = random.nextInt(8);
            theirs.record(config, count, nowMs);
            double tokens = theirs.measure(config, nowMs);
            long wantedMs = tokens < 0 ? Math.max(1, Math.round(-tokens / 2 * 1000)) : 0;
            assertEquals(wantedMs, ours.take(count, false, 2, nowMs), "event " + event);
            inDebt += wantedMs > 0 ? 1 : 0;
        }
        assertTrue(inDebt > 100);
    }

    @Test
    void shouldTakeNothingFromABucketInDebtWhereTheCallIsStrict() {
        TokenBucket bucket = new TokenBucket(10);
        assertEquals(0, bucket.take(13, true, 1, 1_000_000));
        assertEquals(3000, bucket.take(5, true, 1, 1_000_000));
        assertEquals(1000, bucket.take(5, true, 1, 1_002_000));
        assertEquals(0, bucket.take(1, true, 1, 1_003_000));
        assertEquals(1000, bucket.take(1, true, 1, 1_003_000));
    }

    @Test
    void shouldForgetThoseWhoWereNotSeenForAnHourAndTheOldestWhenThereAreTooMany() {
        Measurements<Integer, Object> measurements = new Measurements<>(Object::new);
        Object first = measurements.of(0, 0);
        measurements.of(1, Measurements.EXPIRY_MS - 1);
        assertEquals(2, measurements.count());
        assertEquals(first, measurements.of(0, 0));
        measurements.of(2, Measurements.EXPIRY_MS);
        assertEquals(2, measurements.count());
        for (int i = 0; i < 3 * Measurements.MAX_COUNT; i++) {
            measurements.of(i, Measurements.EXPIRY_MS + i);
            assertTrue(measurements.count() <= Measurements.MAX_COUNT);
        }
        assertTrue(measurements.count() >= Measurements.MAX_COUNT / 2);
    }
}
