package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.message.ApiMessageType.ListenerType;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.Test;

class ApiKeyTest {
    /** Kafka also lists APIs whose last version was removed. */
    private static List<ApiKeys> served() {
        return Arrays.stream(ApiKeys.values()).filter(ApiKeys::hasValidVersion).toList();
    }

    @Test
    void shouldBeTheApisOfKafka() {
        assertEquals(
                served().stream().map(ApiKeys::name).toList(),
                Arrays.stream(ApiKey.values()).map(ApiKey::name).toList());
        for (ApiKeys kafkas : served()) {
            ApiKey ours = ApiKey.valueOf(kafkas.name());
            assertEquals(kafkas.id, ours.id(), kafkas.name());
            assertEquals(kafkas.name, ours.schemaName());
            assertEquals(kafkas.messageType.lowestSupportedVersion(), ours.lowestVersion(), kafkas.name());
            assertEquals(kafkas.messageType.highestSupportedVersion(true), ours.highestVersion(), kafkas.name());
            assertEquals(kafkas.messageType.latestVersionUnstable(), ours.latestVersionUnstable(), kafkas.name());
            assertEquals(kafkas.messageType.listeners().contains(ListenerType.BROKER), ours.servedByBroker());
        }
    }

    @Test
    void shouldHaveTheHeaderVersionsOfKafka() {
        for (ApiKeys kafkas : served()) {
            ApiKey ours = ApiKey.valueOf(kafkas.name());
            for (short version = ours.lowestVersion(); version <= ours.highestVersion(); version++) {
                assertEquals(kafkas.requestHeaderVersion(version), ours.requestHeaderVersion(version), kafkas.name());
                assertEquals(kafkas.responseHeaderVersion(version), ours.responseHeaderVersion(version), kafkas.name());
            }
        }
    }

    @Test
    void shouldMakeItsOwnMessages() {
        for (ApiKey api : ApiKey.values()) {
            assertEquals(
                    api.schemaName() + "Request", api.newRequest().getClass().getSimpleName());
            assertEquals(
                    api.schemaName() + "Response", api.newResponse().getClass().getSimpleName());
            for (ApiMessage message : List.of(api.newRequest(), api.newResponse())) {
                assertSame(api, message.apiKey());
                assertEquals(api.lowestVersion(), message.lowestSupportedVersion());
                assertEquals(api.highestVersion(), message.highestSupportedVersion());
            }
        }
    }

    @Test
    void shouldFindApisById() {
        for (int id = Short.MIN_VALUE; id <= Short.MAX_VALUE; id++) {
            ApiKey found = ApiKey.forId((short) id);
            if (ApiKeys.hasId(id) && ApiKeys.forId(id).hasValidVersion()) {
                assertEquals(ApiKeys.forId(id).name(), found.name());
            } else {
                assertNull(found, "id " + id);
            }
        }
    }

    @Test
    void shouldNotLoadTheMessagesThatNobodyAskedFor() throws Exception {
        List<String> loaded = new ArrayList<>();
        URL classes = ApiKey.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {classes}, ClassLoader.getPlatformClassLoader()) {
            @Override
            protected Class<?> findClass(String name) throws ClassNotFoundException {
                loaded.add(name);
                return super.findClass(name);
            }
        }) {
            Object api = Class.forName(ApiKey.class.getName(), true, loader).getEnumConstants()[0];
            assertTrue(loaded.stream().noneMatch(name -> name.contains(".message.")), loaded.toString());
            api.getClass().getMethod("newRequest").invoke(api);
        }
        assertTrue(loaded.contains("io.ottla.protocol.message.ProduceRequest"), loaded.toString());
        assertFalse(loaded.contains("io.ottla.protocol.message.ProduceResponse"), loaded.toString());
        assertFalse(loaded.contains("io.ottla.protocol.message.FetchRequest"), loaded.toString());
    }
}
