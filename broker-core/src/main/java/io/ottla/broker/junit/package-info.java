/**
 * A broker for tests of JUnit 5 and later: {@link io.ottla.broker.junit.OttlaTest}. JUnit's API is an optional dependency of this package
 * alone, and the Kafka client that it makes producers, consumers and admins of is the one that the test has.
 */
package io.ottla.broker.junit;
