package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Verifies one segment: its batches, and its indexes against them. */
final class SegmentVerifier {

    private static final int MAX_FINDINGS_PER_FILE = 20;

    private final StorageFiles files;
    private final Path directory;
    private final long baseOffset;
    private final List<LogVerifier.Finding> findings;

    /** Position of every batch, by its last offset. */
    private final Map<Long, Integer> positions = new HashMap<>();

    /** The largest timestamp up to and with every batch, by its last offset. */
    private final Map<Long, Long> timestamps = new HashMap<>();

    private final Map<Long, Long> markers = new HashMap<>();
    private long maxTimestampMs = -1L;
    private Path lastFile;
    private int findingCount;

    SegmentVerifier(StorageFiles files, Path directory, long baseOffset, List<LogVerifier.Finding> findings) {
        this.files = files;
        this.directory = directory;
        this.baseOffset = baseOffset;
        this.findings = findings;
    }

    /**
     * Verifies the files of the segment.
     *
     * @param sealed whether later segments follow, so that the time index must hold the largest timestamp
     * @return the offset behind the last good batch
     */
    long verify(boolean sealed) throws IOException {
        long endOffset = verifyLog();
        verifyOffsetIndex();
        verifyTimeIndex(sealed);
        verifyTransactionIndex();
        return endOffset;
    }

    boolean isEmpty() {
        return positions.isEmpty();
    }

    private long verifyLog() throws IOException {
        Path path = path(LogFileNames.LOG);
        long nextOffset = baseOffset;
        try (StorageFile file = files.openForReading(path)) {
            int size = (int) Math.min(Integer.MAX_VALUE, file.sizeBytes());
            BatchCursor cursor = BatchCursor.scan(file, 0, size);
            int lastEpoch = -1;
            while (cursor.next()) {
                RecordBatch batch = cursor.wholeBatch();
                if (!batch.isCrcValid()) {
                    find(
                            path,
                            cursor.position(),
                            "the CRC of the batch at offset " + batch.baseOffset() + " does not fit");
                } else {
                    verifyRecords(path, cursor.position(), batch);
                }
                if (batch.baseOffset() < nextOffset) {
                    find(path, cursor.position(), "offset " + batch.baseOffset() + " where " + nextOffset + " is next");
                }
                if (batch.partitionLeaderEpoch() < lastEpoch) {
                    find(
                            path,
                            cursor.position(),
                            "leader epoch " + batch.partitionLeaderEpoch() + " after " + lastEpoch);
                }
                lastEpoch = batch.partitionLeaderEpoch();
                nextOffset = batch.nextOffset();
                maxTimestampMs = Math.max(maxTimestampMs, batch.maxTimestampMs());
                positions.put(batch.lastOffset(), cursor.position());
                timestamps.put(batch.lastOffset(), maxTimestampMs);
            }
            if (cursor.fault() != null) {
                find(path, cursor.position(), cursor.fault());
            }
        }
        return nextOffset;
    }

    private void verifyRecords(Path path, int position, RecordBatch batch) {
        long last = batch.baseOffset() - 1;
        int count = 0;
        try {
            for (Record record : batch.records()) {
                if (record.offset() <= last || record.offset() > batch.lastOffset()) {
                    find(path, position, "a record has offset " + record.offset() + " in " + batch);
                }
                last = record.offset();
                count++;
            }
        } catch (ApiException e) {
            find(path, position, e.getMessage());
            return;
        }
        if (count != batch.recordCount()) {
            find(path, position, "there are " + count + " records in " + batch);
        }
        if (batch.isControlBatch()) {
            markers.put(batch.lastOffset(), batch.producerId());
        }
    }

    private void verifyOffsetIndex() throws IOException {
        Path path = path(LogFileNames.INDEX);
        ByteBuffer index = read(path, OffsetIndex.ENTRY_SIZE_BYTES);
        long last = -1L;
        while (index.hasRemaining()) {
            int at = index.position();
            long offset = baseOffset + index.getInt();
            int position = index.getInt();
            if (offset <= last) {
                find(path, at, "offset " + offset + " after offset " + last);
            }
            Integer actual = positions.get(offset);
            if (actual == null || actual != position) {
                find(path, at, "no batch at position " + position + " ends with offset " + offset);
            }
            last = offset;
        }
    }

    private void verifyTimeIndex(boolean sealed) throws IOException {
        Path path = path(LogFileNames.TIME_INDEX);
        ByteBuffer index = read(path, TimeIndex.ENTRY_SIZE_BYTES);
        long lastMs = -1L;
        while (index.hasRemaining()) {
            int at = index.position();
            long timestampMs = index.getLong();
            long offset = baseOffset + index.getInt();
            if (timestampMs <= lastMs) {
                find(path, at, "timestamp " + timestampMs + " after timestamp " + lastMs);
            }
            Long actual = timestamps.get(offset);
            if (actual == null || actual != timestampMs) {
                find(path, at, "no batch with timestamp " + timestampMs + " ends with offset " + offset);
            }
            lastMs = timestampMs;
        }
        if (sealed && lastMs != maxTimestampMs) {
            find(path, index.position(), "the largest timestamp is " + maxTimestampMs + ", not " + lastMs);
        }
    }

    private void verifyTransactionIndex() throws IOException {
        Path path = path(LogFileNames.TRANSACTION_INDEX);
        ByteBuffer index = read(path, TransactionIndex.ENTRY_SIZE_BYTES);
        while (index.hasRemaining()) {
            int at = index.position();
            short version = index.getShort();
            long producerId = index.getLong();
            long firstOffset = index.getLong();
            long lastOffset = index.getLong();
            index.getLong();
            Long marker = markers.get(lastOffset);
            if (version != 0 || firstOffset > lastOffset || marker == null || marker != producerId) {
                find(path, at, "there is no marker of producer " + producerId + " at offset " + lastOffset);
            }
        }
    }

    /** The entries of an index; zeros behind them, as Apache Kafka has there until it closes a segment, are one finding. */
    private ByteBuffer read(Path path, int entrySizeBytes) throws IOException {
        if (!files.exists(path)) {
            return ByteBuffer.allocate(0);
        }
        byte[] bytes = files.readAll(path);
        if (bytes.length % entrySizeBytes != 0) {
            find(path, bytes.length, "the size is no multiple of " + entrySizeBytes);
        }
        int used = bytes.length;
        while (used > 0 && bytes[used - 1] == 0) {
            used--;
        }
        int entries = (used + entrySizeBytes - 1) / entrySizeBytes;
        if (bytes.length - entries * entrySizeBytes >= entrySizeBytes) {
            find(path, (long) entries * entrySizeBytes, "the rest of the file is zeros");
        }
        return ByteBuffer.wrap(bytes, 0, Math.min(entries, bytes.length / entrySizeBytes) * entrySizeBytes);
    }

    private Path path(String suffix) {
        return LogFileNames.path(directory, baseOffset, suffix);
    }

    /** One file that is wrong everywhere must not hide the others. */
    private void find(Path file, long position, String what) {
        findingCount = file.equals(lastFile) ? findingCount + 1 : 1;
        lastFile = file;
        if (findingCount <= MAX_FINDINGS_PER_FILE) {
            findings.add(new LogVerifier.Finding(file, position, what));
        }
    }
}
