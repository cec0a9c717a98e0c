package io.ottla.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class ErrorCodeTest {
    @Test
    void shouldBeTheErrorsOfKafka() {
        assertEquals(
                Arrays.stream(Errors.values()).map(Errors::name).toList(),
                Arrays.stream(ErrorCode.values()).map(ErrorCode::name).toList());
        for (Errors kafkas : Errors.values()) {
            ErrorCode ours = ErrorCode.valueOf(kafkas.name());
            assertEquals(kafkas.code(), ours.code(), kafkas.name());
            assertEquals(kafkas.message(), ours.message(), kafkas.name());
            assertEquals(kafkas.exception() instanceof RetriableException, ours.retriable(), kafkas.name());
        }
    }

    @Test
    void shouldFindErrorsByCode() {
        for (ErrorCode error : ErrorCode.values()) {
            assertSame(error, ErrorCode.forCode(error.code()));
        }
    }

    @Test
    void shouldTakeUnassignedCodesForUnknownServerErrors() {
        for (int code : new int[] {Short.MIN_VALUE, -2, ErrorCode.values().length - 1, Short.MAX_VALUE}) {
            assertSame(ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.forCode((short) code));
        }
    }
}
