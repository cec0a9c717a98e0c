package io.ottla.broker.coordinator.group;

import java.util.Locale;

/** Whether live groups may change between the classic and the consumer protocol ({@code group.consumer.migration.policy}). */
enum MigrationPolicy {
    DISABLED(false, false),
    UPGRADE(true, false),
    DOWNGRADE(false, true),
    BIDIRECTIONAL(true, true);

    private final boolean mayUpgrade;
    private final boolean mayDowngrade;

    MigrationPolicy(boolean mayUpgrade, boolean mayDowngrade) {
        this.mayUpgrade = mayUpgrade;
        this.mayDowngrade = mayDowngrade;
    }

    /** The policy of this name, in any case. */
    static MigrationPolicy named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Whether a classic group may become one of the consumer protocol. */
    boolean mayUpgrade() {
        return mayUpgrade;
    }

    /** Whether a group of the consumer protocol may become a classic one. */
    boolean mayDowngrade() {
        return mayDowngrade;
    }
}
