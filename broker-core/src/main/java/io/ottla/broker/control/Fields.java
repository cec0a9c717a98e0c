package io.ottla.broker.control;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The fields of a JSON object, or of a query. Complains with status 400 about those of the wrong type, and of those that nobody asked for. */
final class Fields {

    private final Map<String, Object> values;
    private final Set<String> known = new HashSet<>();

    Fields(Map<String, Object> values) {
        this.values = values;
    }

    @SuppressWarnings("unchecked") // all maps come from Json
    static Fields of(Object json) {
        if (!(json instanceof Map)) {
            throw ControlException.badRequest("A JSON object is expected");
        }
        return new Fields((Map<String, Object>) json);
    }

    private Object get(String name) {
        known.add(name);
        return values.get(name);
    }

    boolean has(String name) {
        return get(name) != null;
    }

    String text(String name) {
        String text = textOr(name, null);
        if (text == null) {
            throw ControlException.badRequest("The field \"" + name + "\" is missing");
        }
        return text;
    }

    String textOr(String name, String otherwise) {
        Object value = get(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof String text) {
            return text;
        }
        throw wrong(name, "a string");
    }

    private static ControlException wrong(String name, String type) {
        return ControlException.badRequest("The field \"" + name + "\" has to be " + type);
    }

    long number(String name) {
        if (!has(name)) {
            throw ControlException.badRequest("The field \"" + name + "\" is missing");
        }
        return numberOr(name, 0L);
    }

    long numberOr(String name, long otherwise) {
        Object value = get(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Long number) {
            return number;
        }
        if (value instanceof String text && text.matches("-?[0-9]{1,18}")) {
            return Long.parseLong(text); // as queries have it
        }
        throw wrong(name, "a whole number");
    }

    int intOr(String name, int otherwise) {
        long value = numberOr(name, otherwise);
        if (value != (int) value) {
            throw wrong(name, "a whole number of 32 bits");
        }
        return (int) value;
    }

    double fraction(String name) {
        if (get(name) instanceof Number number) {
            return number.doubleValue();
        }
        throw wrong(name, "a number");
    }

    boolean flag(String name) {
        Object value = get(name);
        if (value == null || value instanceof Boolean) {
            return Boolean.TRUE.equals(value);
        }
        if (value.equals("true") || value.equals("false")) {
            return value.equals("true"); // as queries have it
        }
        throw wrong(name, "true or false");
    }

    /** One string, or several in a list; empty if the field is missing. */
    List<String> texts(String name) {
        Object value = get(name);
        if (value == null) {
            return List.of();
        }
        if (value instanceof String text) {
            return List.of(text);
        }
        if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        throw wrong(name, "a string or a list of strings");
    }

    /** An object of strings; numbers and booleans will do. Empty if the field is missing. */
    Map<String, String> map(String name) {
        Object value = get(name);
        Map<String, String> map = new LinkedHashMap<>();
        if (value == null) {
            return map;
        }
        if (!(value instanceof Map<?, ?> given)) {
            throw wrong(name, "an object");
        }
        given.forEach((key, each) -> {
            if (each instanceof Map || each instanceof List) {
                throw wrong(name, "an object of strings");
            }
            map.put(key.toString(), each == null ? null : each.toString());
        });
        return map;
    }

    /** Complains about what nobody asked for: a field that is spelt wrong would be ignored. */
    void end() {
        for (String name : values.keySet()) {
            if (!known.contains(name)) {
                throw ControlException.badRequest("Unknown field \"" + name + "\", known are "
                        + known.stream().sorted().toList());
            }
        }
    }
}
