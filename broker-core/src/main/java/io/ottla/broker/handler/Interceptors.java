package io.ottla.broker.handler;

import io.ottla.protocol.ApiMessage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * Lets several interceptors share the one place that a broker has for them. A request passes them in the order of their ranks, its
 * answer in the reverse order; with one interceptor there is nothing in between, and with none the broker has none.
 *
 * <p>Thread-safe. A change holds for the requests that come after it; one that is under way may still meet the interceptors of before.
 */
public final class Interceptors {

    private record Ranked(int rank, RequestInterceptor interceptor) {}

    private final List<Ranked> members = new ArrayList<>();
    private Consumer<RequestInterceptor> place = composed -> {};
    private RequestInterceptor present;

    /** From now on the interceptors are at work in a broker: the consumer is given them as one, or null while there is none. */
    public synchronized void connect(Consumer<RequestInterceptor> brokersPlace) {
        place = brokersPlace;
        place.accept(present);
    }

    /** Adds an interceptor. Those of lower rank see a request first and its answer last. */
    public synchronized void add(int rank, RequestInterceptor interceptor) {
        members.add(new Ranked(rank, interceptor));
        members.sort(Comparator.comparingInt(Ranked::rank));
        compose();
    }

    /** Takes an interceptor out; without effect if it is not in. */
    public synchronized void remove(RequestInterceptor interceptor) {
        members.removeIf(member -> member.interceptor.equals(interceptor));
        compose();
    }

    private void compose() {
        if (members.isEmpty()) {
            present = null;
        } else if (members.size() == 1) {
            present = members.get(0).interceptor;
        } else {
            present = new Chain(members.stream().map(Ranked::interceptor).toArray(RequestInterceptor[]::new));
        }
        place.accept(present);
    }

    private static final class Chain implements RequestInterceptor {

        private final RequestInterceptor[] members;

        Chain(RequestInterceptor[] members) {
            this.members = members;
        }

        @Override
        public void opened(ConnectionContext connection) {
            for (RequestInterceptor member : members) {
                member.opened(connection);
            }
        }

        @Override
        public boolean beforeApply(RequestContext context, ApiMessage request, Runnable proceed) {
            return beforeApply(0, context, request, proceed);
        }

        private boolean beforeApply(int first, RequestContext context, ApiMessage request, Runnable proceed) {
            for (int i = first; i < members.length; i++) {
                int next = i + 1;
                Runnable rest = () -> context.execute(() -> {
                    if (beforeApply(next, context, request, proceed)) {
                        proceed.run();
                    }
                });
                if (!members[i].beforeApply(context, request, rest)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public boolean applied(RequestContext context, ApiMessage response, Runnable proceed) {
            return applied(members.length - 1, context, response, proceed);
        }

        private boolean applied(int first, RequestContext context, ApiMessage response, Runnable proceed) {
            for (int i = first; i >= 0; i--) {
                int next = i - 1;
                Runnable rest = () -> context.execute(() -> {
                    if (applied(next, context, response, proceed)) {
                        proceed.run();
                    }
                });
                if (!members[i].applied(context, response, rest)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public ApiMessage beforeWrite(RequestContext context, ApiMessage response) {
            ApiMessage sent = response;
            for (int i = members.length - 1; i >= 0; i--) {
                sent = members[i].beforeWrite(context, sent);
            }
            return sent;
        }

        @Override
        public boolean beforeFlush(ConnectionContext connection, Runnable proceed) {
            return beforeFlush(members.length - 1, connection, proceed);
        }

        private boolean beforeFlush(int first, ConnectionContext connection, Runnable proceed) {
            for (int i = first; i >= 0; i--) {
                int next = i - 1;
                Runnable rest = () -> {
                    if (beforeFlush(next, connection, proceed)) {
                        proceed.run();
                    }
                };
                if (!members[i].beforeFlush(connection, rest)) {
                    return false;
                }
            }
            return true;
        }
    }
}
