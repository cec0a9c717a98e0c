package io.ottla.protocol;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/** Fills messages at random. What a version has, and what may be null in it, is told by Kafka's own schemas. */
final class MessageFiller {
    private static final long[] EXTREMES = {
        0,
        1,
        -1,
        Byte.MIN_VALUE,
        Byte.MAX_VALUE,
        Short.MIN_VALUE,
        Short.MAX_VALUE,
        Integer.MIN_VALUE,
        Integer.MAX_VALUE,
        Long.MIN_VALUE,
        Long.MAX_VALUE
    };
    private static final String[] STRINGS = {
        "", "a", "topic", "Grüße, Jürgen", "日本語", "\uD83D\uDE80 \uD800\uDF48", "\u0000\u007F\u0080\u07FF\u0800\uFFFF"
    };
    private static final Map<Class<?>, Map<String, Property>> PROPERTIES = new HashMap<>();

    private final Random random;
    private final boolean unknownTaggedFields;

    MessageFiller(long seed, boolean unknownTaggedFields) {
        this.random = new Random(seed);
        this.unknownTaggedFields = unknownTaggedFields;
    }

    /** Fills a message with what the schema has. */
    <T> T fill(T message, Schema schema) {
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                for (Field field : tagged.fields().values()) {
                    if (random.nextInt(3) > 0) {
                        set(message, field);
                    }
                }
                if (unknownTaggedFields && random.nextInt(4) == 0) {
                    addUnknownTaggedFields(message);
                }
            } else {
                set(message, bound.def);
            }
        }
        return message;
    }

    private void addUnknownTaggedFields(Object owner) {
        List<RawTaggedField> fields;
        try {
            @SuppressWarnings("unchecked")
            List<RawTaggedField> present = (List<RawTaggedField>)
                    owner.getClass().getMethod("unknownTaggedFields").invoke(owner);
            fields = present;
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
        int tag = 100;
        for (int i = random.nextInt(3); i >= 0; i--) {
            fields.add(new RawTaggedField(tag, bytes()));
            tag += 1 + random.nextInt(100_000);
        }
    }

    private void set(Object owner, Field field) {
        Property property = PROPERTIES
                .computeIfAbsent(owner.getClass(), MessageFiller::properties)
                .get(key(field.name));
        if (property == null) {
            throw new AssertionError(owner.getClass() + " has no field " + field.name);
        }
        property.value(owner, value(field.type, property));
    }

    private static Map<String, Property> properties(Class<?> type) {
        Map<String, Property> properties = new HashMap<>();
        for (Property property : Property.of(type)) {
            properties.put(key(property.name()), property);
        }
        return properties;
    }

    private static String key(String name) {
        return name.replace("_", "").toLowerCase(Locale.ROOT);
    }

    private Object value(Type type, Property property) {
        if (type.isNullable() && random.nextInt(5) == 0) {
            return null;
        }
        if (type.isArray()) {
            List<Object> list = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                list.add(single(type.arrayElementType().orElseThrow(), property.elementType()));
            }
            return list;
        }
        return single(type, property.type());
    }

    private Object single(Type type, Class<?> javaType) {
        if (type instanceof Schema schema) {
            return fill(Property.create(javaType), schema);
        }
        if (javaType == String.class) {
            return string();
        }
        if (javaType == byte[].class) {
            return bytes();
        }
        if (javaType == ByteBuffer.class) {
            return ByteBuffer.wrap(bytes());
        }
        if (javaType == Records.class) {
            return MemoryRecords.of(ByteBuffer.wrap(random.nextInt(20) == 0 ? new byte[5000] : bytes()));
        }
        if (javaType == Uuid.class) {
            return random.nextInt(3) == 0 ? Uuid.ZERO : new Uuid(random.nextLong(), random.nextLong());
        }
        if (javaType == boolean.class) {
            return random.nextBoolean();
        }
        if (javaType == double.class) {
            return random.nextBoolean() ? random.nextGaussian() : Double.longBitsToDouble(0x7FF0_0000_0000_0000L);
        }
        return number(type, javaType);
    }

    private Object number(Type type, Class<?> javaType) {
        long number = random.nextBoolean() ? random.nextLong() : EXTREMES[random.nextInt(EXTREMES.length)];
        if (javaType == byte.class || javaType == Byte.class) {
            return (byte) number;
        }
        if (javaType == short.class || javaType == Short.class) {
            return (short) number;
        }
        if (javaType == int.class || javaType == Integer.class) {
            return type == Type.UINT16 ? (int) number & 0xFFFF : (int) number;
        }
        if (javaType == long.class || javaType == Long.class) {
            return type == Type.UNSIGNED_INT32 ? number & 0xFFFF_FFFFL : number;
        }
        throw new AssertionError(javaType);
    }

    private String string() {
        if (random.nextInt(10) == 0) {
            char[] many = new char[random.nextInt(300)];
            Arrays.fill(many, random.nextBoolean() ? 'x' : 'ß');
            return new String(many);
        }
        return STRINGS[random.nextInt(STRINGS.length)];
    }

    private byte[] bytes() {
        byte[] bytes = new byte[random.nextInt(random.nextInt(10) == 0 ? 300 : 8)];
        random.nextBytes(bytes);
        return bytes;
    }
}
