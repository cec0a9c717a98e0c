package io.ottla.storage;

/** Who appends. */
public enum AppendOrigin {
    /** A producer: sequences and timestamps are checked, control batches refused, one batch per append. */
    CLIENT,
    /** A coordinator of this broker: markers are welcome, sequences are not looked at. */
    COORDINATOR,
    /** The metadata log's writer. */
    METADATA
}
