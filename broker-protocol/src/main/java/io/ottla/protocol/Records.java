package io.ottla.protocol;

/** A run of encoded record batches, wherever the bytes are. */
public interface Records {
    /** Size of the encoded batches in bytes. */
    int sizeBytes();
}
