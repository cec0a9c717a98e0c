package io.ottla.broker.metadata;

/** Is told of every change of the metadata. */
@FunctionalInterface
public interface MetadataListener {

    /**
     * Called in the order of the changes, on the thread that made the change and under the lock of the store, before the
     * change is acknowledged. Must not change metadata itself.
     *
     * @param before what was
     * @param after what is; {@link MetadataStore#image} answers it already
     */
    void onChange(MetadataImage before, MetadataImage after);
}
