package io.ottla.broker.cli;

import io.ottla.broker.EmbeddedBroker;

/** An application that embeds a broker and has nothing else on its class path: no client, no JUnit, no logging. */
final class BareProgram {

    private BareProgram() {}

    public static void main(String[] args) {
        try (EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 1).start()) {
            broker.journal().start();
            broker.topic("orders").write("42", "a book");
            broker.await().records("orders", 1);
            broker.topic("orders").assertValues("a book");
            broker.reset();
            broker.topic("orders").assertEmpty();
        }
        System.out.println("done");
    }
}
