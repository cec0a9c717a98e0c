package io.ottla.protocol.generator;

import java.util.Locale;

/** Turns the names of schemas into those of Java. */
final class Names {
    private Names() {}

    /** "OffsetForLeaderEpoch" becomes "OFFSET_FOR_LEADER_EPOCH". */
    static String constant(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT);
    }

    /** "ProduceRequest" and "ProduceResponse" become "PRODUCE". */
    static String apiConstant(String name) {
        return constant(api(name));
    }

    /** "ProduceRequest" and "ProduceResponse" become "Produce". */
    static String api(String name) {
        return name.endsWith("Request") ? without(name, "Request") : without(name, "Response");
    }

    static String without(String name, String suffix) {
        if (!name.endsWith(suffix) || name.length() == suffix.length()) {
            throw new SchemaException(name + " does not end in " + suffix);
        }
        return name.substring(0, name.length() - suffix.length());
    }

    /** "kafka-group-coordinator" becomes "GroupCoordinator". */
    static String family(String artifact) {
        StringBuilder family = new StringBuilder();
        for (String word : artifact.replaceFirst("^kafka-", "").split("-", -1)) {
            family.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word.substring(1));
        }
        return family.toString();
    }
}
