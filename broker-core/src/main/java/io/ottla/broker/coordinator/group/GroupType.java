package io.ottla.broker.coordinator.group;

/** The protocol that the members of a group speak. */
enum GroupType {
    CLASSIC("classic"),
    CONSUMER("consumer");

    private final String label;

    GroupType(String label) {
        this.label = label;
    }

    /** The name that clients see. */
    String label() {
        return label;
    }
}
