package io.ottla.broker;

import io.ottla.storage.LogVerifier;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/** {@code verify <data folder>}: says what in the files of a data folder cannot be right. */
final class VerifyCommand {

    static final int EXIT_CLEAN = 0;
    static final int EXIT_FINDINGS = 1;

    /** The arguments are wrong, the folder cannot be read, or a broker uses it. */
    static final int EXIT_NOT_VERIFIED = 2;

    private VerifyCommand() {}

    /**
     * Prints every finding in a line, and a summary in the last.
     *
     * @return the exit code
     * @throws IOException if the folder cannot be read or a broker uses it
     */
    static int run(Path folder, PrintStream out) throws IOException {
        LogVerifier.Report report = LogVerifier.examine(folder.toAbsolutePath().normalize());
        report.findings().forEach(out::println);
        if (!report.closedCleanly()) {
            out.println(
                    "The folder was not closed cleanly: the next start looks at the ends of its logs and cuts a last write"
                            + " that did not end.");
        }
        int count = report.findings().size();
        out.println((count == 0 ? "Nothing is wrong" : count == 1 ? "1 finding" : count + " findings") + " in "
                + report.logCount() + (report.logCount() == 1 ? " log" : " logs") + " with " + report.sizeBytes()
                + " bytes of records.");
        return count == 0 ? EXIT_CLEAN : EXIT_FINDINGS;
    }
}
