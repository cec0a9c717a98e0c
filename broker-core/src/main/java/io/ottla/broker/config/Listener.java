package io.ottla.broker.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * One end point: {@code NAME://host:port}.
 *
 * @param name the listener name in upper case
 * @param securityProtocol the protocol spoken there: {@code PLAINTEXT}, {@code SSL}, {@code SASL_PLAINTEXT} or {@code SASL_SSL}
 * @param host host name or address; empty means all interfaces
 * @param port 0 lets the system choose, otherwise 1 to 65535
 */
public record Listener(String name, String securityProtocol, String host, int port) {

    /** The same end point with the port that the system chose. */
    public Listener withPort(int boundPort) {
        return new Listener(name, securityProtocol, host, boundPort);
    }

    /** As the value of a configuration key, with all ports that are given so much higher. */
    static String withPortsFrom(List<Listener> listeners, int distance) {
        List<String> texts = new ArrayList<>(listeners.size());
        for (Listener listener : listeners) {
            texts.add((listener.port == 0 ? listener : listener.withPort(listener.port + distance)).toString());
        }
        return String.join(",", texts);
    }

    /** Checks that each of several brokers can have these listeners, on ports that follow each other. */
    static void checkRoomForPorts(String key, List<Listener> listeners, int brokerCount) {
        for (Listener listener : listeners) {
            if (listener.port + brokerCount - 1 > 65535) {
                throw new ConfigException(key, listener, "There are no " + brokerCount + " ports from this one on");
            }
            for (Listener other : listeners) {
                if (listener.port != 0 && listener.port < other.port && other.port < listener.port + brokerCount) {
                    throw new ConfigException(
                            key,
                            listener + "," + other,
                            "The ports must be " + brokerCount + " apart, for as many brokers (ottla.brokers)");
                }
            }
        }
    }

    /** {@code host:port}, as clients take it; an address of IP version 6 stands in brackets. */
    public String address() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    @Override
    public String toString() {
        return name + "://" + address();
    }

    /** Parses the value of {@code listeners} or {@code advertised.listeners}; names in {@code skipped} are left out. */
    static List<Listener> parse(
            String key, List<String> texts, Map<String, String> securityProtocols, Set<String> skipped) {
        List<Listener> listeners = new ArrayList<>(texts.size());
        Set<String> names = new HashSet<>();
        for (String text : texts) {
            // Cut by hand: this runs at every start, and the first regular expression of a JVM is slow.
            int nameEnd = text.indexOf("://");
            int hostEnd = text.lastIndexOf(':');
            if (nameEnd < 0 || hostEnd < nameEnd + 3) {
                throw malformed(key, text);
            }
            String name = text.substring(0, nameEnd).toUpperCase(Locale.ROOT);
            if (!names.add(name)) {
                throw new ConfigException(key, String.join(",", texts), "Each listener must have a different name");
            }
            if (!skipped.contains(name)) {
                String host = host(key, text, text.substring(nameEnd + 3, hostEnd));
                int port = port(key, text, text.substring(hostEnd + 1));
                listeners.add(new Listener(name, protocol(key, text, name, securityProtocols), host, port));
            }
        }
        return List.copyOf(listeners);
    }

    private static String protocol(String key, String text, String name, Map<String, String> securityProtocols) {
        String protocol = securityProtocols.get(name);
        if (protocol == null) {
            throw new ConfigException(
                    key,
                    text,
                    "No security protocol defined for listener " + name + " in listener.security.protocol.map");
        }
        return protocol;
    }

    private static String host(String key, String text, String given) {
        boolean bracketed = given.startsWith("[") && given.endsWith("]");
        String host = bracketed ? given.substring(1, given.length() - 1) : given;
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            boolean legal = (c >= '0' && c <= '9')
                    || (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || "-%._:".indexOf(c) >= 0;
            if (!legal) {
                throw malformed(key, text);
            }
        }
        return host;
    }

    private static int port(String key, String text, String digits) {
        int port;
        try {
            port = Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw malformed(key, text);
        }
        if (port < 0 || port > 65535) {
            throw new ConfigException(key, text, "The port must be between 0 and 65535");
        }
        return port;
    }

    private static ConfigException malformed(String key, String text) {
        return new ConfigException(key, text, "Each listener must be of the form NAME://host:port");
    }
}
