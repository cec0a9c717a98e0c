package io.ottla.protocol;

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A field of a generated class: a method that sets it, and one of the same name that reads it. */
record Property(String name, Method reader, Method writer) {
    static List<Property> of(Class<?> type) {
        List<Property> properties = new ArrayList<>();
        for (Method method : type.getDeclaredMethods()) {
            if (method.getParameterCount() == 1 && method.getReturnType() == type) {
                try {
                    properties.add(new Property(method.getName(), type.getDeclaredMethod(method.getName()), method));
                } catch (NoSuchMethodException e) {
                    throw new AssertionError(e);
                }
            }
        }
        properties.sort(Comparator.comparing(Property::name));
        return properties;
    }

    Class<?> type() {
        return reader.getReturnType();
    }

    Class<?> elementType() {
        return (Class<?>) ((ParameterizedType) reader.getGenericReturnType()).getActualTypeArguments()[0];
    }

    Object value(Object owner) {
        try {
            return reader.invoke(owner);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    void value(Object owner, Object value) {
        try {
            writer.invoke(owner, value);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(name, e);
        }
    }

    static <T> T create(Class<T> type) {
        try {
            return type.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
