package io.ottla.broker.control;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.ottla.protocol.ApiException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server of the JDK with what tests ask of a broker. Requests that a web page could send are refused, whatever they ask for: they come with
 * an {@code Origin}, a {@code Referer} or a {@code Sec-Fetch-Site}, or, where a name of the page's site was made to point here, with that name as
 * {@code Host}.
 */
public final class ControlServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    private static final int MAX_BODY_SIZE_BYTES = 16 << 20;

    private final String hostName;
    private final HttpServer server;
    private final ExecutorService executor;
    private final ControlledBroker broker;
    private final TopicCalls topics;
    private final FaultCalls faults;
    private final StateCalls state;

    private ControlServer(String hostName, HttpServer server, ControlledBroker broker) {
        this.hostName = hostName;
        this.server = server;
        this.broker = broker;
        this.topics = new TopicCalls(broker);
        this.faults = new FaultCalls(broker);
        this.state = new StateCalls(broker);
        AtomicInteger count = new AtomicInteger();
        // A thread for each request at work: waits block theirs.
        this.executor = Executors.newCachedThreadPool(task -> daemon(task, "ottla-control-" + count.incrementAndGet()));
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Starts the server.
     *
     * @param hostName where to listen; null for the loopback address
     * @param port 0 for a free one
     * @throws IOException if the address or the port cannot be had; the message says which
     */
    public static ControlServer start(String hostName, int port, ControlledBroker broker) throws IOException {
        InetAddress address = hostName == null ? InetAddress.getLoopbackAddress() : InetAddress.getByName(hostName);
        HttpServer server;
        try {
            server = HttpServer.create(new InetSocketAddress(address, port), 0);
        } catch (IOException e) {
            throw new IOException(
                    "Cannot listen for control on " + address.getHostAddress() + ":" + port + ": " + e.getMessage(), e);
        }
        ControlServer control = new ControlServer(hostName, server, broker);
        server.setExecutor(control.executor);
        server.createContext("/", control::serve);
        // The server's own thread takes after the one that starts it, and must not keep a JVM alive.
        Thread starter = daemon(server::start, "ottla-control-start");
        starter.start();
        boolean interrupted = false;
        while (starter.isAlive()) {
            try {
                starter.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return control;
    }

    /** Where it is: {@code http://127.0.0.1:8080}. */
    public URI uri() {
        InetSocketAddress address = server.getAddress();
        String host = address.getAddress().getHostAddress();
        return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort());
    }

    private void serve(HttpExchange exchange) {
        try (exchange) {
            Answer answer;
            try {
                refuseBrowsers(exchange.getRequestHeaders());
                answer = answer(call(exchange));
            } catch (ControlException e) {
                answer = Answer.error(e.status(), e.getMessage());
            } catch (ApiException e) {
                answer = Answer.error(400, e.error() + ": " + e.getMessage());
            } catch (IllegalArgumentException | ArithmeticException e) {
                answer = Answer.error(400, e.getMessage());
            } catch (IllegalStateException | AssertionError e) {
                answer = Answer.error(409, e.getMessage()); // it does not run, or a wait was in vain
            } catch (RuntimeException e) {
                LOG.error("{} {} failed", exchange.getRequestMethod(), exchange.getRequestURI(), e);
                answer = Answer.error(500, e.toString());
            }
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", answer.contentType());
            exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
            exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        } catch (IOException e) {
            LOG.debug("{} went away", exchange.getRemoteAddress(), e);
        }
    }

    private void refuseBrowsers(Headers headers) {
        String site = headers.getFirst("Sec-Fetch-Site");
        if (headers.containsKey("Origin") || headers.containsKey("Referer") || (site != null && !site.equals("none"))) {
            throw ControlException.forbidden("Web pages have no business here");
        }
        String host = headers.getFirst("Host");
        if (host == null || !isOurs(host.replaceFirst(":[0-9]*$", "").toLowerCase(Locale.ROOT))) {
            throw ControlException.forbidden("Not a name of this end point: " + host);
        }
    }

    /** Nobody can make an address point elsewhere, as can be done with a name. */
    private boolean isOurs(String host) {
        return host.equals("localhost")
                || host.matches("[0-9]+(\\.[0-9]+){3}|\\[[0-9a-f:.]+]")
                || host.equalsIgnoreCase(hostName);
    }

    private static Call call(HttpExchange exchange) throws IOException {
        List<String> path = Arrays.stream(exchange.getRequestURI().getRawPath().split("/"))
                .filter(segment -> !segment.isEmpty())
                .map(segment -> decode(segment.replace("+", "%2B")))
                .toList();
        Map<String, Object> query = new LinkedHashMap<>();
        String rawQuery = exchange.getRequestURI().getRawQuery();
        if (rawQuery != null) {
            for (String pair : rawQuery.split("&", -1)) {
                int equals = pair.indexOf('=');
                if (equals > 0) {
                    query.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
                }
            }
        }
        byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_SIZE_BYTES + 1);
        if (body.length > MAX_BODY_SIZE_BYTES) {
            throw ControlException.tooLarge("A body has at most " + MAX_BODY_SIZE_BYTES + " bytes");
        }
        String text = new String(body, StandardCharsets.UTF_8);
        return new Call(
                exchange.getRequestMethod(),
                new ArrayList<>(path),
                new Fields(query),
                text.isBlank() ? Map.of() : Json.parse(text));
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private Answer answer(Call call) {
        return switch (call.path().isEmpty() ? "" : call.path().get(0)) {
            case "" -> {
                if (!call.is("GET")) {
                    throw call.unknown();
                }
                yield state.overview();
            }
            case "topics" -> topics.topics(call);
            case "groups" -> topics.groups(call);
            case "faults" -> faults.faults(call);
            case "reset" -> state.action(call, broker::reset);
            case "restart" -> state.action(call, broker::restart);
            case "kill" -> state.action(call, broker::kill);
            case "snapshots" -> state.snapshots(call);
            case "clock" -> state.clock(call);
            case "waits" -> state.waits(call);
            case "journal" -> state.journal(call);
            default -> throw call.unknown();
        };
    }

    /** Ends the server: requests at work are not answered. Has no effect on the broker. */
    @Override
    public void close() {
        server.stop(0);
        executor.shutdownNow();
    }
}
