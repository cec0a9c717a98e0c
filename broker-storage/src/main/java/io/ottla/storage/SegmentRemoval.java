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

    /**
     * Renames the files of a log's first segments, in their order, until one cannot be renamed. The caller holds the log's lock.
     *
     * @return of how many segments the files have been renamed
     */
    int rename(LogSegment[] all, int count) {
        for (int i = 0; i < count; i++) {
            try {
                rename(all[i]);
            } catch (IOException e) {
                StorageLog.LOG.error("{} cannot be deleted: {}", all[i], LogHealth.reason(e));
                return i;
            }
        }
        return count;
    }

    /** Renames the files of a segment. The caller holds the log's lock. */
    void rename(LogSegment segment) throws IOException {
        StorageFiles files = log.options().files();
        // Open it as long as its name is known: a reader may hold the segment and not have needed the file yet.
        StorageFile file = segment.file();
        for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
            Path path = segment.path(suffix);
            if (files.exists(path)) {
                Path target = segment.path(suffix + LogFileNames.DELETED);
                files.rename(path, target);
                renamed.add(target);
                if (suffix.equals(LogFileNames.LOG)) {
                    file.renamed(target);
                }
            }
        }
        segments.add(segment);
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
