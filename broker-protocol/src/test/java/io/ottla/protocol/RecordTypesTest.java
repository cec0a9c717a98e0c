package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.ottla.protocol.message.GroupCoordinatorRecordType;
import io.ottla.protocol.message.MetadataRecordType;
import io.ottla.protocol.message.ShareCoordinatorRecordType;
import io.ottla.protocol.message.TransactionCoordinatorRecordType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RecordTypesTest {
    private static <K, O> void assertSameConstants(
            K[] kafkas, Function<K, Short> kafkaId, O[] ours, Function<O, Short> ourId) {
        List<String> expected = Stream.of(kafkas)
                .sorted(Comparator.comparing(kafkaId))
                .map(one -> one + " " + kafkaId.apply(one))
                .toList();
        assertEquals(
                expected,
                Arrays.stream(ours).map(one -> one + " " + ourId.apply(one)).toList());
    }

    @Test
    void shouldNumberMetadataRecordsAsKafkaDoes() {
        var kafkas = org.apache.kafka.common.metadata.MetadataRecordType.values();
        // Kafka's prints its name in camel case, so the constants are compared by name().
        assertEquals(
                Stream.of(kafkas)
                        .sorted(Comparator.comparing(org.apache.kafka.common.metadata.MetadataRecordType::id))
                        .map(one ->
                                one.name() + one.id() + one.lowestSupportedVersion() + one.highestSupportedVersion())
                        .toList(),
                Stream.of(MetadataRecordType.values())
                        .map(one -> one.name() + one.id() + one.lowestVersion() + one.highestVersion())
                        .toList());
        for (MetadataRecordType type : MetadataRecordType.values()) {
            MetadataRecord record = type.newRecord();
            assertSame(type, record.type());
            assertSame(type, MetadataRecordType.forId(type.id()));
            assertEquals(
                    org.apache.kafka.common.metadata.MetadataRecordType.fromId(type.id())
                            .newMetadataRecord()
                            .getClass()
                            .getSimpleName(),
                    record.getClass().getSimpleName());
        }
        assertNull(MetadataRecordType.forId((short) -1));
        assertNull(MetadataRecordType.forId((short) 1000));
    }

    @Test
    void shouldNumberGroupRecordsAsKafkaDoes() {
        assertSameConstants(
                org.apache.kafka.coordinator.group.generated.CoordinatorRecordType.values(),
                type -> type.id(),
                GroupCoordinatorRecordType.values(),
                type -> type.id());
        for (GroupCoordinatorRecordType type : GroupCoordinatorRecordType.values()) {
            assertPair(type.name(), type.id(), type.newKey(), type.newValue());
            assertSame(type, GroupCoordinatorRecordType.forId(type.id()));
            assertEquals(type.lowestVersion(), type.newValue().lowestSupportedVersion());
            assertEquals(type.highestVersion(), type.newValue().highestSupportedVersion());
        }
        assertNull(GroupCoordinatorRecordType.forId((short) -1));
        assertNull(GroupCoordinatorRecordType.forId((short) 1000));
    }

    @Test
    void shouldNumberTransactionRecordsAsKafkaDoes() {
        assertSameConstants(
                org.apache.kafka.coordinator.transaction.generated.CoordinatorRecordType.values(),
                type -> type.id(),
                TransactionCoordinatorRecordType.values(),
                type -> type.id());
        for (TransactionCoordinatorRecordType type : TransactionCoordinatorRecordType.values()) {
            assertPair(type.name(), type.id(), type.newKey(), type.newValue());
        }
    }

    @Test
    void shouldNumberShareRecordsAsKafkaDoes() {
        assertSameConstants(
                org.apache.kafka.coordinator.share.generated.CoordinatorRecordType.values(),
                type -> type.id(),
                ShareCoordinatorRecordType.values(),
                type -> type.id());
        for (ShareCoordinatorRecordType type : ShareCoordinatorRecordType.values()) {
            assertPair(type.name(), type.id(), type.newKey(), type.newValue());
        }
    }

    private static void assertPair(String name, short id, CoordinatorKey key, Message value) {
        assertEquals(id, key.recordType());
        String keyName = key.getClass().getSimpleName();
        assertEquals(keyName.replaceFirst("Key$", "Value"), value.getClass().getSimpleName());
        assertEquals(name.replace("_", "") + "KEY", keyName.toUpperCase(Locale.ROOT));
    }
}
