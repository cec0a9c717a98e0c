package io.ottla.storage;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The module's logger: one name, so that a test can silence it. */
final class StorageLog {

    static final Logger LOG = LoggerFactory.getLogger("io.ottla.storage");

    private StorageLog() {}
}
