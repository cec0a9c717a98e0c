package io.ottla.protocol;

import java.util.List;

/**
 * A structure of Kafka's wire or log format whose layout depends on a version. The implementations are generated from
 * Apache Kafka's published schemas. Instances are mutable and not thread-safe.
 */
public interface Message {
    /** The lowest version that {@link #read} and {@link #write} accept. */
    short lowestSupportedVersion();

    /** The highest version that {@link #read} and {@link #write} accept. */
    short highestSupportedVersion();

    /**
     * Sets every field: from the input, or to its default when this version does not carry it.
     *
     * @throws MalformedMessageException if the bytes are not a message of this version
     * @throws UnsupportedVersionException if the version is out of range
     */
    void read(ProtocolReader in, short version);

    /**
     * Appends this message in the layout of one version.
     *
     * @throws UnsupportedVersionException if the version is out of range, or a field that this version cannot carry and
     *     that must not be dropped has a value other than its default
     */
    void write(ProtocolWriter out, short version);

    /** Tagged fields that the schema does not know, in the order of their tags; mutable, written back by {@link #write}. */
    List<RawTaggedField> unknownTaggedFields();
}
