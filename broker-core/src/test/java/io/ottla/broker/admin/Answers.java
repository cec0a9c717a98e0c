package io.ottla.broker.admin;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a broker answered to each request of a conversation, by what the request is called. */
final class Answers {

    private Answers() {}

    /** Reads answers, one a line, from a file beside this class; what begins with # is a comment. */
    static Map<String, String> load(String resource) throws IOException {
        Map<String, String> answers = new LinkedHashMap<>();
        for (String line : lines(resource)) {
            int arrow = line.indexOf(" => ");
            if (!line.startsWith("#") && arrow > 0) {
                answers.put(line.substring(0, arrow), line.substring(arrow + 4));
            }
        }
        return answers;
    }

    static List<String> lines(String resource) throws IOException {
        try (BufferedReader reader = new BufferedReader(
                new InputStreamReader(Answers.class.getResourceAsStream(resource), StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        }
    }

    /**
     * Every answer that is not as it is wanted, in words: as the reference has it, unless a difference is meant; and every difference that is none.
     */
    static String wrong(Map<String, String> reference, Map<String, String> differences, Map<String, String> actual) {
        List<String> wrong = new ArrayList<>();
        Set<String> labels = new LinkedHashSet<>(reference.keySet());
        labels.addAll(differences.keySet());
        labels.addAll(actual.keySet());
        for (String label : labels) {
            String wanted = differences.getOrDefault(label, reference.get(label));
            String given = actual.get(label);
            if (given == null || !given.equals(wanted)) {
                wrong.add(label + "\n  wanted: " + wanted + "\n  given:  " + given);
            }
            if (differences.containsKey(label) && differences.get(label).equals(reference.get(label))) {
                wrong.add(label + " is no difference");
            }
        }
        return String.join("\n", wrong);
    }
}
