package io.ottla.broker.config;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What values a key allows; the messages are those of Apache Kafka, since clients see them. */
interface AllowedValues {

    AllowedValues ANY = new Anything();

    /** Throws a {@link ConfigException} unless the parsed value is allowed. The value may be null. */
    void check(String key, Object value);

    /**
     * Reads the notation of the key tables.
     *
     * <pre>
     * (empty)       anything
     * a..b          a number in this range, either end may be left out
     * a..b or c     the same, or this one number
     * {x,y}         one of these words; for a list, any of them
     * ~{X,Y}        the same, in any case
     * nonempty      a text that is not empty
     * replicas      pairs of partition and broker, or a star
     * offset-reset  latest, earliest or by_duration:ISO-8601 duration
     * </pre>
     */
    static AllowedValues of(String notation) {
        if (notation.isEmpty()) {
            return ANY;
        }
        return switch (notation) {
            case "nonempty" -> new NonEmpty();
            case "replicas" -> new Replicas();
            case "offset-reset" -> new OffsetReset();
            default -> notation.charAt(0) == '{' || notation.charAt(0) == '~' ? Words.of(notation) : Range.of(notation);
        };
    }

    // Classes, not lambdas: this runs at every start, and the first lambda of a JVM is slow.

    /** Everything. */
    final class Anything implements AllowedValues {
        @Override
        public void check(String key, Object value) {}
    }

    /** Texts that are not empty. */
    final class NonEmpty implements AllowedValues {
        @Override
        public void check(String key, Object value) {
            if (value instanceof String text && text.isEmpty()) {
                throw new ConfigException(key, value, "String must be non-empty");
            }
        }
    }

    /** A range of numbers, either end of which may be open, and perhaps one number outside of it. */
    record Range(String min, String max, String extra) implements AllowedValues {

        static Range of(String notation) {
            int or = notation.indexOf(" or ");
            String range = or < 0 ? notation : notation.substring(0, or);
            int dots = range.indexOf("..");
            return new Range(
                    range.substring(0, dots), range.substring(dots + 2), or < 0 ? null : notation.substring(or + 4));
        }

        @Override
        public void check(String key, Object value) {
            if (value == null) {
                throw new ConfigException(key, null, "Value must be non-null");
            }
            boolean low = !min.isEmpty() && compare((Number) value, min) < 0;
            boolean high = !max.isEmpty() && compare((Number) value, max) > 0;
            if (extra != null) {
                if ((low || high) && compare((Number) value, extra) != 0) {
                    throw new ConfigException(
                            key, value, "Value must be between " + min + " and " + max + " or equal to " + extra);
                }
            } else if (low) {
                throw new ConfigException(key, value, "Value must be at least " + min);
            } else if (high) {
                throw new ConfigException(key, value, "Value must be no more than " + max);
            }
        }

        private static int compare(Number value, String bound) {
            return value instanceof Double number
                    ? Double.compare(number, Double.parseDouble(bound))
                    : Long.compare(value.longValue(), Long.parseLong(bound));
        }
    }

    /** A set of words. */
    record Words(Set<String> words, boolean anyCase) implements AllowedValues {

        static Words of(String notation) {
            boolean anyCase = notation.charAt(0) == '~';
            String inner = notation.substring(anyCase ? 2 : 1, notation.length() - 1);
            return new Words(new LinkedHashSet<>(List.of(inner.split(","))), anyCase);
        }

        @Override
        public void check(String key, Object value) {
            if (value instanceof List<?> list) {
                for (Object element : list) {
                    if (element.equals("")) {
                        throw new ConfigException(key, "Configuration '" + key + "' values must not be empty.");
                    }
                    checkWord(key, (String) element);
                }
            } else {
                checkWord(key, (String) value);
            }
        }

        private void checkWord(String key, String value) {
            if (anyCase) {
                if (value == null || !words.contains(value.toUpperCase(Locale.ROOT))) {
                    throw new ConfigException(
                            key, value, "String must be one of (case insensitive): " + String.join(", ", words));
                }
            } else if (value == null || !words.contains(value)) {
                throw new ConfigException(key, value, "String must be one of: " + String.join(", ", words));
            }
        }
    }

    /** The replicas that a replication quota holds for. */
    final class Replicas implements AllowedValues {

        private static final Pattern PAIR = Pattern.compile("\\s*[0-9]+\\s*:\\s*[0-9]+\\s*");

        @Override
        public void check(String key, Object value) {
            if (value == null) {
                throw new ConfigException(key, null, "entry must be non null");
            }
            List<?> list = (List<?>) value;
            boolean star = list.size() == 1 && list.get(0).equals("*");
            for (Object element : list) {
                if (!star && !PAIR.matcher((String) element).matches()) {
                    throw new ConfigException(
                            key,
                            value,
                            key + " must be the literal '*' or a list of replicas in the following format:"
                                    + " [partitionId]:[brokerId],[partitionId]:[brokerId],...");
                }
            }
        }
    }

    /** Where a share group starts to read. */
    final class OffsetReset implements AllowedValues {

        @Override
        public void check(String key, Object value) {
            String text = String.valueOf(value);
            if (text.equalsIgnoreCase("latest") || text.equalsIgnoreCase("earliest")) {
                return;
            }
            if (!isDuration(text)) {
                throw new ConfigException(
                        key,
                        value,
                        "Invalid value `" + value + "` for configuration " + key
                                + ". The value must be either 'earliest', 'latest' or of the format"
                                + " 'by_duration:<PnDTnHnMn.nS>'.");
            }
        }

        private static boolean isDuration(String text) {
            if (!text.startsWith("by_duration:")) {
                return false;
            }
            try {
                return !java.time.Duration.parse(text.substring("by_duration:".length()))
                        .isNegative();
            } catch (java.time.format.DateTimeParseException e) {
                return false;
            }
        }
    }
}
