package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.transaction.TransactionAdmission;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A transaction coordinator that says what a test tells it to say, at once or when the test wants it. */
public final class TestAdmission implements TransactionAdmission {

    private final List<Question> questions = new ArrayList<>();
    private final Map<TopicPartition, ErrorCode> answers = new HashMap<>();
    private boolean held;
    private boolean broken;
    private int answered;

    /** What the coordinator was asked. */
    public record Question(
            String transactionalId,
            long producerId,
            short producerEpoch,
            List<TopicPartition> partitions,
            Mode mode,
            Reply<Map<TopicPartition, ErrorCode>> reply) {}

    /** From now on, the coordinator answers so for the partition; NONE unless told otherwise. */
    public void answer(TopicPartition partition, ErrorCode error) {
        answers.put(partition, error);
    }

    /** From now on, answers are kept back. */
    public void hold() {
        held = true;
    }

    /** Whether the coordinator fails unexpectedly instead of answering. */
    public void breakDown(boolean fails) {
        broken = fails;
    }

    /** Gives the answers that were kept back, and keeps back no more. */
    public void release() {
        held = false;
        while (answered < questions.size()) {
            give();
        }
    }

    private void give() {
        Question question = questions.get(answered++);
        Map<TopicPartition, ErrorCode> result = new HashMap<>();
        question.partitions().forEach(each -> result.put(each, answers.getOrDefault(each, ErrorCode.NONE)));
        question.reply().complete(result);
    }

    public List<Question> questions() {
        return questions;
    }

    @Override
    public void admit(
            String transactionalId,
            long producerId,
            short producerEpoch,
            List<TopicPartition> partitions,
            Mode mode,
            Reply<Map<TopicPartition, ErrorCode>> reply) {
        if (broken) {
            throw new IllegalStateException("broken down");
        }
        questions.add(new Question(transactionalId, producerId, producerEpoch, List.copyOf(partitions), mode, reply));
        if (!held) {
            give();
        }
    }
}
