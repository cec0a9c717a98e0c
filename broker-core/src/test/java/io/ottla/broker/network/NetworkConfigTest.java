package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class NetworkConfigTest {

    @Test
    void shouldTakeOneEventLoopForFourProcessorsAndNotMoreThanAllowed() {
        assertEquals(1, NetworkConfig.defaultThreads(1, 3));
        assertEquals(1, NetworkConfig.defaultThreads(2, 3));
        assertEquals(1, NetworkConfig.defaultThreads(7, 3));
        assertEquals(2, NetworkConfig.defaultThreads(8, 3));
        assertEquals(3, NetworkConfig.defaultThreads(64, 3));
    }
}
