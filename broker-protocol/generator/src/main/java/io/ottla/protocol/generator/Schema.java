package io.ottla.protocol.generator;

import java.util.List;
import java.util.Map;

/**
 * One schema file.
 *
 * @param family the record family of keys, values and metadata records, such as "GroupCoordinator"; else empty
 * @param apiKey -1 if there is none
 * @param versions empty if the message was removed from the protocol
 * @param structs all structs by name except the message itself
 */
record Schema(
        Kind kind,
        String family,
        int apiKey,
        VersionRange versions,
        VersionRange flexibleVersions,
        boolean latestVersionUnstable,
        List<String> listeners,
        Struct message,
        Map<String, Struct> structs) {
    enum Kind {
        REQUEST,
        RESPONSE,
        HEADER,
        DATA,
        METADATA,
        COORDINATOR_KEY,
        COORDINATOR_VALUE
    }

    String name() {
        return message.name();
    }

    /** The least number of bytes that one instance of the struct takes in the versions that are possible. */
    int minSizeBytes(Struct struct, VersionRange possible) {
        int least = Integer.MAX_VALUE;
        VersionRange range = possible.intersect(struct.versions());
        for (int version = range.lowest(); version <= range.highest(); version++) {
            int size = flexibleVersions.contains(version) ? 1 : 0;
            for (Field field : struct.fields()) {
                if (field.plainVersions().contains(version)) {
                    size += minSizeBytes(field, version);
                }
            }
            least = Math.min(least, size);
        }
        return Math.max(1, least);
    }

    private int minSizeBytes(Field field, int version) {
        boolean flexible = field.flexibleVersions().contains(version);
        if (field.array()) {
            return flexible ? 1 : 4;
        }
        if (field.isStruct()) {
            return field.nullableVersions().contains(version)
                    ? 1
                    : minSizeBytes(structs.get(field.structName()), new VersionRange(version, version));
        }
        return field.primitive().minSizeBytes(flexible);
    }
}
