package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.FeatureLevelRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The levels of features, and their changes at run time (KIP-584, KIP-778, KIP-1022). Thread-safe. */
public final class FeatureControl {

    /** The feature that says how offsets of groups and the consumer protocol are served: 1 for KIP-848. */
    public static final String GROUP_VERSION = "group.version";

    static final String METADATA_VERSION = "metadata.version";
    private static final String KRAFT_VERSION = "kraft.version";

    /** Features of Apache Kafka that this broker knows of and does not serve. */
    private static final Set<String> NOT_SERVED = Set.of("share.version", "streams.version");

    private final MetadataStore store;

    /** Which change of a level is allowed. */
    public enum UpgradeType {
        UPGRADE,
        SAFE_DOWNGRADE,
        UNSAFE_DOWNGRADE,
        /** Not one that the protocol has. */
        UNKNOWN;

        /** The type with the number that it has in the protocol. */
        public static UpgradeType of(int code) {
            return switch (code) {
                case 1 -> UPGRADE;
                case 2 -> SAFE_DOWNGRADE;
                case 3 -> UNSAFE_DOWNGRADE;
                default -> UNKNOWN;
            };
        }
    }

    /**
     * A wish for another level.
     *
     * @param feature the feature
     * @param level the level; 0 takes the feature away
     * @param type whether it may be lower than the present one
     */
    public record Wish(String feature, short level, UpgradeType type) {}

    public FeatureControl(MetadataStore store) {
        this.store = store;
    }

    /**
     * The levels that clients are told. Levels of what is not served are left out: a folder that comes from Apache Kafka may have them.
     */
    public static SortedMap<String, Short> finalized(MetadataImage image) {
        SortedMap<String, Short> levels = new TreeMap<>(image.features());
        levels.keySet().removeAll(NOT_SERVED);
        levels.put(KRAFT_VERSION, KRaftControl.KRAFT_VERSION_WITH_VOTERS);
        return levels;
    }

    /**
     * Changes levels: all of them or none.
     *
     * @param validateOnly whether to only say whether they can be changed
     * @throws ApiException INVALID_UPDATE_VERSION
     */
    public void update(List<Wish> wishes, boolean validateOnly) {
        store.update(image -> {
            SortedMap<String, Short> present = finalized(image);
            List<FeatureLevelRecord> records = new ArrayList<>();
            for (Wish wish : wishes) {
                short level = present.getOrDefault(wish.feature(), (short) 0);
                String refusal = refusal(wish, level);
                if (refusal != null) {
                    throw new ApiException(
                            ErrorCode.INVALID_UPDATE_VERSION,
                            "The update failed for all features since the following feature had an error: " + refusal);
                }
                if (wish.level() != level) {
                    records.add(new FeatureLevelRecord().name(wish.feature()).featureLevel(wish.level()));
                }
            }
            return validateOnly ? List.of() : records;
        });
    }

    /** Why the wish cannot be granted, null if it can. */
    private String refusal(Wish wish, short present) {
        String reason = reason(wish, present);
        if (reason != null) {
            return "Invalid update version " + wish.level() + " for feature " + wish.feature() + ". " + reason;
        }
        if (wish.feature().equals(METADATA_VERSION) && wish.level() < present) {
            return "Unsupported metadata.version downgrade from " + present + " to " + wish.level() + ". "
                    + (wish.type() == UpgradeType.UNSAFE_DOWNGRADE
                            ? "Unsafe metadata downgrade is not supported in this version."
                            : "Refusing to perform the requested downgrade because it might delete metadata"
                                    + " information.");
        }
        return null;
    }

    private String reason(Wish wish, short present) {
        if (wish.type() == UpgradeType.UNKNOWN) {
            return "The controller does not support the given upgrade type.";
        }
        if (wish.level() < 0) {
            return "A feature version cannot be less than 0.";
        }
        ClusterRecords.Feature supported = ClusterRecords.FEATURES.stream()
                .filter(feature -> feature.name().equals(wish.feature()))
                .findAny()
                .orElse(null);
        String controller = "Local controller " + store.image().controllerId();
        if (supported == null) {
            return wish.level() == 0
                    ? "Feature " + wish.feature() + " not found."
                    : controller + " does not support this feature.";
        }
        if (wish.level() < supported.min() || wish.level() > supported.max()) {
            return controller + " only supports versions " + supported.min() + "-" + supported.max();
        }
        if (wish.level() < present && wish.type() == UpgradeType.UPGRADE) {
            return "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe"
                    + " downgrade.";
        }
        if (wish.level() > present && wish.type() != UpgradeType.UPGRADE) {
            return "Can't downgrade to a newer version.";
        }
        if (wish.feature().equals(KRAFT_VERSION) && wish.level() != present) {
            return "Can't downgrade the version of this feature.";
        }
        if (NOT_SERVED.contains(wish.feature()) && wish.level() > 0) {
            return controller + " does not serve this feature yet.";
        }
        return null;
    }
}
