package io.ottla.protocol.generator;

/** Versions from lowest to highest, both included; empty if lowest is above highest. */
record VersionRange(int lowest, int highest) {
    static final VersionRange NONE = new VersionRange(0, -1);
    static final VersionRange ALL = new VersionRange(0, Short.MAX_VALUE);

    /** Reads "none", "3", "3-5" or "3+". */
    static VersionRange parse(String text) {
        String trimmed = text.trim();
        try {
            if (trimmed.equals("none")) {
                return NONE;
            }
            if (trimmed.endsWith("+")) {
                return new VersionRange(number(trimmed.substring(0, trimmed.length() - 1)), Short.MAX_VALUE);
            }
            int dash = trimmed.indexOf('-');
            if (dash < 0) {
                return new VersionRange(number(trimmed), number(trimmed));
            }
            VersionRange range =
                    new VersionRange(number(trimmed.substring(0, dash)), number(trimmed.substring(dash + 1)));
            if (range.isEmpty()) {
                throw new SchemaException("The version range " + text + " is upside down");
            }
            return range;
        } catch (NumberFormatException e) {
            throw new SchemaException("Not a version range: " + text, e);
        }
    }

    private static int number(String text) {
        return Short.parseShort(text);
    }

    boolean isEmpty() {
        return lowest > highest;
    }

    boolean contains(int version) {
        return lowest <= version && version <= highest;
    }

    boolean containsAll(VersionRange other) {
        return other.isEmpty() || (lowest <= other.lowest && other.highest <= highest);
    }

    VersionRange intersect(VersionRange other) {
        VersionRange both = new VersionRange(Math.max(lowest, other.lowest), Math.min(highest, other.highest));
        return both.isEmpty() ? NONE : both;
    }

    /** A Java condition on {@code version} that tells this range apart from the rest of the versions that are possible. */
    String condition(VersionRange possible) {
        VersionRange here = intersect(possible);
        if (here.isEmpty()) {
            return "false";
        }
        if (here.equals(possible)) {
            return "true";
        }
        if (here.lowest == here.highest) {
            return "version == " + here.lowest;
        }
        if (here.highest == possible.highest) {
            return "version >= " + here.lowest;
        }
        if (here.lowest == possible.lowest) {
            return "version <= " + here.highest;
        }
        return "version >= " + here.lowest + " && version <= " + here.highest;
    }

    /** The opposite of {@link #condition}. */
    String negatedCondition(VersionRange possible) {
        VersionRange here = intersect(possible);
        if (here.isEmpty()) {
            return "true";
        }
        if (here.equals(possible)) {
            return "false";
        }
        if (here.highest == possible.highest) {
            return "version < " + here.lowest;
        }
        if (here.lowest == possible.lowest) {
            return "version > " + here.highest;
        }
        return "version < " + here.lowest + " || version > " + here.highest;
    }
}
