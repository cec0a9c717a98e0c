package io.ottla.broker.coordinator.group;

/**
 * Who sent a request of a group member.
 *
 * @param clientId the client id of the request; empty where the client sent none
 * @param clientHost the client's address as Apache Kafka shows it, {@code /127.0.0.1}
 * @param apiVersion the version of the request
 */
public record GroupClient(String clientId, String clientHost, short apiVersion) {}
