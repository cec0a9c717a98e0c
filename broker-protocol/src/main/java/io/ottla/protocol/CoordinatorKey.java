package io.ottla.protocol;

/** The key of a record in a coordinator's log. */
public interface CoordinatorKey extends Message {
    /** The record type: the two bytes in front of the key. It also tells the schema of the value. */
    short recordType();
}
