package io.ottla.broker.control;

import io.ottla.broker.testing.BrokerOverview;
import io.ottla.broker.testing.BrokerTopic;
import io.ottla.broker.testing.StoredRecord;
import io.ottla.broker.testing.TestRecord;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code /topics}: topics and their records; {@code /groups}. */
final class TopicCalls {

    private static final int DEFAULT_LIMIT = 1_000;

    private final ControlledBroker broker;

    TopicCalls(ControlledBroker broker) {
        this.broker = broker;
    }

    Answer groups(Call call) {
        if (!call.is("GET", "groups")) {
            throw call.unknown();
        }
        List<Object> groups = new ArrayList<>();
        for (BrokerOverview.Group group : broker.overview().groups()) {
            List<Object> offsets = new ArrayList<>();
            for (BrokerOverview.GroupOffset offset : group.offsets()) {
                Map<String, Object> json = new LinkedHashMap<>();
                json.put("topic", offset.topic());
                json.put("partition", offset.partition());
                json.put("committedOffset", offset.committedOffset());
                json.put("endOffset", offset.endOffset());
                offsets.add(json);
            }
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("group", group.groupId());
            json.put("state", group.state());
            json.put("members", group.members());
            json.put("offsets", offsets);
            groups.add(json);
        }
        return Answer.ok(groups);
    }

    Answer topics(Call call) {
        if (call.is("GET", "topics")) {
            return Answer.ok(
                    broker.overview().topics().stream().map(TopicCalls::json).toList());
        }
        if (call.is("POST", "topics")) {
            return create(call.fields());
        }
        if (call.is("GET", "topics", "*")) {
            BrokerTopic topic = topic(call);
            return Answer.ok(broker.overview().topics().stream()
                    .filter(each -> each.name().equals(topic.name()))
                    .map(TopicCalls::json)
                    .findFirst()
                    .orElseThrow(() -> ControlException.notFound("There is no topic " + topic)));
        }
        if (call.is("GET", "topics", "*", "records")) {
            return read(topic(call), call.query());
        }
        if (call.is("POST", "topics", "*", "records")) {
            return write(topic(call), call.body());
        }
        throw call.unknown();
    }

    private BrokerTopic topic(Call call) {
        BrokerTopic topic = broker.topic(call.path().get(1));
        if (!topic.exists()) {
            throw ControlException.notFound("There is no topic " + topic);
        }
        return topic;
    }

    private static Map<String, Object> json(BrokerOverview.Topic topic) {
        List<Object> partitions = new ArrayList<>();
        for (BrokerOverview.PartitionEnds ends : topic.partitions()) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("partition", ends.partition());
            json.put("startOffset", ends.startOffset());
            json.put("endOffset", ends.endOffset());
            partitions.add(json);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", topic.name());
        json.put("partitions", partitions);
        return json;
    }

    private Answer create(Fields fields) {
        String name = fields.text("name");
        int partitions = fields.intOr("partitions", -1);
        Map<String, String> configs = fields.map("configs");
        fields.end();
        broker.createTopic(name, partitions, configs);
        return Answer.created(Map.of("name", name));
    }

    // Reading

    private static Answer read(BrokerTopic topic, Fields query) {
        int partition = query.intOr("partition", -1);
        long fromOffset = query.numberOr("from", 0L);
        int limit = query.intOr("limit", DEFAULT_LIMIT);
        boolean committed = query.flag("committed");
        query.end();
        if (limit < 0) {
            throw ControlException.badRequest("Not a limit: " + limit);
        }
        Stream<StoredRecord> records = committed ? topic.committedRecords() : topic.records();
        return Answer.ok(records.filter(record -> partition < 0 || record.partition() == partition)
                .filter(record -> record.offset() >= fromOffset)
                .limit(limit)
                .map(TopicCalls::json)
                .toList());
    }

    private static Map<String, Object> json(StoredRecord record) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("partition", record.partition());
        json.put("offset", record.offset());
        json.put("timestamp", record.timestamp().toEpochMilli());
        putBytes(json, "key", record.key());
        putBytes(json, "value", record.value());
        List<Object> headers = new ArrayList<>();
        for (StoredRecord.Header header : record.headers()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("key", header.key());
            putBytes(one, "value", header.value());
            headers.add(one);
        }
        json.put("headers", headers);
        json.put("transaction", record.transaction().name());
        return json;
    }

    /** As text if it is some, or else in Base64 under a name that says so. */
    private static void putBytes(Map<String, Object> json, String name, byte[] bytes) {
        if (bytes == null) {
            json.put(name, null);
            return;
        }
        try {
            json.put(
                    name,
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString());
        } catch (CharacterCodingException e) {
            json.put(name + "Base64", Base64.getEncoder().encodeToString(bytes));
        }
    }

    // Writing

    private static Answer write(BrokerTopic topic, Object body) {
        List<TestRecord> records = new ArrayList<>();
        for (Object each : body instanceof List<?> list ? list : List.of(body)) {
            records.add(record(Fields.of(each)));
        }
        topic.write(records);
        return Answer.created(Map.of("written", records.size()));
    }

    private static TestRecord record(Fields fields) {
        TestRecord record = TestRecord.of(bytes(fields, "key"), bytes(fields, "value"));
        for (Map.Entry<String, String> header : fields.map("headers").entrySet()) {
            record = record.header(header.getKey(), header.getValue());
        }
        if (fields.has("timestamp")) {
            record = record.timestamp(Instant.ofEpochMilli(fields.number("timestamp")));
        }
        if (fields.has("partition")) {
            record = record.partition(fields.intOr("partition", 0));
        }
        fields.end();
        return record;
    }

    private static byte[] bytes(Fields fields, String name) {
        String base64 = fields.textOr(name + "Base64", null);
        if (base64 != null) {
            return Base64.getDecoder().decode(base64);
        }
        String text = fields.textOr(name, null);
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }
}
