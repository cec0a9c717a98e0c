package io.ottla.storage;

import java.nio.file.Path;
import java.util.List;

/** How the files of a log are called: the first offset in 20 digits, then what they are. */
final class LogFileNames {

    static final String LOG = ".log";
    static final String INDEX = ".index";
    static final String TIME_INDEX = ".timeindex";
    static final String TRANSACTION_INDEX = ".txnindex";
    static final String SNAPSHOT = ".snapshot";
    static final String DELETED = ".deleted";
    static final String CLEANED = ".cleaned";
    static final String SWAP = ".swap";

    /** The files of a segment, the log first. */
    static final List<String> SEGMENT_SUFFIXES = List.of(LOG, INDEX, TIME_INDEX, TRANSACTION_INDEX);

    /** What goes with a log. */
    static final List<String> INDEX_SUFFIXES = List.of(INDEX, TIME_INDEX, TRANSACTION_INDEX);

    private static final int DIGITS = 20;

    private LogFileNames() {}

    static Path path(Path directory, long offset, String suffix) {
        return directory.resolve(name(offset, suffix));
    }

    static String name(long offset, String suffix) {
        String digits = Long.toString(offset);
        return "0".repeat(DIGITS - digits.length()) + digits + suffix;
    }

    /** The offset in a file's name, -1 if the name is not 20 digits and the suffix. */
    static long offset(Path file, String suffix) {
        return offset(file.getFileName().toString(), suffix);
    }

    /** The same of the name alone. */
    static long offset(String name, String suffix) {
        if (name.length() != DIGITS + suffix.length() || !name.endsWith(suffix)) {
            return -1L;
        }
        for (int i = 0; i < DIGITS; i++) {
            if (name.charAt(i) < '0' || name.charAt(i) > '9') {
                return -1L;
            }
        }
        try {
            return Long.parseLong(name, 0, DIGITS, 10);
        } catch (NumberFormatException e) {
            return -1L;
        }
    }
}
