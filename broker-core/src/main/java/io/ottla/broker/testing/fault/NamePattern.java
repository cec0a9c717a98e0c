package io.ottla.broker.testing.fault;

import java.util.Objects;

/** A name, or with a star at its end all names that begin so. */
record NamePattern(String text) {

    NamePattern {
        Objects.requireNonNull(text, "name");
    }

    boolean matches(String name) {
        return text.endsWith("*") ? name.startsWith(text.substring(0, text.length() - 1)) : name.equals(text);
    }

    @Override
    public String toString() {
        return text;
    }
}
