package io.ottla.broker.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Compares Ottla's answers with those that Apache Kafka 4.3.1 gave to the same requests, and the list of differences with the documentation. */
class AdminAnswersTest {

    private static final Pattern QUOTE = Pattern.compile("^# As docs/differences.md says: \"(.+)\"$");

    @ParameterizedTest
    @EnumSource
    void shouldAnswerAsApacheKafkaDoes(Conversation conversation) throws IOException {
        assertEquals(
                "",
                Answers.wrong(
                        conversation.reference(),
                        Answers.load(conversation.differences()),
                        conversation.holdWithOttla(false)));
    }

    /** Before each answer that differs, or several for the same reason, stands the sentence of the page that says so. */
    @ParameterizedTest
    @EnumSource
    void shouldSayInTheDocumentationWhatDiffers(Conversation conversation) throws IOException {
        String page = Files.readString(Path.of("../docs/differences.md")).replaceAll("\\s+", " ");
        List<String> unexplained = new ArrayList<>();
        boolean explained = false;
        for (String line : Answers.lines(conversation.differences())) {
            Matcher quote = QUOTE.matcher(line);
            if (line.isBlank()) {
                explained = false;
            } else if (quote.matches()) {
                explained = page.contains(quote.group(1));
            }
            if (!explained && !line.isBlank() && !line.startsWith("# ")) {
                unexplained.add(line);
            }
        }
        assertEquals(List.of(), unexplained);
    }
}
