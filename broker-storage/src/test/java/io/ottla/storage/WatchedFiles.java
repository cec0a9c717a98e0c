package io.ottla.storage;

import java.io.IOException;

/** The machine's files without fsync: something can be done after each change of a file or a name, or all fail from one on. */
final class WatchedFiles extends DelegatingFiles {

    private Runnable afterChange = () -> {};
    private int changesLeft = Integer.MAX_VALUE;

    WatchedFiles() {
        super(new UnsyncedFiles());
    }

    void afterEachChange(Runnable action) {
        afterChange = action;
    }

    /** So many changes succeed, all later ones fail. */
    void failAfter(int changes) {
        changesLeft = changes;
    }

    @Override
    StorageFile opened(StorageFile file) {
        return new DelegatingFile(file);
    }

    @Override
    void beforeChange() throws IOException {
        if (changesLeft == 0) {
            throw new IOException("Input/output error");
        }
        changesLeft--;
    }

    @Override
    void afterChange() {
        afterChange.run();
    }
}
