package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.storage.LogVerifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ottla and Apache Kafka one after the other on the same data folder, while clients stay: what one of them has acknowledged, the
 * other serves, and producers, consumers and transactions go on. Needs Apache Kafka's jars, which the profile of the same name has.
 */
class KafkaTakesOverIT {
    /** What is deleted is in the checkpoint soon: a kill does not bring it back. */
    private static final List<String> SETTINGS = List.of(
            "log.flush.start.offset.checkpoint.interval.ms=100",
            "log.cleaner.backoff.ms=100",
            "log.segment.delete.delay.ms=500",
            "log.initial.task.delay.ms=100",
            "group.initial.rebalance.delay.ms=0",
            "offsets.topic.num.partitions=3",
            "transaction.state.log.num.partitions=3");

    @TempDir
    Path folder;

    private final int port = Ports.free();
    private final int controllerPort = Ports.free();

    private enum Kind {
        OTTLA {
            @Override
            RunningProcess start(Path data, int port, int controllerPort, String... more) throws Exception {
                List<String> settings = new ArrayList<>(SETTINGS);
                settings.add("listeners=PLAINTEXT://localhost:" + port);
                settings.addAll(List.of(more));
                return BrokerProcess.start(data, settings.toArray(new String[0]));
            }
        },
        KAFKA {
            @Override
            RunningProcess start(Path data, int port, int controllerPort, String... more) throws Exception {
                List<String> settings = new ArrayList<>(SETTINGS);
                settings.addAll(List.of(more));
                return KafkaProcess.start(data, port, controllerPort, settings.toArray(new String[0]));
            }
        };

        abstract RunningProcess start(Path data, int port, int controllerPort, String... more) throws Exception;
    }

    @Test
    void shouldBeTakenOverByKafkaAndTakeOverAgain() throws Exception {
        takeTurns(true, Kind.OTTLA, Kind.KAFKA, Kind.OTTLA);
    }

    @Test
    void shouldTakeOverFromKafkaAndBeTakenOverAgain() throws Exception {
        takeTurns(true, Kind.KAFKA, Kind.OTTLA, Kind.KAFKA);
    }

    @Test
    void shouldTakeTurnsAlsoWhenEachIsKilled() throws Exception {
        takeTurns(false, Kind.OTTLA, Kind.KAFKA, Kind.OTTLA, Kind.KAFKA);
    }

    @Test
    void shouldEndTheMovesThatTheOtherBegan() throws Exception {
        List<String> directories = List.of(
                folder.resolve("data").toString(), folder.resolve("other").toString());
        int records = 0;
        String place = null;
        for (Kind turn : List.of(Kind.OTTLA, Kind.KAFKA, Kind.OTTLA, Kind.KAFKA, Kind.OTTLA)) {
            String setting = "log.dirs=" + String.join(",", directories);
            try (RunningProcess broker = turn.start(folder.resolve("data"), port, controllerPort, setting);
                    MovedLog log = new MovedLog("localhost:" + port)) {
                if (place == null) {
                    place = log.create();
                } else {
                    log.throttle(null);
                    log.awaitPlace(place);
                }
                records += log.write(300);
                assertEquals(records, log.count(), turn::toString);
                log.throttle("10000");
                place = directories.get(1 - directories.indexOf(place));
                log.move(place);
                if (turn == Kind.OTTLA) {
                    broker.kill();
                } else {
                    broker.terminate();
                }
            }
        }
    }

    private void takeTurns(boolean cleanStops, Kind... turns) throws Exception {
        String server = "localhost:" + port;
        Path data = folder.resolve("data");
        FolderContent content = null;
        List<String> before = null;
        try {
            for (int round = 0; round < turns.length; round++) {
                try (RunningProcess broker = turns[round].start(data, port, controllerPort)) {
                    if (content == null) {
                        content = new FolderContent(server);
                    } else {
                        assertSame(before, FolderView.of(server), turns[round] + " after " + turns[round - 1]);
                    }
                    content.write(round);
                    before = FolderView.of(server);
                    if (cleanStops) {
                        broker.terminate();
                    } else {
                        broker.kill();
                    }
                }
                if (cleanStops) {
                    assertEquals(List.of(), LogVerifier.examine(data).findings(), () -> "after " + List.of(turns));
                    DumpLog.assertFindsNothing(data);
                }
            }
        } finally {
            if (content != null) {
                content.close();
            }
        }
    }

    /** Shows what differs, of the thousands of lines. */
    private static void assertSame(List<String> before, List<String> now, String when) {
        assertEquals(without(before, now), without(now, before), when);
        assertEquals(before, now, when);
    }

    private static String without(List<String> lines, List<String> others) {
        Set<String> known = new HashSet<>(others);
        return lines.stream().filter(line -> !known.contains(line)).collect(Collectors.joining("\n"));
    }
}
