package io.ottla.broker.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One end point: {@code NAME://host:port}.
 *
 * @param name the listener name in upper case
 * @param securityProtocol the protocol spoken there: {@code PLAINTEXT}, {@code SSL}, {@code SASL_PLAINTEXT} or {@code SASL_SSL}
 * @param host host name or address; empty means all interfaces
 * @param port 0 lets the system choose, otherwise 1 to 65535
 */
public record Listener(String name, String securityProtocol, String host, int port) {

    private static final Pattern FORM = Pattern.compile("([^:]*)://\\[?([0-9a-zA-Z\\-%._:]*)]?:(-?[0-9]+)");

    /** The same end point with the port that the system chose. */
    public Listener withPort(int boundPort) {
        return new Listener(name, securityProtocol, host, boundPort);
    }

    @Override
    public String toString() {
        return name + "://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    /** Parses the value of {@code listeners} or {@code advertised.listeners}; names in {@code skipped} are left out. */
    static List<Listener> parse(
            String key, List<String> texts, Map<String, String> securityProtocols, Set<String> skipped) {
        List<Listener> listeners = new ArrayList<>(texts.size());
        Set<String> names = new HashSet<>();
        for (String text : texts) {
            Matcher matcher = FORM.matcher(text);
            if (!matcher.matches()) {
                throw new ConfigException(key, text, "Each listener must be of the form NAME://host:port");
            }
            String name = matcher.group(1).toUpperCase(Locale.ROOT);
            if (!names.add(name)) {
                throw new ConfigException(key, String.join(",", texts), "Each listener must have a different name");
            }
            if (!skipped.contains(name)) {
                listeners.add(new Listener(
                        name,
                        protocol(key, text, name, securityProtocols),
                        matcher.group(2),
                        port(key, text, matcher.group(3))));
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

    private static int port(String key, String text, String digits) {
        int port = digits.length() > 6 ? -1 : Integer.parseInt(digits);
        if (port < 0 || port > 65535) {
            throw new ConfigException(key, text, "The port must be between 0 and 65535");
        }
        return port;
    }
}
