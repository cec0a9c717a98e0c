package io.ottla.protocol.generator;

import java.util.Locale;
import java.util.Set;

/**
 * A field of a struct.
 *
 * @param name as in the schema, beginning with a capital
 * @param primitive the type, or the element type of an array; null if that is a struct
 * @param structName the struct's name; null if the type is primitive
 * @param versions that have the field at all, within those of its message
 * @param flexibleVersions whose strings, bytes and arrays are compact
 * @param tag the tag in {@code taggedVersions}, -1 if there are none
 * @param defaultValue as in the schema; empty if not given
 * @param buffer whether bytes or records are a view of the buffer that is read
 */
record Field(
        String name,
        boolean array,
        Primitive primitive,
        String structName,
        VersionRange versions,
        VersionRange nullableVersions,
        VersionRange taggedVersions,
        VersionRange flexibleVersions,
        int tag,
        String defaultValue,
        boolean ignorable,
        boolean buffer,
        String about) {
    private static final Set<String> RESERVED = Set.of(
            "abstract",
            "assert",
            "boolean",
            "break",
            "byte",
            "case",
            "catch",
            "char",
            "class",
            "const",
            "continue",
            "default",
            "do",
            "double",
            "else",
            "enum",
            "extends",
            "final",
            "finally",
            "float",
            "for",
            "goto",
            "if",
            "implements",
            "import",
            "instanceof",
            "int",
            "interface",
            "long",
            "native",
            "new",
            "package",
            "private",
            "protected",
            "public",
            "return",
            "short",
            "static",
            "strictfp",
            "super",
            "switch",
            "synchronized",
            "this",
            "throw",
            "throws",
            "transient",
            "try",
            "void",
            "volatile",
            "while",
            "true",
            "false",
            "null",
            "read",
            "write",
            "notify",
            "wait",
            "clone",
            "finalize",
            "hashCode",
            "toString",
            "getClass",
            "unknownTaggedFields",
            "isDefault");

    Field {
        if (!name.matches("[A-Z][A-Za-z0-9]*")) {
            throw new SchemaException("Not a name for a field: " + name);
        }
        if (RESERVED.contains(javaName(name))) {
            throw new SchemaException("The field " + name + " would not be Java");
        }
    }

    private static String javaName(String name) {
        return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
    }

    String javaName() {
        return javaName(name);
    }

    boolean isStruct() {
        return structName != null && !array;
    }

    boolean isStructArray() {
        return structName != null && array;
    }

    boolean isJavaPrimitive() {
        return !array && primitive != null && primitive.isJavaPrimitive();
    }

    boolean isNullable() {
        return !nullableVersions.isEmpty();
    }

    boolean isTagged() {
        return !taggedVersions.isEmpty();
    }

    /** The versions that have it in its place among the other fields. */
    VersionRange plainVersions() {
        if (taggedVersions.isEmpty()) {
            return versions;
        }
        if (taggedVersions.containsAll(versions)) {
            return VersionRange.NONE;
        }
        if (taggedVersions.highest() != versions.highest()) {
            throw new SchemaException("The field " + name + " stops being tagged");
        }
        return new VersionRange(versions.lowest(), taggedVersions.lowest() - 1);
    }

    String javaType() {
        if (array) {
            return "List<" + (structName != null ? structName : primitive.listElementType()) + ">";
        }
        if (structName != null) {
            return structName;
        }
        return buffer ? "ByteBuffer" : primitive.javaType();
    }

    /**
     * Whether the struct is made only when it is asked for, null standing for its default until then: such fields are
     * nearly always at their default, in messages that are made all the time.
     */
    boolean isLazy() {
        return isStruct() && isTagged() && !isNullable() && plainVersions().isEmpty();
    }

    /** The default as a Java expression. */
    String javaDefault() {
        if (isLazy()) {
            requireNoDefault();
            return "null";
        }
        if (defaultValue.equals("null")) {
            if (!isNullable()) {
                throw new SchemaException("The default of " + name + " is null, which it cannot be");
            }
            return "null";
        }
        if (array) {
            requireNoDefault();
            return "new ArrayList<>(0)";
        }
        if (structName != null) {
            requireNoDefault();
            return "new " + structName + "()";
        }
        return primitiveDefault();
    }

    private String primitiveDefault() {
        String given = defaultValue.isEmpty() ? "0" : defaultValue;
        return switch (primitive) {
            case BOOL -> bool();
            case INT8 -> integer(given, Byte.MIN_VALUE, Byte.MAX_VALUE, "(byte) %d");
            case INT16 -> integer(given, Short.MIN_VALUE, Short.MAX_VALUE, "(short) %d");
            case UINT16 -> integer(given, 0, 0xFFFF, "%d");
            case INT32 -> integer(given, Integer.MIN_VALUE, Integer.MAX_VALUE, "%d");
            case UINT32 -> integer(given, 0, 0xFFFF_FFFFL, "%dL");
            case INT64 -> integer(given, Long.MIN_VALUE, Long.MAX_VALUE, "%dL");
            case FLOAT64 -> Double.parseDouble(given) + "d";
            case UUID -> {
                requireNoDefault();
                yield "Uuid.ZERO";
            }
            case STRING -> '"' + defaultValue.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
            case BYTES -> {
                requireNoDefault();
                yield buffer ? "ByteBuffer.allocate(0)" : "new byte[0]";
            }
            case RECORDS -> {
                requireNoDefault();
                yield "null";
            }
        };
    }

    private String bool() {
        if (!Set.of("", "true", "false").contains(defaultValue)) {
            throw new SchemaException("The default of " + name + " is not a boolean: " + defaultValue);
        }
        return String.valueOf(defaultValue.equals("true"));
    }

    private String integer(String given, long lowest, long highest, String format) {
        long value;
        try {
            value = Long.decode(given);
        } catch (NumberFormatException e) {
            throw new SchemaException("The default of " + name + " is not a number: " + given, e);
        }
        if (value < lowest || value > highest) {
            throw new SchemaException("The default of " + name + " does not fit: " + given);
        }
        if (value == Long.MIN_VALUE) {
            return "Long.MIN_VALUE";
        }
        return format.formatted(value);
    }

    private void requireNoDefault() {
        if (!defaultValue.isEmpty()) {
            throw new SchemaException("The field " + name + " cannot have the default " + defaultValue);
        }
    }

    /** A Java condition that holds when the value is not the default. */
    String javaIsSet() {
        String value = "this." + javaName();
        if (isLazy()) {
            return value + " != null && !" + value + ".isDefault()";
        }
        String fallback = javaDefault();
        if (fallback.equals("null")) {
            return value + " != null";
        }
        String orNull = isNullable() ? value + " == null || " : "";
        if (array) {
            return orNull + "!" + value + ".isEmpty()";
        }
        if (structName != null) {
            return orNull + "!" + value + ".isDefault()";
        }
        return switch (primitive) {
            case BOOL -> fallback.equals("true") ? "!" + value : value;
            case FLOAT64 -> "Double.compare(" + value + ", " + fallback + ") != 0";
            case UUID -> "!Uuid.ZERO.equals(" + value + ")";
            case STRING -> "!" + fallback + ".equals(" + value + ")";
            case BYTES -> orNull + value + (buffer ? ".hasRemaining()" : ".length != 0");
            default -> value + " != " + fallback;
        };
    }
}
