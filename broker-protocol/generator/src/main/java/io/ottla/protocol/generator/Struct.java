package io.ottla.protocol.generator;

import java.util.List;

/** Fields in the order of the schema. The versions lie within those of the message. */
record Struct(String name, VersionRange versions, List<Field> fields) {}
