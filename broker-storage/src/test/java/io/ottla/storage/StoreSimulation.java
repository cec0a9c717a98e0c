package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** One life of two data directories, between which logs move, full of accidents that all follow from one seed. */
final class StoreSimulation {

    private static final List<Path> PATHS = List.of(Path.of("/sim/data"), Path.of("/sim/other"));
    private static final int CRASHES = 8;

    /** Says what it does, step by step. */
    private static final boolean TRACE = Boolean.getBoolean("ottla.simulation.trace");

    private final Random random;
    private final ManualClock clock = new ManualClock(TestLogs.START_MS);
    private final SimulatedFiles files;
    private final FlushPolicy policy;
    private final boolean disksFail;
    private final Map<String, LogModel> models = new TreeMap<>();
    private TestScheduler scheduler;
    private final List<LogDirectory> directories = new ArrayList<>();
    private final Map<LogModel, LogMove> moves = new HashMap<>();
    private LogCleaner cleaner;

    /** Whether a write or an fsync has failed since the last start, so that errors are to be expected. */
    private boolean faulty;

    private boolean syncFailed;
    private int crashes;
    private int topicCount;
    private String last = "";

    StoreSimulation(long seed) {
        random = new Random(seed);
        files = new SimulatedFiles(clock, new Random(random.nextLong()));
        policy = random.nextBoolean() ? FlushPolicy.POWER_SAFE : FlushPolicy.PROCESS_CRASH_SAFE;
        disksFail = random.nextInt(3) == 0;
    }

    /** Lives on until it has crashed a number of times; returns how often. */
    int run() throws IOException {
        for (Path path : PATHS) {
            files.createDirectories(path);
        }
        files.syncDirectory(Path.of("/"));
        files.syncDirectory(Path.of("/sim"));
        start(false);
        create();
        while (crashes < CRASHES) {
            files.crashAfter(delay());
            try {
                while (true) {
                    step();
                }
            } catch (SimulatedFiles.Crash e) {
                crashes++;
                begin("crashed");
                start(syncFailed || random.nextBoolean());
            }
        }
        closeCleanly();
        return crashes;
    }

    private int delay() {
        return random.nextInt(1 << (1 + random.nextInt(8)));
    }

    /** What was done last. */
    String last() {
        return last;
    }

    private void begin(String what) {
        last = what;
        if (TRACE) {
            StorageLog.LOG.error("{} (change {})", what, files.changeCount());
        }
    }

    /** Starts until it succeeds: a start may die as well. */
    private void start(boolean powerLostAtFirst) throws IOException {
        boolean powerLost = powerLostAtFirst;
        boolean everLost = powerLostAtFirst;
        while (true) {
            files.restart(powerLost);
            if (crashes > 0 && random.nextInt(3) == 0) {
                files.crashAfter(random.nextInt(40));
            }
            try {
                open(everLost);
                files.crashNever();
                break;
            } catch (SimulatedFiles.Crash e) {
                crashes++;
                begin("crashed");
                powerLost = random.nextBoolean();
                everLost |= powerLost;
            }
        }
        faulty = false;
        syncFailed = false;
        // High watermarks of what was lost are still in their checkpoint.
        directories.forEach(LogDirectory::checkpoint);
        models.values().forEach(this::noteWrittenDown);
        verify();
        for (LogModel model : models.values()) {
            model.retryBatches(log(model), clock.timeMs());
        }
    }

    private void open(boolean powerLost) throws IOException {
        begin("start");
        scheduler = new TestScheduler();
        StorageOptions options = StorageOptions.of(clock, scheduler)
                .withFiles(files)
                .withFlushPolicy(policy)
                .withProducerIdExpirationMs(Long.MAX_VALUE);
        directories.clear();
        moves.clear();
        for (Path path : PATHS) {
            directories.add(LogDirectory.open(path, options));
        }
        cleaner = new LogCleaner(directories, LogCleanerConfig.DEFAULT);
        InterruptedMoves.settle(directories);
        for (LogDirectory directory : directories) {
            for (PartitionDirectory found : directory.unopenedPartitions()) {
                LogModel model = models.get(found.topic());
                boolean isKnown = model != null && (found.topicId().equals(model.id) || isNamelessAndOnly(found));
                if (!isKnown) {
                    directory.setAside(found.topic(), found.partition());
                }
            }
        }
        for (LogModel model : models.values()) {
            Log log = home(model).open(model.topic, 0, model.id, model.config(), model.leaderEpoch());
            begin("found " + log.name() + " from " + log.logStartOffset() + " to " + log.logEndOffset()
                    + ", power lost: " + powerLost);
            model.found(log, powerLost);
        }
    }

    private boolean isNamelessAndOnly(PartitionDirectory found) {
        return found.topicId().equals(Uuid.ZERO)
                && directories.stream()
                        .flatMap(each -> each.unopenedPartitions().stream())
                        .noneMatch(each -> each.topic().equals(found.topic()) && !each.equals(found));
    }

    private void verify() throws IOException {
        for (Path path : PATHS) {
            List<LogVerifier.Finding> findings = LogVerifier.verify(path, files);
            if (!findings.isEmpty()) {
                throw new AssertionError("The verifier finds " + findings);
            }
        }
    }

    private Log log(LogModel model) {
        return home(model).log(model.topic, 0);
    }

    /** The directory that has the log, or is to have it. */
    private LogDirectory home(LogModel model) {
        List<LogDirectory> homes = new ArrayList<>(directories);
        homes.removeIf(each -> each.log(model.topic, 0) == null
                && each.unopenedPartitions().stream()
                        .noneMatch(found -> found.topic().equals(model.topic)));
        if (homes.size() > 1) {
            throw new AssertionError("There are two logs of " + model.topic);
        }
        return homes.isEmpty() ? directories.get(model.topic.hashCode() & 1) : homes.get(0);
    }

    /** Begins to move a log, or goes on with it, or gives up. */
    private void move(LogModel model) throws IOException {
        LogMove move = moves.get(model);
        if (move == null) {
            begin("move " + model.topic);
            LogDirectory home = home(model);
            LogDirectory other = directories.get(1 - directories.indexOf(home));
            moves.put(model, LogMove.begin(log(model), home, other, model.id));
            return;
        }
        boolean ended = random.nextInt(20) == 0;
        try {
            begin("copy " + model.topic);
            int copied = move.copy(1 + random.nextInt(4_000));
            if (!ended && (copied == 0 || random.nextInt(3) == 0)) {
                begin("prepare " + model.topic);
                boolean prepared = move.prepare();
                if (prepared && random.nextInt(3) == 0) {
                    model.append(log(model), random, clock.timeMs());
                }
                begin("swap " + model.topic);
                Log[] moved = new Log[1];
                ended = prepared && move.swap(log -> moved[0] = log);
                if (ended) {
                    model.require(moved[0] == log(model), "not the log that was moved");
                    model.verify(moved[0]);
                    model.noteStart(moved[0]);
                }
            }
        } catch (IOException | ApiException e) {
            ended = true;
            throw e;
        } finally {
            if (ended) {
                move.giveUp();
                moves.remove(model);
            }
        }
    }

    private LogModel anyModel() {
        List<LogModel> all = new ArrayList<>(models.values());
        return all.get(random.nextInt(all.size()));
    }

    private void step() throws IOException {
        try {
            if (models.isEmpty()) {
                create();
            }
            step(random.nextInt(100), anyModel());
        } catch (ApiException e) {
            if (!faulty || e.error() != ErrorCode.KAFKA_STORAGE_ERROR) {
                throw e;
            }
        } catch (IOException e) {
            if (!faulty) {
                throw e;
            }
        }
    }

    private void step(int kind, LogModel model) throws IOException {
        Log log = log(model);
        if (log == null) {
            // It could not be made when the disk had failed; where it was full, somebody makes room one day.
            if (random.nextInt(8) == 0) {
                files.roomBytes(Long.MAX_VALUE);
            }
            open(model);
        } else if (kind < 8 || (moves.containsKey(model) && kind < 20)) {
            move(model);
        } else if (kind < 52) {
            begin("append");
            model.append(log, random, clock.timeMs());
        } else if (kind < 62) {
            begin("sync");
            sync(log);
            model.noteSynced(log);
        } else if (kind < 66) {
            begin("checkpoint");
            directories.forEach(LogDirectory::checkpoint);
            models.values().forEach(this::noteWrittenDown);
        } else if (kind < 70) {
            begin("roll");
            log.rollSegment();
        } else if (kind < 74) {
            begin("delete records");
            deleteRecords(model, log);
        } else if (kind < 79) {
            begin("retention");
            clock.advance(Duration.ofMillis(random.nextInt(5_000)));
            model.mayStartAt(log.logEndOffset());
            log.enforceRetention();
            model.noteStart(log);
        } else if (kind < 84) {
            begin("clean");
            clean();
        } else if (kind < 88) {
            begin("background");
            scheduler.runAll();
            models.values().stream().filter(each -> log(each) != null).forEach(each -> each.noteSynced(log(each)));
        } else if (kind < 91) {
            begin("config");
            model.config(config());
            log.config(model.config());
        } else if (kind < 94) {
            create();
        } else if (kind < 96) {
            delete(model);
        } else if (kind < 98) {
            model.verify(log);
        } else if (kind == 98) {
            closeCleanly();
            files.crashAfter(delay());
        } else {
            breakDisk();
        }
    }

    private void noteWrittenDown(LogModel model) {
        if (log(model) != null) {
            model.noteWrittenDown(log(model));
        }
    }

    private void sync(Log log) {
        if (random.nextBoolean()) {
            log.flush();
        } else {
            log.syncRecords();
        }
    }

    private void deleteRecords(LogModel model, Log log) {
        long from = log.logStartOffset();
        long bound = log.highWatermark();
        if (bound > from) {
            long offset = from + random.nextInt((int) (bound - from) + 1);
            model.mayStartAt(offset);
            log.deleteRecordsBefore(offset);
            model.noteStart(log);
            home(model).checkpoint();
            model.noteWrittenDown(log);
        }
    }

    private void clean() {
        for (LogModel model : models.values()) {
            Log log = log(model);
            if (log != null && model.config().cleanupCompact()) {
                model.mayBeCleanedBelow(log.activeSegment().baseOffset());
            }
        }
        cleaner.cleanDirtiest();
    }

    private void create() throws IOException {
        String name = "topic" + random.nextInt(3);
        if (!models.containsKey(name)) {
            LogModel model = new LogModel(name, new Uuid(1, ++topicCount), config());
            models.put(name, model);
            open(model);
        }
    }

    private void open(LogModel model) throws IOException {
        begin("create");
        home(model).open(model.topic, 0, model.id, model.config(), model.leaderEpoch());
    }

    /** The metadata, which is not part of this, knows of it before the files do. */
    private void delete(LogModel model) {
        begin("delete");
        LogDirectory home = home(model);
        models.remove(model.topic);
        LogMove move = moves.remove(model);
        if (move != null) {
            move.giveUp();
        }
        home.delete(model.topic, 0);
    }

    private LogConfig config() {
        int[] segmentBytes = {1_200, 2_500, 8_000};
        int policy = random.nextInt(4);
        return LogConfig.builder()
                .segmentBytes(segmentBytes[random.nextInt(3)])
                .indexIntervalBytes(random.nextBoolean() ? 100 : 600)
                .cleanupPolicy(policy != 1, policy == 1 || policy == 2)
                .retentionMs(random.nextInt(3) == 0 ? 10_000 : -1)
                .retentionBytes(random.nextInt(4) == 0 ? 5_000 : -1)
                .minCleanableDirtyRatio(0.01)
                .deleteRetentionMs(2_000)
                .flushMessages(random.nextInt(4) == 0 ? 1 + random.nextInt(4) : Long.MAX_VALUE)
                .maxMessageBytes(100_000)
                .build();
    }

    private void breakDisk() {
        if (!disksFail) {
            return;
        }
        begin("break disk");
        int kind = random.nextInt(4);
        faulty = true;
        switch (kind) {
            case 0 -> files.failWrites(1 + random.nextInt(2));
            case 1 -> files.roomBytes(random.nextInt(600));
            case 2 -> files.roomBytes(Long.MAX_VALUE);
            default -> {
                // What the device has after that is not known as long as the machine runs.
                syncFailed = true;
                files.failSyncs(1);
            }
        }
    }

    private void closeCleanly() throws IOException {
        begin("close");
        moves.values().forEach(LogMove::interrupt);
        for (LogDirectory directory : directories) {
            try {
                directory.close();
            } catch (ApiException e) {
                if (!faulty) {
                    throw e;
                }
            }
        }
        if (!faulty) {
            verify();
        }
        long crashesBefore = crashes;
        start(syncFailed);
        if (!faulty && crashes == crashesBefore) {
            verify();
        }
    }
}
