package io.ottla.broker.junit;

import io.ottla.broker.EmbeddedBroker;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** The broker of a class, which is started when it is first asked for. Thread-safe: tests of a class may run at the same time. */
final class ClassBroker {

    private final String contextId;
    private final Settings settings;
    private Scope scope;

    /** Whether the class, and not one of its tests, has something that belongs to the broker. */
    private boolean knownToClass;

    /** Whether the broker is not as new any more. */
    private boolean used;

    ClassBroker(String contextId, Settings settings) {
        this.contextId = contextId;
        this.settings = settings;
    }

    boolean isOf(String uniqueId) {
        return contextId.equals(uniqueId);
    }

    Settings settings() {
        return settings;
    }

    /** Null if nobody has asked for the broker. */
    synchronized Scope started() {
        return scope;
    }

    private Scope start() {
        if (scope == null) {
            scope = new Scope(settings.start(), true);
            BrokerWatch.begin(scope.broker(), false);
        }
        return scope;
    }

    /** Something for a static field, a constructor, or a method before or after all tests. */
    synchronized Object makeForClass(Injected injected) {
        if (settings.sharing() == Sharing.ONE_PER_TEST) {
            throw new ExtensionConfigurationException(
                    "There is no broker for " + injected.where()
                            + ": each test has its own. Use instance fields, or parameters of tests and of what runs before each");
        }
        if (settings.sharing() == Sharing.RESET_BETWEEN_TESTS && (injected.isClient() || injected.topic() != null)) {
            throw new ExtensionConfigurationException("What " + injected.where()
                    + " is given would not outlive the reset before the first test. Use instance fields, or parameters of tests and of"
                    + " what runs before each; or @OttlaTest(sharing = Sharing.SHARED), and there is no reset");
        }
        knownToClass = true;
        used = true;
        return start().make(injected);
    }

    /** What a test has that begins now. */
    synchronized Scope scopeOfTest(boolean concurrent) {
        boolean reset = settings.sharing() == Sharing.RESET_BETWEEN_TESTS;
        if (reset && concurrent && knownToClass) {
            throw new ExtensionConfigurationException(
                    "Tests that run at the same time have a broker each, and the class, its constructor or a static field, has another."
                            + " Use instance fields, or parameters of tests; or @OttlaTest(sharing = Sharing.SHARED)");
        }
        if (settings.sharing() == Sharing.ONE_PER_TEST || (reset && concurrent)) {
            return new Scope(settings.start(), true);
        }
        EmbeddedBroker broker = start().broker();
        if (reset && used) {
            renew(broker);
        }
        used = true;
        return new Scope(broker, false);
    }

    private void renew(EmbeddedBroker broker) {
        if (!broker.isRunning()) {
            broker.restart();
        }
        broker.reset();
        if (settings.stoppedClock()) {
            broker.clock().stop();
        } else {
            broker.clock().resume();
        }
    }
}
