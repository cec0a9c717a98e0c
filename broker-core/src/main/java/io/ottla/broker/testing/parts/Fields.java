package io.ottla.broker.testing.parts;

import io.ottla.protocol.Uuid;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * The fields of generated messages and of the structures in them, found once per class through their accessors: an accessor and a setter of
 * the same name belong to each field.
 */
final class Fields {

    private static final String MESSAGES = "io.ottla.protocol.message";

    /** The type of topics among configuration resources. */
    private static final byte TOPIC_RESOURCE = 2;

    /** Lists of groups or transactional ids, by name or as structures. */
    private static final Set<String> OWNER_LISTS =
            Set.of("groups", "groupIds", "groupsNames", "coordinatorKeys", "transactionalIds", "transactions");

    private static final ClassValue<Fields> OF_CLASS = new ClassValue<>() {
        @Override
        protected Fields computeValue(Class<?> type) {
            return type.getPackageName().equals(MESSAGES) ? new Fields(type) : null;
        }
    };

    private final List<Field> all = new ArrayList<>();
    private final List<Field> lists;
    private final Field topicName;
    private final Field topicId;
    private final Field resourceType;
    private final Field partition;
    private final Field errorCode;

    /** One field. */
    record Field(String name, Class<?> type, Method accessor, Method setter) {

        Object get(Object structure) {
            return call(accessor, structure);
        }

        void set(Object structure, Object value) {
            call(setter, structure, value);
        }

        /** The elements; none if the list is null. */
        List<?> elements(Object structure) {
            List<?> elements = (List<?>) get(structure);
            return elements == null ? List.of() : elements;
        }

        private static Object call(Method method, Object structure, Object... arguments) {
            try {
                return method.invoke(structure, arguments);
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            } catch (InvocationTargetException e) {
                throw new IllegalStateException(e.getCause());
            }
        }
    }

    private Fields(Class<?> type) {
        for (Method setter : type.getDeclaredMethods()) {
            boolean sets = Modifier.isPublic(setter.getModifiers())
                    && setter.getParameterCount() == 1
                    && setter.getReturnType() == type;
            Method accessor = sets ? accessor(type, setter) : null;
            if (accessor != null) {
                all.add(new Field(setter.getName(), accessor.getReturnType(), accessor, setter));
            }
        }
        all.sort(Comparator.comparing(Field::name));
        lists = all.stream().filter(field -> field.type == List.class).toList();
        topicId = find(Uuid.class, "topicId");
        resourceType = find(byte.class, "resourceType");
        String className = type.getSimpleName();
        boolean topic = topicId != null || (className.contains("Topic") && !className.contains("Config"));
        Field name = find(String.class, "topic", "topicName");
        if (name == null && topic) {
            name = find(String.class, "name");
        }
        topicName = name == null && resourceType != null ? find(String.class, "resourceName") : name;
        partition = find(int.class, "partitionIndex", "partition", "index");
        errorCode = find(short.class, "errorCode");
    }

    private static Method accessor(Class<?> type, Method setter) {
        for (Method method : type.getDeclaredMethods()) {
            if (method.getName().equals(setter.getName())
                    && method.getParameterCount() == 0
                    && method.getReturnType() == setter.getParameterTypes()[0]) {
                return method;
            }
        }
        return null;
    }

    /** The fields of a message or structure; null for anything else. */
    static Fields of(Object structure) {
        return OF_CLASS.get(structure.getClass());
    }

    static boolean isStructure(Object value) {
        return value != null && of(value) != null;
    }

    /** The fields that are lists, by name. */
    List<Field> lists() {
        return lists;
    }

    /** The first of these fields that there is and is of the type, or null. */
    Field find(Class<?> type, String... names) {
        for (String name : names) {
            for (Field field : all) {
                if (field.name.equals(name) && field.type == type) {
                    return field;
                }
            }
        }
        return null;
    }

    /** The field that lists groups or transactional ids, or null if there is none or it is empty. */
    Field ownerList(Object structure) {
        for (Field list : lists) {
            if (OWNER_LISTS.contains(list.name) && !list.elements(structure).isEmpty()) {
                return list;
            }
        }
        return null;
    }

    /** The group or transactional id that an element of a list stands for, or null. */
    static String ownerName(Object element) {
        if (element instanceof String name) {
            return name;
        }
        Field name = of(element).find(String.class, "groupId", "transactionalId", "key");
        return name == null ? null : (String) name.get(element);
    }

    /** The value of a field of the type, or null if there is none. */
    static <T> T value(Object structure, Class<T> type, String name) {
        Field field = of(structure).find(type, name);
        return field == null ? null : type.cast(field.get(structure));
    }

    /** The partition that a structure is about, or -1. */
    static int partition(Object structure) {
        Field field = of(structure).partition;
        return field == null ? Part.NO_PARTITION : (int) field.get(structure);
    }

    /** The error of a structure, or 0. */
    static short errorCode(Object structure) {
        Field field = of(structure).errorCode;
        return field == null ? 0 : (short) field.get(structure);
    }

    /** Gives a structure the error of another of the same class, if that has one. */
    static void takeOverError(Object into, Object from) {
        short code = errorCode(from);
        if (code != 0) {
            of(into).errorCode.set(into, code);
        }
    }

    /** How a structure names its topic; null if it does not stand for one. */
    static TopicKey topicKey(Object structure) {
        Fields fields = of(structure);
        if (fields.topicName == null && fields.topicId == null) {
            return null;
        }
        if (fields.resourceType != null && (byte) fields.resourceType.get(structure) != TOPIC_RESOURCE) {
            return null;
        }
        String name = fields.topicName == null ? null : (String) fields.topicName.get(structure);
        Uuid id = fields.topicId == null ? Uuid.ZERO : (Uuid) fields.topicId.get(structure);
        if (name != null && !name.isEmpty()) {
            return new TopicKey(name, id);
        }
        return id.equals(Uuid.ZERO) ? null : new TopicKey(null, id);
    }

    /** Takes over all values; lists are shared, tagged fields that nobody knows are left out. */
    static <T> T copy(T structure, T empty) {
        for (Field field : of(structure).all) {
            field.set(empty, field.get(structure));
        }
        return empty;
    }

    /** A structure of the same class with the same values; lists are shared. */
    static Object copy(Object structure) {
        try {
            return copy(
                    structure, (Object) structure.getClass().getConstructor().newInstance());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
