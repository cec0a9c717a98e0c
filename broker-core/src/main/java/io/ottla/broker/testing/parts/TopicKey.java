package io.ottla.broker.testing.parts;

import io.ottla.protocol.Uuid;

/**
 * How a message names a topic.
 *
 * @param name the name, or null
 * @param id the id, or {@link Uuid#ZERO}
 */
record TopicKey(String name, Uuid id) {

    boolean isSame(TopicKey other) {
        boolean named = name != null && other.name != null;
        return named ? name.equals(other.name) : id.equals(other.id);
    }
}
