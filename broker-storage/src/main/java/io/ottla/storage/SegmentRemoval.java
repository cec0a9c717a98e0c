package io.ottla.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Takes segments away that the log has no more: their files get other names at once, and go after a delay. */
final class SegmentRemoval {

    private final Log log;
    private final List<LogSegment> segments = new ArrayList<>();
    private final List<Path> renamed = new ArrayList<>();

    SegmentRemoval(Log log) {
        this.log = log;
    }

    /** Renames the files of a segment. The caller holds the log's lock. */
    void rename(LogSegment segment) throws IOException {
        renameLog(segment);
        renameIndexes(segment);
    }

    /** Renames the file with the records, without which the others have no meaning. The caller holds the log's lock. */
    void renameLog(LogSegment segment) throws IOException {
        // Open it as long as its name is known: a reader may hold the segment and not have needed the file yet.
        StorageFile file = segment.file();
        rename(segment, LogFileNames.LOG);
        file.renamed(segment.path(LogFileNames.LOG + LogFileNames.DELETED));
        segments.add(segment);
    }

    /** Renames the other files. The caller holds the log's lock. */
    void renameIndexes(LogSegment segment) throws IOException {
        rename(segment, LogFileNames.INDEX);
        rename(segment, LogFileNames.TIME_INDEX);
        rename(segment, LogFileNames.TRANSACTION_INDEX);
    }

    private void rename(LogSegment segment, String suffix) throws IOException {
        StorageFiles files = log.options().files();
        Path path = segment.path(suffix);
        if (files.exists(path)) {
            Path target = segment.path(suffix + LogFileNames.DELETED);
            files.rename(path, target);
            renamed.add(target);
        }
    }

    /** Lets the segments go, and the files, after {@code file.delete.delay.ms}. */
    void schedule() {
        log.options().scheduler().schedule(this::remove, log.config().fileDeleteDelayMs());
    }

    private void remove() {
        segments.forEach(LogSegment::release);
        for (Path path : renamed) {
            try {
                log.options().files().deleteIfExists(path);
            } catch (IOException e) {
                // The next start deletes what has this name.
                StorageLog.LOG.warn("Deleting {} failed", path, e);
            }
        }
    }
}
