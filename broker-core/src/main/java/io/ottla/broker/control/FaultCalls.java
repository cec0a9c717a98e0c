package io.ottla.broker.control;

import io.ottla.broker.testing.fault.Fault;
import io.ottla.broker.testing.fault.FaultRule;
import io.ottla.broker.testing.fault.FaultTrigger;
import io.ottla.broker.testing.fault.Faults;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** {@code /faults}: arms them, says how often they fired, disarms them. */
final class FaultCalls {

    private final ControlledBroker broker;

    // Guarded by this.
    private final Map<Long, Fault> faults = new TreeMap<>();
    private long lastId;

    FaultCalls(ControlledBroker broker) {
        this.broker = broker;
    }

    synchronized Answer faults(Call call) {
        if (call.is("GET", "faults")) {
            List<Object> all = new ArrayList<>();
            faults.forEach((id, fault) -> all.add(json(id, fault)));
            return Answer.ok(all);
        }
        if (call.is("POST", "faults")) {
            Fault fault = arm(call.fields());
            lastId++;
            faults.put(lastId, fault);
            return Answer.created(json(lastId, fault));
        }
        if (call.is("DELETE", "faults")) {
            broker.faults().clear();
            faults.clear();
            return Answer.done();
        }
        if (call.is("GET", "faults", "*")) {
            long id = id(call);
            return Answer.ok(json(id, faults.get(id)));
        }
        if (call.is("DELETE", "faults", "*")) {
            faults.get(id(call)).disarm();
            return Answer.done();
        }
        throw call.unknown();
    }

    private long id(Call call) {
        String text = call.path().get(1);
        for (Long id : faults.keySet()) {
            if (id.toString().equals(text)) {
                return id;
            }
        }
        throw ControlException.notFound("There is no fault " + text);
    }

    private static Map<String, Object> json(long id, Fault fault) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", Long.toString(id));
        json.put("fault", fault.toString());
        json.put("armed", fault.isArmed());
        json.put("matched", fault.matched());
        json.put("fired", fault.fired());
        return json;
    }

    private Fault arm(Fields fields) {
        FaultTrigger trigger =
                fields.has("scenario") ? scenario(broker.faults(), fields) : action(rule(fields), fields);
        // All is looked at before anything is armed.
        List<String> given = List.of("times", "onCall", "every", "everyTime", "probability").stream()
                .filter(fields::has)
                .toList();
        if (given.size() > 1) {
            throw ControlException.badRequest("Only one of these says when a fault fires: " + given);
        }
        boolean seeded = fields.has("seed");
        fields.end();
        return switch (given.isEmpty() ? "" : given.get(0)) {
            case "times" -> trigger.times(fields.number("times"));
            case "onCall" -> trigger.onCall(fields.number("onCall"));
            case "every" -> trigger.every(fields.number("every"));
            case "everyTime" -> fields.flag("everyTime") ? trigger.everyTime() : trigger.once();
            case "probability" ->
                seeded
                        ? trigger.withProbability(fields.fraction("probability"), fields.number("seed"))
                        : trigger.withProbability(fields.fraction("probability"));
            default -> trigger.once();
        };
    }

    private static FaultTrigger scenario(Faults faults, Fields fields) {
        String scenario = fields.text("scenario");
        return switch (scenario) {
            case "leaderMoved" -> faults.leaderMoved(fields.text("topic"));
            case "coordinatorMoved" -> faults.coordinatorMoved(fields.text("group"));
            case "transactionCoordinatorMoved" -> faults.transactionCoordinatorMoved(fields.text("transactionalId"));
            case "storageError" -> faults.storageError(fields.text("topic"));
            case "throttled" -> faults.throttled(fields.text("client"), milliseconds(fields));
            case "topicAuthorizationLost" -> faults.topicAuthorizationLost(fields.text("topic"));
            case "groupAuthorizationLost" -> faults.groupAuthorizationLost(fields.text("group"));
            case "rebalanceStorm" -> faults.rebalanceStorm(fields.text("group"));
            default -> throw ControlException.badRequest("Unknown scenario: " + scenario);
        };
    }

    private static Duration milliseconds(Fields fields) {
        long ms = fields.number("ms");
        if (ms < 0 || ms > Integer.MAX_VALUE) {
            throw ControlException.badRequest("Not a time in ms: " + ms);
        }
        return Duration.ofMillis(ms);
    }

    private FaultRule<ApiMessage> rule(Fields fields) {
        List<ApiKey> keys = fields.texts("api").stream().map(FaultCalls::apiKey).toList();
        FaultRule<ApiMessage> rule = keys.isEmpty()
                ? broker.faults().onAnyRequest()
                : broker.faults().on(keys.get(0), keys.subList(1, keys.size()).toArray(new ApiKey[0]));
        if (fields.has("topic")) {
            rule.topic(fields.text("topic"));
        }
        if (fields.has("partition")) {
            rule.partition(fields.intOr("partition", 0));
        }
        if (fields.has("client")) {
            rule.client(fields.text("client"));
        }
        if (fields.has("group")) {
            rule.group(fields.text("group"));
        }
        if (fields.has("transactionalId")) {
            rule.transactionalId(fields.text("transactionalId"));
        }
        if (fields.has("version")) {
            rule.version(fields.intOr("version", 0));
        }
        if (fields.has("listener")) {
            rule.listener(fields.text("listener"));
        }
        if (fields.has("broker")) {
            rule.broker(fields.intOr("broker", 0));
        }
        return rule;
    }

    /** An API as Apache Kafka names it, {@code PRODUCE} or {@code Produce}. */
    static ApiKey apiKey(String name) {
        String plain = name.replace("_", "").toUpperCase(Locale.ROOT);
        for (ApiKey key : ApiKey.values()) {
            if (key.name().replace("_", "").equals(plain)) {
                return key;
            }
        }
        throw ControlException.badRequest("Unknown API: " + name);
    }

    private static FaultTrigger action(FaultRule<ApiMessage> rule, Fields fields) {
        String action = fields.text("action");
        return switch (action) {
            case "error" ->
                fields.has("message")
                        ? rule.error(errorCode(fields.text("error")), fields.text("message"))
                        : rule.error(errorCode(fields.text("error")));
            case "delayRequest" -> rule.delayRequest(milliseconds(fields));
            case "delayAnswer" -> rule.delayAnswer(milliseconds(fields));
            case "dropRequest" -> rule.dropRequest();
            case "loseAnswer" -> rule.loseAnswer();
            case "disconnectBeforeApplied" -> rule.disconnectBeforeApplied();
            case "disconnectAfterApplied" -> rule.disconnectAfterApplied();
            case "goSilent" -> rule.goSilent();
            case "readSlowly" -> rule.readSlowly(fields.number("bytesPerSecond"));
            case "writeSlowly" -> rule.writeSlowly(fields.number("bytesPerSecond"));
            case "corruptAnswer" ->
                fields.has("seed")
                        ? rule.corruptAnswer(fields.intOr("bits", 8), fields.number("seed"))
                        : rule.corruptAnswer();
            case "throttle" -> rule.throttle(milliseconds(fields));
            default -> throw ControlException.badRequest("Unknown action: " + action);
        };
    }

    private static ErrorCode errorCode(String name) {
        try {
            return ErrorCode.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw ControlException.badRequest("Unknown error: " + name);
        }
    }
}
