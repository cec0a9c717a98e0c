package io.ottla.protocol;

import io.ottla.protocol.message.MetadataRecordType;

/** A record of the cluster metadata log. */
public interface MetadataRecord extends Message {
    /** The type whose id is written in front of the record. */
    MetadataRecordType type();
}
