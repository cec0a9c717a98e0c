package io.ottla.broker.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The HTTP end point, asked as a test in another language asks it. */
class ControlEndpointTest {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static EmbeddedBroker broker;

    @BeforeAll
    static void start() {
        broker = EmbeddedBroker.builder().topic("orders", 2).control(0).start();
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @BeforeEach
    void reset() {
        ok("POST", "/reset", "");
        ok("DELETE", "/faults", "");
    }

    private static HttpResponse<String> send(String method, String path, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(broker.controlUri().resolve(path))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static Object ok(String method, String path, String body) {
        return expect(0, method, path, body);
    }

    /** The answer's body; a status of 0 stands for any that is no error. */
    private static Object expect(int status, String method, String path, String body) {
        try {
            HttpResponse<String> answer = send(method, path, body);
            if (status == 0) {
                assertEquals(2, answer.statusCode() / 100, answer::body);
            } else {
                assertEquals(status, answer.statusCode(), answer::body);
            }
            return Json.parse(answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void refused(int status, String expected, String method, String path, String body) {
        String error =
                ((Map<?, ?>) expect(status, method, path, body)).get("error").toString();
        assertTrue(error.contains(expected), error);
    }

    private static Object field(Object json, Object... way) {
        Object found = json;
        for (Object step : way) {
            found = step instanceof Integer index ? ((List<?>) found).get(index) : ((Map<?, ?>) found).get(step);
        }
        return found;
    }

    @Test
    void shouldSayWhereTheBrokerIs() {
        Object about = ok("GET", "/", "");
        assertEquals(broker.bootstrapServers(), field(about, "bootstrapServers"));
        assertEquals(true, field(about, "running"));
    }

    @Test
    void shouldCreateAndListTopics() {
        ok(
                "POST",
                "/topics",
                "{\"name\":\"audit\",\"partitions\":3,\"configs\":{\"cleanup.policy\":\"compact\",\"segment.ms\":60000}}");
        assertEquals(3, broker.topic("audit").partitionCount());
        Object topics = ok("GET", "/topics", "");
        assertEquals("audit", field(topics, 0, "name"));
        assertEquals("orders", field(topics, 1, "name"));
        assertEquals(0L, field(ok("GET", "/topics/orders", ""), "partitions", 1, "endOffset"));
    }

    @Test
    void shouldWriteAndReadRecords() {
        ok(
                "POST",
                "/topics/orders/records",
                "[{\"key\":\"42\",\"value\":\"gr\\u00fcn\",\"headers\":{\"trace\":\"7\"},\"timestamp\":1700000000000,\"partition\":1},"
                        + " {\"valueBase64\":\"/wA=\",\"partition\":1}]");
        Object records = ok("GET", "/topics/orders/records?partition=1", "");
        assertEquals("42", field(records, 0, "key"));
        assertEquals("grün", field(records, 0, "value"));
        assertEquals(1_700_000_000_000L, field(records, 0, "timestamp"));
        assertEquals("7", field(records, 0, "headers", 0, "value"));
        assertEquals("/wA=", field(records, 1, "valueBase64"));
        assertEquals(1, ((List<?>) ok("GET", "/topics/orders/records?from=1&committed=true", "")).size());
        assertEquals(1, ((List<?>) ok("GET", "/topics/orders/records?limit=1", "")).size());
    }

    @Test
    void shouldGoBackToASnapshot() {
        broker.topic("orders").write("42", "before");
        String id = field(ok("POST", "/snapshots", " "), "id").toString();
        ok("POST", "/reset", "");
        broker.topic("orders").assertEmpty();
        ok("POST", "/snapshots/" + id + "/restore", "");
        broker.topic("orders").assertValues("before");
        ok("DELETE", "/snapshots/" + id, "");
        refused(404, "no snapshot", "POST", "/snapshots/" + id + "/restore", "");
    }

    @Test
    void shouldMoveTheClock() {
        long before = broker.clock().timeMs();
        ok("POST", "/clock/stop", "");
        Object clock = ok("POST", "/clock/advance", "{\"duration\":\"P7D\"}");
        assertEquals(false, field(clock, "running"));
        assertTrue(broker.clock().timeMs() - before >= TimeUnit.DAYS.toMillis(7));
        assertEquals((Long) field(clock, "timeMs") + 5, field(ok("POST", "/clock/advance", "{\"ms\":5}"), "timeMs"));
        assertEquals(true, field(ok("POST", "/clock/resume", ""), "running"));
    }

    @Test
    void shouldArmFaultsAndShowThemInTheJournal() throws Exception {
        ok("POST", "/journal/start", "");
        Object lost = expect(
                201,
                "POST",
                "/faults",
                "{\"api\":\"Produce\",\"topic\":\"orders\",\"client\":\"billing\",\"action\":\"error\",\"error\":\"NOT_LEADER_OR_FOLLOWER\",\"times\":2}");
        try (Producer<String, String> producer = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers",
                        broker.bootstrapServers(),
                        "client.id",
                        "billing",
                        "retry.backoff.ms",
                        1,
                        "retry.backoff.max.ms",
                        1),
                new StringSerializer(),
                new StringSerializer())) {
            producer.send(new ProducerRecord<>("orders", "42", "created")).get(10, TimeUnit.SECONDS);
        }
        Object fault = ok("GET", "/faults/" + field(lost, "id"), "");
        assertEquals(2L, field(fault, "fired"));
        assertEquals(false, field(fault, "armed"));
        Object produced = ok("GET", "/journal?client=billing&api=PRODUCE&kind=request", "");
        assertEquals(3, ((List<?>) produced).size());
        assertTrue(send("GET", "/journal/timeline", "").body().contains("NOT_LEADER_OR_FOLLOWER"));
        ok("POST", "/journal/stop", "");
        ok("POST", "/faults", "{\"scenario\":\"leaderMoved\",\"topic\":\"orders\",\"everyTime\":true}");
        ok("DELETE", "/faults", "");
        assertTrue(broker.faults().armed().isEmpty());
    }

    @Test
    void shouldWait() {
        broker.topic("orders").write("42", "created");
        ok("POST", "/waits", "{\"for\":\"records\",\"topic\":\"orders\",\"count\":1}");
        refused(
                409,
                "until there are 2 records in orders, but there are 1",
                "POST",
                "/waits",
                "{\"for\":\"records\",\"topic\":\"orders\",\"count\":2,\"atMostMs\":10}");
        ok("POST", "/waits", "{\"for\":\"idle\"}");
        assertEquals(List.of(), ok("GET", "/groups", ""));
    }

    @Test
    void shouldKillAndRestart() {
        broker.topic("orders").write("42", "created");
        ok("POST", "/kill", "");
        assertFalse(broker.isRunning());
        refused(409, "does not run", "GET", "/topics", "");
        ok("POST", "/restart", "");
        broker.topic("orders").assertCount(1);
    }

    @Test
    void shouldSayWhatIsWrong() {
        refused(400, "Not JSON: ':' is expected at index 7", "POST", "/topics", "{\"name\"}");
        refused(400, "\"name\" is missing", "POST", "/topics", "");
        refused(400, "\"name\" has to be a string", "POST", "/topics", "{\"name\":7}");
        refused(400, "Unknown field \"partition\"", "POST", "/topics", "{\"name\":\"a\",\"partition\":7}");
        refused(400, "INVALID_TOPIC_EXCEPTION", "POST", "/topics", "{\"name\":\"a b\"}");
        refused(400, "A JSON object is expected", "POST", "/topics/orders/records", "[7]");
        refused(400, "There is no partition 7", "POST", "/topics/orders/records", "{\"partition\":7}");
        refused(400, "Unknown field \"limt\"", "GET", "/topics/orders/records?limt=7", "");
        refused(404, "There is no topic absent", "GET", "/topics/absent/records", "");
        refused(400, "Time does not go back", "POST", "/clock/advance", "{\"ms\":-1}");
        refused(400, "Not a duration", "POST", "/clock/advance", "{\"duration\":\"a week\"}");
        refused(400, "Unknown API: SEND", "POST", "/faults", "{\"api\":\"SEND\",\"action\":\"dropRequest\"}");
        refused(400, "Unknown action: explode", "POST", "/faults", "{\"action\":\"explode\"}");
        refused(400, "Unknown error: OOPS", "POST", "/faults", "{\"action\":\"error\",\"error\":\"OOPS\"}");
        refused(400, "Less than 1", "POST", "/faults", "{\"action\":\"loseAnswer\",\"times\":0}");
        refused(400, "Only one", "POST", "/faults", "{\"action\":\"loseAnswer\",\"times\":1,\"every\":2}");
        refused(400, "Unknown wait", "POST", "/waits", "{\"for\":\"tea\"}");
        refused(404, "There is no GET /tea", "GET", "/tea", "");
        refused(404, "There is no GET /reset", "GET", "/reset", "");
        assertTrue(broker.faults().armed().isEmpty());
    }

    @Test
    void shouldRefuseWebPages() throws Exception {
        broker.topic("orders").write("42", "created");
        for (String[] header : List.of(
                new String[] {"Origin", "https://example.com"},
                new String[] {"Origin", "null"},
                new String[] {"Referer", "https://example.com/"},
                new String[] {"Sec-Fetch-Site", "cross-site"})) {
            assertEquals(403, send("POST", "/reset", "", header).statusCode(), header[0]);
        }
        assertEquals(200, send("GET", "/", "", "Sec-Fetch-Site", "none").statusCode());
        broker.topic("orders").assertCount(1);
        URI uri = broker.controlUri();
        assertEquals("HTTP/1.1 403", statusFor("rebound.example.com:" + uri.getPort()));
        assertEquals("HTTP/1.1 200", statusFor("localhost:" + uri.getPort()));
        assertEquals("HTTP/1.1 200", statusFor("[::1]:" + uri.getPort()));
    }

    private static String statusFor(String host) throws IOException {
        try (Socket socket =
                new Socket(broker.controlUri().getHost(), broker.controlUri().getPort())) {
            OutputStream out = socket.getOutputStream();
            out.write(("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void shouldTakePortsThatAreFree() {
        assertTrue(broker.controlUri().getHost().equals("127.0.0.1"));
        assertThrows(UncheckedIOException.class, () -> EmbeddedBroker.builder()
                .control(broker.controlUri().getPort())
                .start());
        try (EmbeddedBroker open =
                EmbeddedBroker.builder().control("0.0.0.0", 0).start()) {
            assertTrue(open.controlUri().getPort() > 0);
        }
        try (EmbeddedBroker without = EmbeddedBroker.start()) {
            assertThrows(IllegalStateException.class, without::controlUri);
        }
        assertThrows(
                IllegalArgumentException.class, () -> EmbeddedBroker.builder().control(65_536));
    }
}
