package io.ottla.broker.testing.fault;

import io.ottla.broker.handler.RequestHandlers;
import io.ottla.broker.handler.fetch.FetchSessions;
import io.ottla.broker.testing.parts.Parts;
import io.ottla.broker.time.BrokerTimer;

/**
 * What faults need of the broker that they are at work in.
 *
 * @param handlers know the form of error answers
 * @param timer delays go by it
 * @param fetchSessions know what a fetch request asks for that does not name it
 * @param parts what requests are about
 */
public record FaultHost(RequestHandlers handlers, BrokerTimer timer, FetchSessions fetchSessions, Parts parts) {}
