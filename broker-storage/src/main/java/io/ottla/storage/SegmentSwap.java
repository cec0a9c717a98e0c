package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Puts a compacted segment in the place of those it was made of, so that a crash at any point leaves the old ones or the new one.
 *
 * <pre>
 *   1  write all of X.cleaned, sync                       X: the log, its indexes; all named by the first old base offset
 *   2  rename X.cleaned to X.swap, the log last, sync     from here on the new segment counts
 *   3  rename the old files to .deleted, sync
 *   4  rename X.swap to X, the log first, sync
 *   5  delete the old files after file.delete.delay.ms
 * </pre>
 *
 * <p>What a start finds of it, for each base offset of a {@code .swap} file; exactly one row matches:
 *
 * <pre>
 *   a .cleaned at or below the base | log.swap | stopped in | what is done
 *   --------------------------------+----------+------------+------------------------------------------------------
 *   yes                             | -        | 1 or 2     | UNDO    delete .swap, then .cleaned: the old ones are whole
 *   no                              | yes      | 2, 3       | FINISH  delete the old ones in the range of the new, then 4
 *   no                              | no       | 4          | RENAME  the log has its name: the indexes get theirs
 * </pre>
 *
 * <p>Each of them may itself be killed and is then done again. The rows hold for what Apache Kafka leaves, too.
 */
final class SegmentSwap {

    private final StorageFiles files;
    private final Path directory;

    SegmentSwap(StorageFiles files, Path directory) {
        this.files = files;
        this.directory = directory;
    }

    /** Step 2: lets what has been cleaned count. */
    void commit(long baseOffset) throws IOException {
        for (int i = LogFileNames.SEGMENT_SUFFIXES.size() - 1; i >= 0; i--) {
            String suffix = LogFileNames.SEGMENT_SUFFIXES.get(i);
            renameIfExists(path(baseOffset, suffix + LogFileNames.CLEANED), swapPath(baseOffset, suffix));
        }
        files.syncDirectory(directory);
    }

    /** Step 4: gives the new files their names. */
    void finish(long baseOffset) throws IOException {
        for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
            renameIfExists(swapPath(baseOffset, suffix), path(baseOffset, suffix));
        }
    }

    private void renameIfExists(Path from, Path to) throws IOException {
        if (files.exists(from)) {
            files.rename(from, to);
        }
    }

    /**
     * Ends what a crash has interrupted, by the table above.
     *
     * @return the files that are in the directory then
     * @throws LogDamageException if a swapped log cannot be read; nothing has been changed then
     */
    List<Path> recover() throws IOException {
        TreeSet<Long> cleaned = new TreeSet<>();
        TreeSet<Long> swapped = new TreeSet<>();
        List<Path> found = files.list(directory);
        for (Path path : found) {
            String fileName = path.getFileName().toString();
            if (fileName.endsWith(LogFileNames.CLEANED)) {
                addOffset(cleaned, fileName, LogFileNames.CLEANED);
            } else if (fileName.endsWith(LogFileNames.SWAP)) {
                addOffset(swapped, fileName, LogFileNames.SWAP);
            }
        }
        if (swapped.isEmpty()) {
            return found;
        }
        long undoneFrom = cleaned.isEmpty() ? Long.MAX_VALUE : cleaned.first();
        List<long[]> ranges = new ArrayList<>();
        for (long base : swapped.headSet(undoneFrom)) {
            if (files.exists(swapPath(base, LogFileNames.LOG))) {
                ranges.add(new long[] {base, endOffset(base)});
            }
        }
        undo(swapped.tailSet(undoneFrom), cleaned);
        for (long[] range : ranges) {
            deleteSegments(range[0], range[1]);
        }
        files.syncDirectory(directory);
        for (long base : swapped.headSet(undoneFrom)) {
            StorageLog.LOG.warn("Finishing the compaction of {} at offset {}, which was interrupted", directory, base);
            finish(base);
        }
        files.syncDirectory(directory);
        return files.list(directory);
    }

    private static void addOffset(Set<Long> to, String fileName, String ending) {
        for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
            long offset = LogFileNames.offset(fileName, suffix + ending);
            if (offset >= 0) {
                to.add(offset);
            }
        }
    }

    private void undo(Iterable<Long> bases, Iterable<Long> cleaned) throws IOException {
        for (long base : bases) {
            StorageLog.LOG.warn("Undoing the compaction of {} at offset {}, which was interrupted", directory, base);
            for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
                files.deleteIfExists(swapPath(base, suffix));
            }
        }
        // As long as there is a .cleaned file, what is left of the .swap files does not count.
        files.syncDirectory(directory);
        for (long base : cleaned) {
            for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
                files.deleteIfExists(path(base, suffix + LogFileNames.CLEANED));
            }
        }
    }

    /** Reads a swapped log to its end. */
    private long endOffset(long baseOffset) throws IOException {
        Path path = swapPath(baseOffset, LogFileNames.LOG);
        long endOffset = baseOffset;
        try (StorageFile file = files.openForReading(path)) {
            long sizeBytes = file.sizeBytes();
            BatchCursor cursor = BatchCursor.scan(file, 0, (int) Math.min(Integer.MAX_VALUE, sizeBytes));
            while (cursor.next()) {
                RecordBatch batch = cursor.wholeBatch();
                if (!batch.isCrcValid() || batch.baseOffset() < endOffset) {
                    throw new LogDamageException(
                            path, cursor.position(), "the batch at offset " + batch.baseOffset() + " cannot be right");
                }
                endOffset = batch.nextOffset();
            }
            if (cursor.fault() != null || sizeBytes > Integer.MAX_VALUE) {
                throw new LogDamageException(path, cursor.position(), String.valueOf(cursor.fault()));
            }
        }
        return endOffset;
    }

    /** Deletes the segments that begin in the range; also at its start if it is empty. */
    private void deleteSegments(long fromOffset, long endOffset) throws IOException {
        for (Path path : files.list(directory)) {
            for (String suffix : LogFileNames.SEGMENT_SUFFIXES) {
                long base = LogFileNames.offset(path, suffix);
                if (base >= 0 && (base == fromOffset || (base > fromOffset && base < endOffset))) {
                    files.deleteIfExists(path);
                }
            }
        }
    }

    private Path path(long baseOffset, String suffix) {
        return LogFileNames.path(directory, baseOffset, suffix);
    }

    private Path swapPath(long baseOffset, String suffix) {
        return path(baseOffset, suffix + LogFileNames.SWAP);
    }
}
