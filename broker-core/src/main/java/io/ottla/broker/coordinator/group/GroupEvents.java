package io.ottla.broker.coordinator.group;

import java.util.function.BiConsumer;

/**
 * Where somebody can listen to what happens to groups: members that join, leave and are expired, and states that change. It costs a null
 * check per step of the coordinator while nobody does. Thread-safe.
 */
public final class GroupEvents {

    private volatile BiConsumer<String, String> listener;

    /**
     * Sets who listens, or with null that nobody does.
     *
     * @param groupListener is given the id of a group and what happened to it; called under the locks of the coordinator, must be quick and
     *     must not call back
     */
    public void listener(BiConsumer<String, String> groupListener) {
        listener = groupListener;
    }

    /** Null while nobody listens. */
    BiConsumer<String, String> listener() {
        return listener;
    }
}
