package io.ottla.storage;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One byte of one file of a data directory is another than was written: what is then read is right, or nothing is. */
class StoreDamageTest {

    /** How many bytes are changed in all, each in a directory of its own; the profile {@code simulation} asks for more. */
    private static final int DAMAGES = Integer.getInteger("ottla.simulation.damages", 400);

    private static final long SEED = Long.getLong("ottla.simulation.seed", 0L);
    private static final int DAMAGES_PER_DIRECTORY = 40;
    private static final Path PATH = Path.of("/sim/data");

    /** What became of it. */
    private enum Outcome {
        HARMLESS,
        CLOSED,
        READ_FAILED,
        REFUSED_BY_CRC,
        TAIL_CUT,
        HEADER_SERVED
    }

    private final Logger logger = (Logger) StorageLog.LOG;
    private final Level level = logger.getLevel();
    private final ManualClock clock = new ManualClock(TestLogs.START_MS);
    private final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
    private final Map<String, LogModel> models = new TreeMap<>();

    @BeforeEach
    void silence() {
        logger.setLevel(Level.OFF);
    }

    @AfterEach
    void speak() {
        logger.setLevel(level);
    }

    private LogDirectory open(SimulatedFiles files) throws IOException {
        return LogDirectory.open(
                PATH,
                StorageOptions.of(clock, (task, delayMs) -> {})
                        .withFiles(files)
                        .withProducerIdExpirationMs(Long.MAX_VALUE));
    }

    @Test
    void shouldServeWhatWasWrittenOrNothing() {
        int done = 0;
        for (long seed = SEED; done < DAMAGES; seed++) {
            Random random = new Random(seed);
            boolean clean = random.nextBoolean();
            String where = "";
            try {
                SimulatedFiles intact = write(random, clean);
                List<Path> paths = new ArrayList<>(new TreeMap<>(intact.contents()).keySet());
                for (int i = 0; i < DAMAGES_PER_DIRECTORY; i++) {
                    Path path = paths.get(random.nextInt(paths.size()));
                    int size = (int) intact.sizeBytes(path);
                    if (size > 0) {
                        int position = random.nextInt(size);
                        int xor = random.nextBoolean() ? 1 << random.nextInt(8) : 1 + random.nextInt(255);
                        where = path + " at " + position + " xor " + xor + (clean ? ", clean" : ", after a crash");
                        SimulatedFiles damaged = intact.copy(random);
                        damaged.damage(path, position, xor);
                        check(damaged, path, clean);
                        done++;
                    }
                }
            } catch (Throwable e) {
                throw new AssertionError(
                        "seed " + seed + ", " + where + "; again with: mvn test -pl broker-storage"
                                + " -Dtest=StoreDamageTest -Dottla.simulation.damages=1 -Dottla.simulation.seed="
                                + seed,
                        e);
            }
        }
        logger.setLevel(level);
        StorageLog.LOG.info("{} damaged directories: {}", done, outcomes);
        assertTrue(outcomes.getOrDefault(Outcome.CLOSED, 0) > 0, outcomes.toString());
    }

    private SimulatedFiles write(Random random, boolean clean) throws IOException {
        models.clear();
        SimulatedFiles files = new SimulatedFiles(clock, random);
        LogDirectory directory = open(files);
        for (int i = 0; i < 2; i++) {
            LogConfig config = LogConfig.builder()
                    .segmentBytes(1500)
                    .indexIntervalBytes(200)
                    .build();
            LogModel model = new LogModel("topic" + i, new Uuid(1, i + 1), config);
            models.put(model.topic, model);
            Log log = directory.open(model.topic, 0, model.id, config, model.leaderEpoch());
            for (int k = 10 + random.nextInt(50); k > 0; k--) {
                model.append(log, random, clock.timeMs());
                clock.advance(java.time.Duration.ofMillis(random.nextInt(5)));
                if (random.nextInt(25) == 0) {
                    log.flush();
                    directory.checkpoint();
                }
            }
        }
        if (clean) {
            directory.close();
        } else {
            directory.checkpoint();
            directory.abandon();
        }
        return files;
    }

    private void check(SimulatedFiles files, Path damaged, boolean clean) throws IOException {
        Outcome outcome = Outcome.HARMLESS;
        try (LogDirectory directory = open(files)) {
            for (LogModel model : models.values()) {
                boolean isConcerned = damaged.getParent().equals(PATH)
                        || damaged.getParent().getFileName().toString().startsWith(model.topic);
                try {
                    Log log = directory.open(model.topic, 0, model.id, model.config(), model.leaderEpoch());
                    Outcome read = read(model, log, damaged, clean);
                    outcome = read == Outcome.HARMLESS ? outcome : read;
                    if (!isConcerned && read != Outcome.HARMLESS) {
                        throw new AssertionError(model.topic + " is not damaged, but " + read);
                    }
                } catch (LogDamageException e) {
                    outcome = Outcome.CLOSED;
                    if (!isConcerned) {
                        throw new AssertionError(model.topic + " is not damaged", e);
                    }
                } catch (ApiException e) {
                    outcome = Outcome.CLOSED;
                    boolean isExpected =
                            e.error() == ErrorCode.INCONSISTENT_TOPIC_ID && damaged.endsWith("partition.metadata");
                    if (!isExpected) {
                        throw e;
                    }
                }
            }
        }
        outcomes.merge(outcome, 1, Integer::sum);
    }

    private static Outcome read(LogModel model, Log log, Path damaged, boolean clean) {
        LogModel.Reading reading;
        try {
            reading = model.read(log);
        } catch (ApiException e) {
            if (e.error() == ErrorCode.KAFKA_STORAGE_ERROR && e.getMessage().contains(" is damaged at position ")) {
                return Outcome.READ_FAILED;
            }
            if (e.error() == ErrorCode.CORRUPT_MESSAGE || e.error() == ErrorCode.INVALID_RECORD) {
                // The batches were handed out, and whoever takes them apart finds that they are none.
                return Outcome.REFUSED_BY_CRC;
            }
            throw e;
        }
        boolean isLog = damaged.toString().endsWith(".log");
        if (reading.wrong() != null) {
            // Nobody reads the log at a clean start, and the header's first fields are in no CRC.
            if (clean && isLog && reading.headerOnly()) {
                return Outcome.HEADER_SERVED;
            }
            throw new AssertionError(reading.wrong());
        }
        if (reading.refusedByCrc() > 0) {
            return Outcome.REFUSED_BY_CRC;
        }
        if (log.logEndOffset() < model.endOffset()) {
            if (!clean && isLog && model.isLastBatch(log.logEndOffset())) {
                return Outcome.TAIL_CUT;
            }
            throw new AssertionError("the log ends at " + log.logEndOffset() + " of " + model.endOffset());
        }
        if (damaged.toString().endsWith(".txnindex")) {
            // It has no CRC, and is believed where it could be right: which transactions were aborted may be wrong
            // then.
            model.verifyRecords(log);
        } else if (!isLog || !clean) {
            model.verify(log);
        }
        return Outcome.HARMLESS;
    }
}
