package io.ottla.protocol.generator;

import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The types of fields that are neither structs nor arrays. */
enum Primitive {
    BOOL("boolean", "Boolean", 1),
    INT8("byte", "Byte", 1),
    INT16("short", "Short", 2),
    UINT16("int", "UnsignedShort", 2),
    INT32("int", "Int", 4),
    UINT32("long", "UnsignedInt", 4),
    INT64("long", "Long", 8),
    FLOAT64("double", "Double", 8),
    UUID("Uuid", "Uuid", 16),
    STRING("String", "String", 0),
    BYTES("byte[]", "Bytes", 0),
    RECORDS("Records", "Records", 0);

    private static final Map<String, Primitive> BY_NAME = Stream.of(values())
            .collect(Collectors.toMap(type -> type.name().toLowerCase(Locale.ROOT), Function.identity()));

    private final String javaType;
    private final String accessor;
    private final int fixedSizeBytes;

    Primitive(String javaType, String accessor, int fixedSizeBytes) {
        this.javaType = javaType;
        this.accessor = accessor;
        this.fixedSizeBytes = fixedSizeBytes;
    }

    /** The type of a name in a schema, or null. */
    static Primitive of(String name) {
        return BY_NAME.get(name);
    }

    String javaType() {
        return javaType;
    }

    /** What the reader's and the writer's methods for it are called after read, or write. */
    String accessor() {
        return accessor;
    }

    /** Whether values have a length in front. */
    boolean isVariable() {
        return fixedSizeBytes == 0;
    }

    /** Whether the Java type is a primitive one. */
    boolean isJavaPrimitive() {
        return Character.isLowerCase(javaType.charAt(0)) && this != BYTES;
    }

    /** The least number of bytes that a value takes. */
    int minSizeBytes(boolean flexible) {
        if (isVariable()) {
            return flexible ? 1 : this == STRING ? 2 : 4;
        }
        return fixedSizeBytes;
    }

    /** The element type of a list of these, as the names of the reader's methods have it. */
    String listElementType() {
        return switch (this) {
            case INT8 -> "Byte";
            case INT16 -> "Short";
            case INT32 -> "Integer";
            case INT64 -> "Long";
            case UUID -> "Uuid";
            case STRING -> "String";
            default -> throw new SchemaException("Arrays of " + this + " are not supported");
        };
    }
}
