package io.ottla.protocol.generator;

import java.util.Comparator;
import java.util.List;

/** Writes the members of one class: fields, read, write, accessors, equals. */
final class StructGenerator {
    private final Schema schema;
    private final Struct struct;
    private final SourceWriter out;
    private final boolean message;
    private final List<Field> tagged;
    private final String flexible;

    StructGenerator(Schema schema, Struct struct, SourceWriter out) {
        this.schema = schema;
        this.struct = struct;
        this.out = out;
        this.message = struct.name().equals(schema.name());
        this.tagged = struct.fields().stream()
                .filter(Field::isTagged)
                .sorted(Comparator.comparingInt(Field::tag))
                .toList();
        this.flexible = schema.flexibleVersions().condition(struct.versions());
    }

    void members() {
        for (Field field : struct.fields()) {
            out.line("private %s %s;", field.javaType(), field.javaName());
        }
        out.line("private List<RawTaggedField> unknownTaggedFields;");
        constructors();
        for (Field field : struct.fields()) {
            accessors(field);
        }
        unknownTaggedFields();
        read();
        write();
        if (isUsedAsField()) {
            isDefault();
        }
        equalsAndHashCode();
        string();
    }

    private void constructors() {
        out.line("");
        out.line("/** All fields have their defaults. */");
        out.line("public %s() {", struct.name());
        for (Field field : struct.fields()) {
            if (!field.javaDefault().equals("null")) {
                out.line("this.%s = %s;", field.javaName(), field.javaDefault());
            }
        }
        out.line("}");
        if (!message) {
            out.line("");
            out.line("private %s(ProtocolReader in, short version) {", struct.name());
            out.line("read(in, version);");
            out.line("}");
        }
    }

    private void accessors(Field field) {
        out.line("");
        out.doc(field.about().isEmpty() ? field.name() : field.about());
        out.line("public %s %s() {", field.javaType(), field.javaName());
        if (field.isLazy()) {
            out.line("if (this.%s == null) {", field.javaName());
            out.line("this.%s = new %s();", field.javaName(), field.structName());
            out.line("}");
        }
        out.line("return this.%s;", field.javaName());
        out.line("}");
        out.line("");
        out.line("/** Sets {@link #%s()} and returns this. */", field.javaName());
        out.line("public %s %s(%s value) {", struct.name(), field.javaName(), field.javaType());
        out.line("this.%s = value;", field.javaName());
        out.line("return this;");
        out.line("}");
    }

    private void unknownTaggedFields() {
        out.line("");
        overrides();
        out.line("public List<RawTaggedField> unknownTaggedFields() {");
        out.line("if (this.unknownTaggedFields == null) {");
        out.line("this.unknownTaggedFields = new ArrayList<>(0);");
        out.line("}");
        out.line("return this.unknownTaggedFields;");
        out.line("}");
    }

    private void overrides() {
        if (message) {
            out.line("@Override");
        } else {
            out.line("/** See {@link io.ottla.protocol.Message}. */");
        }
    }

    private void checkVersion() {
        if (message) {
            out.line("if (version < LOWEST_SUPPORTED_VERSION || version > HIGHEST_SUPPORTED_VERSION) {");
            out.line("throw UnsupportedVersionException.ofMessage(\"%s\", version);", struct.name());
            out.line("}");
        }
    }

    private boolean isUsedAsField() {
        return schema.structs().values().stream().anyMatch(this::hasFieldOfThis) || hasFieldOfThis(schema.message());
    }

    private boolean hasFieldOfThis(Struct owner) {
        return owner.fields().stream()
                .anyMatch(field -> field.isStruct() && field.structName().equals(struct.name()));
    }

    private void flexibleLocal() {
        if (!isLiteral(flexible)) {
            out.line("boolean flexible = %s;", flexible);
        }
    }

    /** The expression that tells whether the field is compact in the versions that are possible here. */
    private String compact(Field field, VersionRange possible) {
        String condition = field.flexibleVersions().condition(possible);
        if (isLiteral(condition)) {
            return condition;
        }
        return field.flexibleVersions().equals(schema.flexibleVersions()) ? "flexible" : condition;
    }

    private static boolean isLiteral(String condition) {
        return condition.equals("true") || condition.equals("false");
    }

    private void read() {
        out.line("");
        overrides();
        out.line("public void read(ProtocolReader in, short version) {");
        checkVersion();
        flexibleLocal();
        for (Field field : struct.fields()) {
            readPlain(field);
        }
        readTagged();
        out.line("}");
    }

    private void readPlain(Field field) {
        String present = field.plainVersions().condition(struct.versions());
        if (present.equals("false")) {
            out.line("this.%s = %s;", field.javaName(), field.javaDefault());
        } else if (present.equals("true")) {
            readValue(field, field.plainVersions(), false);
        } else {
            out.line("if (%s) {", present);
            readValue(field, field.plainVersions(), false);
            out.line("} else {");
            out.line("this.%s = %s;", field.javaName(), field.javaDefault());
            out.line("}");
        }
    }

    private void readValue(Field field, VersionRange possible, boolean asTagged) {
        if (field.isStructArray()) {
            readStructs(field, possible);
        } else if (field.isStruct()) {
            readStruct(field, possible, asTagged);
        } else if (!field.array() && !field.primitive().isVariable()) {
            out.line(
                    "this.%s = in.read%s();",
                    field.javaName(), field.primitive().accessor());
        } else {
            String nullable = field.nullableVersions().condition(possible);
            String compact = compact(field, possible);
            String plain = "in.read" + kind(field) + "(" + compact + ")";
            String orNull = "in.readNullable" + kind(field) + "(" + compact + ")";
            String value = nullable.equals("true")
                    ? orNull
                    : nullable.equals("false") ? plain : nullable + " ? " + orNull + " : " + plain;
            out.line("this.%s = %s;", field.javaName(), value);
        }
    }

    private static String kind(Field field) {
        if (field.array()) {
            return field.primitive().accessor() + "List";
        }
        return field.buffer() ? "ByteBuffer" : field.primitive().accessor();
    }

    private void readStruct(Field field, VersionRange possible, boolean asTagged) {
        String nullable = field.nullableVersions().condition(possible);
        // A tagged struct that may be null has another prefix than one in its place.
        String isNull = asTagged ? "in.readUnsignedVarint() == 0" : "in.readByte() < 0";
        if (!nullable.equals("false")) {
            out.line("if (%s%s) {", nullable.equals("true") ? "" : nullable + " && ", isNull);
            out.line("this.%s = null;", field.javaName());
            out.line("} else {");
        }
        out.line("this.%s = new %s(in, version);", field.javaName(), field.structName());
        if (!nullable.equals("false")) {
            out.line("}");
        }
    }

    private void readStructs(Field field, VersionRange possible) {
        String nullable = field.nullableVersions().condition(possible);
        String count = field.javaName() + "Count";
        String list = field.javaName() + "List";
        int least = schema.minSizeBytes(schema.structs().get(field.structName()), possible);
        String arguments = "(" + compact(field, possible) + ", " + least + ")";
        String plain = "in.readArrayLength" + arguments;
        String orNull = "in.readNullableArrayLength" + arguments;
        out.line(
                "int %s = %s;",
                count,
                nullable.equals("true")
                        ? orNull
                        : nullable.equals("false") ? plain : nullable + " ? " + orNull + " : " + plain);
        if (!nullable.equals("false")) {
            out.line("if (%s < 0) {", count);
            out.line("this.%s = null;", field.javaName());
            out.line("} else {");
        }
        out.line("List<%s> %s = new ArrayList<>(ProtocolReader.initialCapacity(%s));", field.structName(), list, count);
        out.line("for (int i = 0; i < %s; i++) {", count);
        out.line("%s.add(new %s(in, version));", list, field.structName());
        out.line("}");
        out.line("this.%s = %s;", field.javaName(), list);
        if (!nullable.equals("false")) {
            out.line("}");
        }
    }

    private void readTagged() {
        if (flexible.equals("false")) {
            out.line("this.unknownTaggedFields = null;");
            return;
        }
        if (tagged.isEmpty()) {
            String read = "in.readUnknownTaggedFields()";
            out.line(
                    "this.unknownTaggedFields = %s;",
                    flexible.equals("true") ? read : "flexible ? " + read + " : null");
            return;
        }
        out.line("this.unknownTaggedFields = null;");
        if (!flexible.equals("true")) {
            out.line("if (flexible) {");
        }
        out.line("int taggedFieldCount = in.readTaggedFieldCount();");
        out.line("for (int taggedField = 0; taggedField < taggedFieldCount; taggedField++) {");
        out.line("int tag = in.readTag();");
        out.line("int outerLimit = in.beginTaggedField();");
        String lead = "";
        for (Field field : tagged) {
            String known = field.taggedVersions().condition(flexibleVersionsHere());
            out.line("%sif (tag == %d%s) {", lead, field.tag(), known.equals("true") ? "" : " && " + known);
            readValue(field, field.taggedVersions(), true);
            lead = "} else ";
        }
        out.line("} else {");
        out.line("this.unknownTaggedFields = in.readRawTaggedField(tag, this.unknownTaggedFields);");
        out.line("}");
        out.line("in.endTaggedField(outerLimit);");
        out.line("}");
        if (!flexible.equals("true")) {
            out.line("}");
        }
    }

    private VersionRange flexibleVersionsHere() {
        return schema.flexibleVersions().intersect(struct.versions());
    }

    private void write() {
        out.line("");
        overrides();
        out.line("public void write(ProtocolWriter out, short version) {");
        checkVersion();
        flexibleLocal();
        for (Field field : struct.fields()) {
            writePlain(field);
        }
        writeTagged();
        out.line("}");
    }

    private void writePlain(Field field) {
        String plain = field.plainVersions().condition(struct.versions());
        String present = field.versions().condition(struct.versions());
        boolean mayBeLost = !present.equals("true") && !field.ignorable();
        if (plain.equals("true")) {
            writeValue(field, field.plainVersions(), false);
            return;
        }
        String lead = "";
        if (!plain.equals("false")) {
            out.line("if (%s) {", plain);
            writeValue(field, field.plainVersions(), false);
            lead = "} else ";
        }
        if (mayBeLost) {
            boolean onlyElse = present.equals("false") || present.equals(plain);
            String isSet = field.javaIsSet();
            out.line(
                    "%sif (%s) {",
                    lead, onlyElse ? isSet : and(field.versions().negatedCondition(struct.versions()), isSet));
            out.line("throw UnsupportedVersionException.ofField(\"%s\", version);", field.javaName());
            lead = "}";
        }
        if (!lead.isEmpty()) {
            out.line("}");
        }
    }

    private void writeValue(Field field, VersionRange possible, boolean asTagged) {
        String value = "this." + field.javaName();
        if (!field.array() && field.structName() == null && !field.primitive().isVariable()) {
            out.line("out.write%s(%s);", field.primitive().accessor(), value);
            return;
        }
        String nullable = field.nullableVersions().condition(possible);
        String compact = compact(field, possible);
        boolean nullableCall = !field.array() && field.structName() == null;
        if (nullable.equals("true") && nullableCall) {
            out.line("out.writeNullable%s(%s, %s);", kind(field), value, compact);
            return;
        }
        if (!field.isNullable()) {
            writeNonNull(field, value, compact);
            return;
        }
        out.line("if (%s == null) {", value);
        if (!nullable.equals("true")) {
            out.line("if (%s) {", field.nullableVersions().negatedCondition(possible));
            out.line("throw UnsupportedVersionException.ofNull(\"%s\", version);", field.javaName());
            out.line("}");
        }
        if (!nullable.equals("false")) {
            writeNull(field, compact, asTagged);
        }
        out.line("} else {");
        if (field.isStruct() && !nullable.equals("false")) {
            String prefix = asTagged ? "out.writeUnsignedVarint(1);" : "out.writeByte((byte) 1);";
            if (nullable.equals("true")) {
                out.line(prefix);
            } else {
                out.line("if (%s) {", nullable);
                out.line(prefix);
                out.line("}");
            }
        }
        writeNonNull(field, value, compact);
        out.line("}");
    }

    private void writeNull(Field field, String compact, boolean asTagged) {
        if (field.array()) {
            out.line("out.writeArrayLength(-1, %s);", compact);
        } else if (field.isStruct()) {
            out.line(asTagged ? "out.writeUnsignedVarint(0);" : "out.writeByte((byte) -1);");
        } else {
            out.line("out.writeNullable%s(null, %s);", kind(field), compact);
        }
    }

    private void writeNonNull(Field field, String value, String compact) {
        if (field.isStructArray()) {
            out.line("out.writeArrayLength(%s.size(), %s);", value, compact);
            out.line("for (%s element : %s) {", field.structName(), value);
            out.line("element.write(out, version);");
            out.line("}");
        } else if (field.isStruct()) {
            out.line("%s.write(out, version);", value);
        } else {
            out.line("out.write%s(%s, %s);", kind(field), value, compact);
        }
    }

    private void writeTagged() {
        if (flexible.equals("true")) {
            writeTaggedFields();
            return;
        }
        if (!flexible.equals("false")) {
            out.line("if (flexible) {");
            writeTaggedFields();
            out.line("} else if (this.unknownTaggedFields != null && !this.unknownTaggedFields.isEmpty()) {");
        } else {
            out.line("if (this.unknownTaggedFields != null && !this.unknownTaggedFields.isEmpty()) {");
        }
        out.line("throw UnsupportedVersionException.ofField(\"unknownTaggedFields\", version);");
        out.line("}");
    }

    private void writeTaggedFields() {
        if (tagged.isEmpty()) {
            out.line("out.writeUnknownTaggedFields(this.unknownTaggedFields);");
            return;
        }
        out.line("int taggedFieldCount = this.unknownTaggedFields == null ? 0 : this.unknownTaggedFields.size();");
        for (Field field : tagged) {
            out.line("if (%s) {", isWrittenTagged(field));
            out.line("taggedFieldCount++;");
            out.line("}");
        }
        out.line("out.writeUnsignedVarint(taggedFieldCount);");
        out.line("int unknownField = 0;");
        for (Field field : tagged) {
            String start = field.javaName() + "Start";
            out.line("if (%s) {", isWrittenTagged(field));
            out.line(
                    "unknownField = out.writeRawTaggedFields(this.unknownTaggedFields, unknownField, %d);",
                    field.tag() - 1);
            out.line("int %s = out.beginTaggedField(%d);", start, field.tag());
            writeValue(field, field.taggedVersions(), true);
            out.line("out.endTaggedField(%s);", start);
            out.line("}");
        }
        out.line("out.writeRawTaggedFields(this.unknownTaggedFields, unknownField, Integer.MAX_VALUE);");
    }

    private String isWrittenTagged(Field field) {
        String known = field.taggedVersions().condition(flexibleVersionsHere());
        return known.equals("true") ? field.javaIsSet() : and(known, field.javaIsSet());
    }

    private static String and(String one, String other) {
        return parenthesized(one) + " && " + parenthesized(other);
    }

    private static String parenthesized(String condition) {
        return condition.contains(" || ") ? "(" + condition + ")" : condition;
    }

    private void isDefault() {
        out.line("");
        out.line("boolean isDefault() {");
        for (Field field : struct.fields()) {
            out.line("if (%s) {", field.javaIsSet());
            out.line("return false;");
            out.line("}");
        }
        out.line("return this.unknownTaggedFields == null || this.unknownTaggedFields.isEmpty();");
        out.line("}");
    }

    private void equalsAndHashCode() {
        out.line("");
        out.line("@Override");
        out.line("public boolean equals(Object other) {");
        out.line("if (!(other instanceof %s that)) {", struct.name());
        out.line("return false;");
        out.line("}");
        for (Field field : struct.fields()) {
            out.line("if (%s) {", differs(field));
            out.line("return false;");
            out.line("}");
        }
        out.line("return this.unknownTaggedFields().equals(that.unknownTaggedFields());");
        out.line("}");
        out.line("");
        out.line("@Override");
        out.line("public int hashCode() {");
        out.line("int hash = 0;");
        for (Field field : struct.fields()) {
            out.line("hash = 31 * hash + %s;", hash(field));
        }
        out.line("return hash;");
        out.line("}");
    }

    private static String differs(Field field) {
        String name = field.javaName();
        if (field.array() || field.primitive() == null || !field.isJavaPrimitive()) {
            String type = field.javaType().equals("byte[]") ? "Arrays" : "Objects";
            return field.isLazy()
                    ? "!%s().equals(that.%s())".formatted(name, name)
                    : "!%s.equals(this.%s, that.%s)".formatted(type, name, name);
        }
        return field.primitive() == Primitive.FLOAT64
                ? "Double.compare(this.%s, that.%s) != 0".formatted(name, name)
                : "this.%s != that.%s".formatted(name, name);
    }

    private static String hash(Field field) {
        String value = current(field);
        return switch (field.javaType()) {
            case "boolean" -> "Boolean.hashCode(" + value + ")";
            case "byte", "short", "int" -> value;
            case "long" -> "Long.hashCode(" + value + ")";
            case "double" -> "Double.hashCode(" + value + ")";
            case "byte[]" -> "Arrays.hashCode(" + value + ")";
            default -> "Objects.hashCode(" + value + ")";
        };
    }

    private static String current(Field field) {
        return "this." + field.javaName() + (field.isLazy() ? "()" : "");
    }

    private void string() {
        out.line("");
        out.line("@Override");
        out.line("public String toString() {");
        out.line("return \"%s(\"", struct.name());
        String separator = "";
        for (Field field : struct.fields()) {
            String value = current(field);
            // Bytes may be large or secret: their number has to do.
            String text =
                    switch (field.javaType()) {
                        case "byte[]" -> "(" + value + " == null ? \"null\" : " + value + ".length + \" bytes\")";
                        case "ByteBuffer" ->
                            "(" + value + " == null ? \"null\" : " + value + ".remaining() + \" bytes\")";
                        default -> value;
                    };
            out.line("        + \"%s%s=\" + %s", separator, field.javaName(), text);
            separator = ", ";
        }
        out.line("        + \")\";");
        out.line("}");
    }
}
