package io.ottla.broker.testing.journal;

import io.ottla.broker.testing.parts.Parts;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.protocol.message.FetchResponse.FetchableTopicResponse;
import io.ottla.protocol.message.ProduceResponse;
import io.ottla.protocol.message.ProduceResponse.TopicProduceResponse;
import java.util.StringJoiner;

/** What answers bring about records: where they went, or how many bytes of them come. */
final class AnswerContent {

    /** Of a fetch that has waited in vain. */
    static final String NOTHING = "nothing";

    private static final int MAX_PARTITIONS = 10;

    private AnswerContent() {}

    /** In words; empty for answers that are not about records. */
    static String of(ApiMessage response, Parts parts) {
        if (response instanceof ProduceResponse produced) {
            return of(produced, parts);
        }
        return response instanceof FetchResponse fetched ? of(fetched, parts) : "";
    }

    private static String of(ProduceResponse response, Parts parts) {
        Words words = new Words();
        for (TopicProduceResponse topic : response.responses()) {
            String name = parts.topicName(topic.name(), topic.topicId());
            topic.partitionResponses().stream()
                    .filter(partition -> partition.errorCode() == 0)
                    .forEach(partition -> words.add(name + "-" + partition.index() + " at " + partition.baseOffset()));
        }
        return words.toString();
    }

    private static String of(FetchResponse response, Parts parts) {
        Words words = new Words();
        for (FetchableTopicResponse topic : response.responses()) {
            String name = parts.topicName(topic.topic(), topic.topicId());
            topic.partitions().stream()
                    .filter(partition ->
                            partition.records() != null && partition.records().sizeBytes() > 0)
                    .forEach(partition -> words.add(name + "-" + partition.partitionIndex() + " "
                            + partition.records().sizeBytes() + " bytes"));
        }
        return words.count == 0 ? NOTHING : words.toString();
    }

    private static final class Words {

        private final StringJoiner text = new StringJoiner(", ");
        private int count;

        void add(String word) {
            if (count < MAX_PARTITIONS) {
                text.add(word);
            }
            count++;
        }

        @Override
        public String toString() {
            return count <= MAX_PARTITIONS ? text.toString() : text + ", and " + (count - MAX_PARTITIONS) + " more";
        }
    }
}
