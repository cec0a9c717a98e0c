package io.ottla.broker.junit;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** The {@code key=value} texts of annotations. */
final class KeyValues {

    private KeyValues() {}

    static Map<String, String> parse(String... texts) {
        Map<String, String> map = new LinkedHashMap<>();
        for (String text : texts) {
            int equals = text.indexOf('=');
            if (equals <= 0) {
                throw new ExtensionConfigurationException("Not of the form key=value: \"" + text + "\"");
            }
            map.put(
                    text.substring(0, equals).strip(),
                    text.substring(equals + 1).strip());
        }
        return map;
    }
}
