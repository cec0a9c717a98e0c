package io.ottla.broker.network;

import io.netty.channel.DefaultFileRegion;
import io.ottla.storage.FileRecords;

/** Records that the kernel sends from their file. The file belongs to its log: here it is only let go of, not closed. */
final class FileRecordsRegion extends DefaultFileRegion {

    private final FileRecords records;

    /** Takes over the caller's hold on the records. */
    FileRecordsRegion(FileRecords records) {
        super(records.channel(), records.position(), records.sizeBytes());
        this.records = records;
    }

    @Override
    protected void deallocate() {
        records.release();
    }
}
