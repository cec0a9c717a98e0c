package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.ottla.protocol.message.RequestHeader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.Schema;

/** A generated class of ours, and the one of Kafka that stands for the same message. */
record Twin(Class<? extends Message> ours, Class<? extends org.apache.kafka.common.protocol.Message> kafkas) {
    private static final List<String> KAFKA_NAMES = List.of(
            "org.apache.kafka.common.message.%sData",
            "org.apache.kafka.common.message.%s",
            "org.apache.kafka.common.metadata.%s",
            "org.apache.kafka.coordinator.group.generated.%s",
            "org.apache.kafka.coordinator.transaction.generated.%s",
            "org.apache.kafka.coordinator.share.generated.%s",
            "org.apache.kafka.raft.generated.%s",
            "org.apache.kafka.server.log.remote.metadata.storage.generated.%s");

    /** All messages there are. */
    static List<Twin> all() throws Exception {
        Path classes = Path.of(RequestHeader.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path directory = classes.resolve(RequestHeader.class.getPackageName().replace('.', '/'));
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name ->
                            name.endsWith(".class") && !name.contains("$") && !name.endsWith("RecordType.class"))
                    .sorted()
                    .map(name -> of(name.substring(0, name.length() - ".class".length())))
                    .toList();
        }
    }

    private static Twin of(String name) {
        try {
            Class<? extends Message> ours = Class.forName(RequestHeader.class.getPackageName() + "." + name)
                    .asSubclass(Message.class);
            return new Twin(ours, kafkaClass(name));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    private static Class<? extends org.apache.kafka.common.protocol.Message> kafkaClass(String name) {
        for (String pattern : KAFKA_NAMES) {
            try {
                return Class.forName(pattern.formatted(name))
                        .asSubclass(org.apache.kafka.common.protocol.Message.class);
            } catch (ClassNotFoundException e) {
                // in another package
            }
        }
        throw new AssertionError("Kafka has no " + name);
    }

    Message newOurs() {
        return Property.create(ours);
    }

    org.apache.kafka.common.protocol.Message newKafkas() {
        return Property.create(kafkas);
    }

    /** What Kafka says that a version consists of. */
    Schema schema(short version) {
        try {
            return ((Schema[]) kafkas.getField("SCHEMAS").get(null))[version];
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    static byte[] write(Message message, short version) {
        ProtocolWriter writer = new ProtocolWriter(BufferSource.HEAP, 16);
        message.write(writer, version);
        return bytes(writer.toByteBuffer());
    }

    static byte[] write(org.apache.kafka.common.protocol.Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        assertEquals(0, buffer.remaining(), "Kafka wrote less than it had announced");
        return buffer.array();
    }

    Message readOurs(byte[] bytes, short version) {
        Message message = newOurs();
        ProtocolReader reader = new ProtocolReader(ByteBuffer.wrap(bytes));
        message.read(reader, version);
        assertEquals(0, reader.remaining(), "bytes left over");
        return message;
    }

    org.apache.kafka.common.protocol.Message readKafkas(byte[] bytes, short version) {
        org.apache.kafka.common.protocol.Message message = newKafkas();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        message.read(new ByteBufferAccessor(buffer), version);
        assertEquals(0, buffer.remaining(), "bytes that Kafka does not read");
        return message;
    }

    /** Fails unless both have the same values in all fields. */
    static void assertSameValues(String path, Object ours, Object kafkas) {
        if (ours == null || kafkas == null) {
            assertEquals(kafkas, ours, path);
        } else if (ours instanceof List<?> list) {
            Collection<?> other = (Collection<?>) kafkas;
            assertEquals(other.size(), list.size(), path);
            Iterator<?> iterator = other.iterator();
            for (int i = 0; i < list.size(); i++) {
                assertSameValues(path + "[" + i + "]", list.get(i), iterator.next());
            }
        } else if (ours instanceof byte[] bytes) {
            assertArrayEquals((byte[]) kafkas, bytes, path);
        } else if (ours instanceof ByteBuffer buffer) {
            assertEquals(kafkas instanceof ByteBuffer other ? other : recordsBuffer(kafkas), buffer, path);
        } else if (ours instanceof MemoryRecords records) {
            assertEquals(recordsBuffer(kafkas), records.buffer(), path);
        } else if (ours instanceof Uuid || ours instanceof String) {
            assertEquals(kafkas.toString(), ours.toString(), path);
        } else if (ours instanceof RawTaggedField field) {
            var other = (org.apache.kafka.common.protocol.types.RawTaggedField) kafkas;
            assertEquals(other.tag(), field.tag(), path);
            assertArrayEquals(other.data(), field.data(), path);
        } else if (ours.getClass().getPackageName().startsWith("java.")) {
            assertEquals(kafkas, ours, path);
        } else {
            assertSameFields(path, ours, kafkas);
        }
    }

    private static void assertSameFields(String path, Object ours, Object kafkas) {
        for (Property property : Property.of(ours.getClass())) {
            String name = property.name();
            assertSameValues(path + "." + name, property.value(ours), call(kafkas, name));
        }
        assertSameValues(
                path + ".unknownTaggedFields", call(ours, "unknownTaggedFields"), call(kafkas, "unknownTaggedFields"));
    }

    private static Object call(Object owner, String method) {
        try {
            return owner.getClass().getMethod(method).invoke(owner);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static ByteBuffer recordsBuffer(Object records) {
        assertNotNull(records);
        return ((org.apache.kafka.common.record.internal.MemoryRecords) records).buffer();
    }

    static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    @Override
    public String toString() {
        return ours.getSimpleName();
    }
}
