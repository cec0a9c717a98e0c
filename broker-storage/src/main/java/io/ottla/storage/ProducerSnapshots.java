package io.ottla.storage;

import io.ottla.protocol.MalformedMessageException;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.message.ProducerSnapshot;
import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/**
 * The {@code .snapshot} files of a log: the producer states at the offset in the file's name, so that a start need not read the
 * log from its beginning.
 *
 * <pre>
 *   version int16 (1) | CRC-32C uint32 of all that follows | entry count int32 | entries
 *   entry   producer id int64 | epoch int16 | last sequence int32 | last offset int64 | offset delta of the last batch int32
 *           | timestamp int64 | coordinator epoch int32 | first offset of the open transaction int64 (-1: none open)
 * </pre>
 */
final class ProducerSnapshots {

    private static final short VERSION = 1;
    private static final int CRC_AT = 2;
    private static final int ENTRIES_AT = 6;

    private final StorageFiles files;
    private final Path directory;
    private final TreeSet<Long> offsets = new TreeSet<>();
    private final TreeSet<Long> unsynced = new TreeSet<>();

    ProducerSnapshots(StorageFiles files, Path directory) {
        this.files = files;
        this.directory = directory;
    }

    /** Learns of a file that is there. */
    void found(long offset) {
        offsets.add(offset);
    }

    NavigableSet<Long> offsets() {
        return offsets;
    }

    /** Writes the states as they are at their map end offset, unless there is such a file, or that is 0: before it, there is nobody. */
    void write(ProducerStates states) throws IOException {
        long offset = states.mapEndOffset();
        if (offset == 0L || offsets.contains(offset)) {
            return;
        }
        ProducerSnapshot snapshot = new ProducerSnapshot();
        for (ProducerState state : states.all()) {
            snapshot.producerEntries()
                    .add(new ProducerSnapshot.ProducerEntry()
                            .producerId(state.producerId())
                            .epoch(state.epoch())
                            .lastSequence(state.lastSequence())
                            .lastOffset(state.lastOffset())
                            .offsetDelta(state.lastOffsetDelta())
                            .timestamp(state.lastTimestampMs())
                            .coordinatorEpoch(state.coordinatorEpoch())
                            .currentTxnFirstOffset(state.transactionFirstOffset()));
        }
        files.replace(path(offset), encode(snapshot), false);
        offsets.add(offset);
        unsynced.add(offset);
    }

    private static byte[] encode(ProducerSnapshot snapshot) {
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeShort(VERSION);
        snapshot.write(writer, VERSION);
        ByteBuffer encoded = writer.toByteBuffer();
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        ByteBuffer.wrap(bytes).putInt(CRC_AT, (int) crc(bytes));
        return bytes;
    }

    private static long crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, ENTRIES_AT, bytes.length - ENTRIES_AT);
        return crc.getValue();
    }

    /**
     * Fills the states from the newest usable snapshot at or below the offset, and deletes those that are not usable or lie
     * above it.
     *
     * @return the offset the states are of; the given start if there is no snapshot
     */
    long loadNewest(ProducerStates states, long startOffset, long endOffset, long nowMs) throws IOException {
        while (!offsets.isEmpty()) {
            long offset = offsets.last();
            if (offset <= endOffset && offset >= startOffset && load(states, offset, nowMs)) {
                return offset;
            }
            delete(offset);
        }
        states.clear(startOffset);
        return startOffset;
    }

    /** After a crash: deletes files at or behind the offset that are not whole, and has the others on the device. */
    void recoverFrom(long syncedOffset) throws IOException {
        for (long offset : List.copyOf(offsets.tailSet(syncedOffset))) {
            if (read(files, path(offset)) == null) {
                delete(offset);
            } else {
                sync(offset);
            }
        }
    }

    /** Fills the states from the snapshot at the offset; false, and there are none, if there is no such file or it is damaged. */
    boolean loadIfUsable(ProducerStates states, long offset) throws IOException {
        states.clear(offset);
        return files.exists(path(offset)) && load(states, offset, 0L);
    }

    private boolean load(ProducerStates states, long offset, long nowMs) throws IOException {
        states.clear(offset);
        ProducerSnapshot snapshot = read(files, path(offset));
        if (snapshot == null) {
            return false;
        }
        for (ProducerSnapshot.ProducerEntry entry : snapshot.producerEntries()) {
            states.restore(state(entry, nowMs));
        }
        return true;
    }

    /** The content of a snapshot file, null if it is not one or its CRC does not fit. */
    static ProducerSnapshot read(StorageFiles files, Path path) throws IOException {
        byte[] bytes = files.readAll(path);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        if (bytes.length < ENTRIES_AT || buffer.getShort(0) != VERSION || buffer.getInt(CRC_AT) != (int) crc(bytes)) {
            return null;
        }
        ProducerSnapshot snapshot = new ProducerSnapshot();
        try {
            snapshot.read(new ProtocolReader(buffer.position(CRC_AT)), VERSION);
        } catch (MalformedMessageException e) {
            return null;
        }
        return snapshot;
    }

    private static ProducerState state(ProducerSnapshot.ProducerEntry entry, long nowMs) {
        ProducerState state = new ProducerState(entry.producerId());
        state.epoch(entry.epoch());
        if (entry.lastSequence() != RecordBatch.NO_SEQUENCE || entry.lastOffset() >= 0) {
            state.addBatch(
                    entry.epoch(), entry.lastSequence(), entry.lastOffset(), entry.offsetDelta(), entry.timestamp());
            state.historyUnknown(true);
        }
        state.lastTimestampMs(entry.timestamp());
        state.coordinatorEpoch(entry.coordinatorEpoch());
        state.transactionFirstOffset(entry.currentTxnFirstOffset());
        state.lastUseMs(nowMs);
        return state;
    }

    /** Deletes those below the offset; one that cannot be deleted stays for the next time. */
    void deleteBefore(long endOffset) {
        for (long offset : List.copyOf(offsets.headSet(endOffset, false))) {
            try {
                delete(offset);
            } catch (IOException e) {
                StorageLog.LOG.warn("{} cannot be deleted: {}", path(offset), LogHealth.reason(e));
            }
        }
    }

    void delete(long offset) throws IOException {
        files.deleteIfExists(path(offset));
        offsets.remove(offset);
        unsynced.remove(offset);
    }

    /** Files up to an offset that have been written and not yet {@link #synced}. */
    List<Long> unsynced(long endOffset) {
        return List.copyOf(unsynced.headSet(endOffset, true));
    }

    /** Whether there is a file at or behind the offset that has been synced. */
    boolean isSyncedFrom(long offset) {
        return offsets.tailSet(offset).stream().anyMatch(each -> !unsynced.contains(each));
    }

    void synced(List<Long> onDevice) {
        onDevice.forEach(unsynced::remove);
    }

    /** Has the file on the device. */
    void sync(long offset) throws IOException {
        IndexFiles.sync(files, path(offset));
    }

    Path path(long offset) {
        return LogFileNames.path(directory, offset, LogFileNames.SNAPSHOT);
    }
}
