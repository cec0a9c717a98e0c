package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;

/** The names of topics: which are legal, which clash, which are the broker's own. */
public final class TopicNames {

    /** Committed offsets and the state of groups. */
    public static final String CONSUMER_OFFSETS = "__consumer_offsets";

    /** The state of transactions. */
    public static final String TRANSACTION_STATE = "__transaction_state";

    /** The state of share groups. */
    public static final String SHARE_GROUP_STATE = "__share_group_state";

    /** The metadata log; not a topic that clients see. */
    public static final String CLUSTER_METADATA = "__cluster_metadata";

    private static final int MAX_LENGTH = 249;

    private TopicNames() {}

    /** Whether the topic belongs to the broker: clients may read it but should not write there. */
    public static boolean isInternal(String name) {
        return name.startsWith("__")
                && (name.equals(CONSUMER_OFFSETS) || name.equals(TRANSACTION_STATE) || name.equals(SHARE_GROUP_STATE));
    }

    /** Throws INVALID_TOPIC_EXCEPTION with Apache Kafka's words unless the name is legal. */
    public static void validate(String name) {
        String reason = reasonAgainst(name);
        if (reason != null) {
            throw new ApiException(ErrorCode.INVALID_TOPIC_EXCEPTION, "Topic name is invalid: " + reason);
        }
    }

    /** Whether the name is legal. */
    public static boolean isValid(String name) {
        return reasonAgainst(name) == null;
    }

    private static String reasonAgainst(String name) {
        if (name.isEmpty()) {
            return "the empty string is not allowed";
        }
        if (name.equals(".")) {
            return "'.' is not allowed";
        }
        if (name.equals("..")) {
            return "'..' is not allowed";
        }
        if (name.length() > MAX_LENGTH) {
            return "the length of '" + name + "' is longer than the max allowed length " + MAX_LENGTH;
        }
        for (int i = 0; i < name.length(); i++) {
            if (!isLegal(name.charAt(i))) {
                return "'" + name
                        + "' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
            }
        }
        return null;
    }

    private static boolean isLegal(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= '0' && c <= '9')
                || (c >= 'A' && c <= 'Z')
                || c == '.'
                || c == '_'
                || c == '-';
    }

    /** What two names have in common that clash: metric names know no difference between a dot and an underscore. */
    static String collisionKey(String name) {
        return name.replace('.', '_');
    }

    static boolean mayCollide(String name) {
        return name.indexOf('.') >= 0 || name.indexOf('_') >= 0;
    }
}
