package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Apache Kafka's own tool on every file of a data folder. */
final class DumpLog {
    private static final int FILES_PER_DUMP = 100;
    private static final Pattern WRONG = Pattern.compile(
            "(?i)mismatch|not found|out of order|isvalid: false|invalid|could not|exception|ignoring|^  \\d+ is followed by");

    /** Of a compacted topic, where offsets are missing, and timestamps whose records are: the tool says so of any compacted log. */
    private static final Pattern OF_COMPACTION =
            Pattern.compile("Found timestamp mismatch in :\\S+\n(  Index timestamp: \\d+, log timestamp: -1\n)+"
                    + "|Non-consecutive offsets in \\S+/(__consumer_offsets|__transaction_state|compacted)-\\S+\n"
                    + "(  -?\\d+ is followed by \\d+\n)+");

    private DumpLog() {}

    /** Fails when the tool finds anything wrong in a data folder, or in one of those below this one. Nobody may use them. */
    static void assertFindsNothing(Path folder) throws Exception {
        List<String> all = files(folder, "log|index|timeindex|txnindex|snapshot");
        assertFalse(all.isEmpty());
        dump("--deep-iteration --verify-index-only", all);
        dump("--index-sanity-check", files(folder, "index|timeindex|txnindex"));
    }

    private static List<String> files(Path folder, String suffixes) throws IOException {
        try (Stream<Path> files = Files.walk(folder, 3)) {
            return files.map(Path::toString)
                    .filter(file -> file.matches(".*-\\d+/\\d{20}\\.(" + suffixes + ")"))
                    .toList();
        }
    }

    private static void dump(String options, List<String> files) throws Exception {
        for (int i = 0; i < files.size(); i += FILES_PER_DUMP) {
            String names = String.join(",", files.subList(i, Math.min(files.size(), i + FILES_PER_DUMP)));
            try (RunningProcess tool = Tool.DUMP_LOG.start(options + " --files " + names)) {
                assertEquals(0, tool.exitCode(), tool::toString);
                assertNothingWrong(tool.stdout() + tool.stderr());
            }
        }
    }

    private static void assertNothingWrong(String dump) {
        String wrong = OF_COMPACTION
                .matcher(dump)
                .replaceAll("")
                .lines()
                .filter(line -> WRONG.matcher(line).find())
                .collect(Collectors.joining("\n"));
        assertEquals("", wrong);
    }
}
