package io.ottla.broker.admin;

import io.ottla.broker.EmbeddedBroker;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;

/**
 * The conversations that are held with Ottla and with Apache Kafka 4.3.1, good requests and bad ones. Each has a file with Apache Kafka's answers
 * and one with the answers that are meant to differ. {@link #main} makes the former anew.
 */
enum Conversation {
    TOPICS("kafka-answers.txt", "differences.txt") {
        @Override
        Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException {
            return AdminConversation.hold("localhost", port, settleMs);
        }
    },
    OPERATIONS("kafka-operations-answers.txt", "operations-differences.txt") {
        @Override
        Map<String, String> kafkaSettings() {
            return Map.of("metric.reporters", TelemetryReceiver.class.getName());
        }

        @Override
        EmbeddedBroker.Builder ottla() {
            return super.ottla().clientMetricsListener(metrics -> {});
        }

        @Override
        Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException {
            return OperationsConversation.hold("localhost", port, settleMs);
        }
    },
    QUOTAS("kafka-quota-answers.txt", "quota-differences.txt") {
        @Override
        Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException {
            return QuotaConversation.hold(port, settleMs, QuotaConversation.Earnings.BY_WAITING);
        }

        /** On a clock that stands still, a slow machine earns no tokens while it thinks. */
        @Override
        Map<String, String> holdWithOttla(boolean whole) throws IOException {
            try (EmbeddedBroker broker = ottla().start()) {
                broker.clock().stop();
                return QuotaConversation.hold(
                        broker.port(), 0, (wire, afterMs) -> broker.clock().advance(Duration.ofMillis(afterMs)));
            }
        }
    },
    GROUPS("kafka-group-answers.txt", "group-differences.txt") {
        @Override
        Map<String, String> kafkaSettings() {
            return Map.of("group.initial.rebalance.delay.ms", "0", "group.consumer.assignment.interval.ms", "0");
        }

        @Override
        EmbeddedBroker.Builder ottla() {
            return super.ottla().config("group.consumer.heartbeat.interval.ms", "5000");
        }

        @Override
        Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException {
            return GroupConversation.hold("localhost", port);
        }
    },
    TRANSACTIONS("kafka-transactions.txt", "transaction-differences.txt") {
        @Override
        Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException {
            return TransactionConversation.hold("localhost", port, whole);
        }
    },
    LOGS("kafka-logs-answers.txt", "logs-differences.txt") {
        @Override
        Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException {
            return LogsConversation.hold(port, settleMs);
        }
    },
    SETTINGS("kafka-settings-answers.txt", "settings-differences.txt") {
        @Override
        Map<String, String> kafkaSettings() {
            return SettingsConversation.SETTINGS;
        }

        @Override
        EmbeddedBroker.Builder ottla() {
            EmbeddedBroker.Builder builder = super.ottla();
            kafkaSettings().forEach(builder::config);
            return builder;
        }

        @Override
        Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException {
            return SettingsConversation.hold(port, settleMs, whole);
        }
    };

    /** How long a change may take to be seen everywhere in Apache Kafka, where metadata travels. */
    static final long APACHE_KAFKA_SETTLES_MS = 1000;

    private final String reference;
    private final String differences;

    Conversation(String reference, String differences) {
        this.reference = reference;
        this.differences = differences;
    }

    /**
     * Prints the answers of a new Apache Kafka, to be kept as the reference, or of Ottla where the other is not on the class path; arguments: the name of
     * the conversation, and anything to have the whole of it.
     */
    public static void main(String[] args) throws Exception {
        Conversation conversation = valueOf(args[0]);
        boolean whole = args.length > 1;
        Map<String, String> answers = ApacheKafka.isOnClassPath()
                ? conversation.holdWithApacheKafka(whole)
                : conversation.holdWithOttla(whole);
        answers.forEach((label, answer) -> System.out.println(label + " => " + answer));
    }

    Map<String, String> reference() throws IOException {
        return Answers.load(reference);
    }

    /** The name of the file with the answers that are meant to differ. */
    String differences() {
        return differences;
    }

    /** What Apache Kafka needs to be set for it. */
    Map<String, String> kafkaSettings() {
        return Map.of();
    }

    /** The broker to hold it with, as Apache Kafka is set for it. */
    EmbeddedBroker.Builder ottla() {
        return EmbeddedBroker.builder();
    }

    Map<String, String> holdWithOttla(boolean whole) throws IOException {
        try (EmbeddedBroker broker = ottla().start()) {
            return hold(broker.port(), 0, whole);
        }
    }

    Map<String, String> holdWithApacheKafka(boolean whole) throws Exception {
        try (ApacheKafka kafka = ApacheKafka.start(kafkaSettings())) {
            return hold(kafka.port(), APACHE_KAFKA_SETTLES_MS, whole);
        }
    }

    /**
     * Holds the conversation with a new broker on localhost.
     *
     * @param settleMs how long a change may take to be seen everywhere
     * @param whole with what takes longer, too, which is not in the reference
     */
    abstract Map<String, String> hold(int port, long settleMs, boolean whole) throws IOException;
}
