package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.Uuid;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The target assignments of consumer groups: when they are out of date, and what they are. */
final class ConsumerTargets {

    /** The hash of a group that reads no topic that is there. */
    static final long NO_TOPICS_HASH = 0;

    private final ConsumerGroupConfig config;

    ConsumerTargets(ConsumerGroupConfig config) {
        this.config = config;
    }

    /**
     * Brings the group up to date with its members and its topics: its patterns, its epoch, and its target. The target waits until the
     * last one is as old as {@code consumer.assignment.interval.ms} asks for; whoever is heard of next then gets it made.
     *
     * @param changed whether members or what they read have changed
     */
    void refresh(ConsumerGroup group, boolean changed, CoordinatorOutput out) {
        GroupTopics topics = config.topics().get();
        boolean stale = changed || group.groupEpoch() == 0;
        if (stale || group.checkedVersion() != topics.version()) {
            stale |= resolveRegexes(group, topics, out);
            long hash = hash(group, topics);
            if (stale || hash != group.metadataHash()) {
                out.append(ConsumerGroupRecords.group(group.groupId(), group.groupEpoch() + 1, hash));
            }
            group.checkedVersion(topics.version());
        }
        if (group.groupEpoch() > group.targetEpoch() && mayAssign(group, out.nowMs())) {
            assign(group, topics, out);
        }
    }

    private boolean mayAssign(ConsumerGroup group, long nowMs) {
        // Groups that have never been assigned do not know a time, nor do those that were classic before.
        long lastMs = group.targetTimestampMs();
        if (lastMs == 0) {
            return true;
        }
        int intervalMs = config.assignmentIntervalMs().applyAsInt(group.groupId());
        return intervalMs == 0 || nowMs - lastMs >= intervalMs;
    }

    /** A member has gone: the others get a new target when they are heard of. */
    void memberGone(ConsumerGroup group, CoordinatorOutput out) {
        GroupTopics topics = config.topics().get();
        resolveRegexes(group, topics, out);
        out.append(ConsumerGroupRecords.group(group.groupId(), group.groupEpoch() + 1, hash(group, topics)));
        group.checkedVersion(topics.version());
    }

    /** True if a pattern stands for other topics than before. */
    private static boolean resolveRegexes(ConsumerGroup group, GroupTopics topics, CoordinatorOutput out) {
        SortedSet<String> used = new TreeSet<>();
        for (ConsumerMember member : group.members()) {
            if (member.subscription().hasRegex()) {
                used.add(member.subscription().topicRegex());
            }
        }
        for (String regex : Set.copyOf(group.regexes().keySet())) {
            if (!used.contains(regex)) {
                out.append(ConsumerGroupRecords.regexTombstone(group.groupId(), regex));
            }
        }
        boolean changed = false;
        for (String regex : used) {
            ResolvedRegex known = group.regexes().get(regex);
            if (known == null || known.version() != topics.version()) {
                ResolvedRegex resolved = ResolvedRegex.resolve(regex, topics, out.nowMs());
                if (known == null || !known.topics().equals(resolved.topics())) {
                    out.append(ConsumerGroupRecords.regex(group.groupId(), regex, resolved));
                    changed = true;
                }
            }
        }
        return changed;
    }

    /** Stands for the topics that the group reads, with their partitions. */
    static long hash(ConsumerGroup group, GroupTopics topics) {
        long hash = NO_TOPICS_HASH;
        for (String name : group.topics()) {
            Uuid id = topics.id(name);
            if (id != null) {
                hash = mix(hash ^ id.mostSignificantBits());
                hash = mix(hash ^ id.leastSignificantBits());
                hash = mix(hash ^ topics.partitionCount(id));
            }
        }
        return hash;
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators). */
    private static long mix(long value) {
        long mixed = value + 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }

    private void assign(ConsumerGroup group, GroupTopics topics, CoordinatorOutput out) {
        Map<Uuid, Integer> partitionCounts = new HashMap<>();
        SortedMap<String, PartitionAssignor.Candidate> candidates = new TreeMap<>();
        for (ConsumerMember member : group.members()) {
            Set<Uuid> read = new HashSet<>();
            for (String name : group.topicsOf(member)) {
                Uuid id = topics.id(name);
                if (id != null) {
                    read.add(id);
                    partitionCounts.put(id, topics.partitionCount(id));
                }
            }
            candidates.put(
                    member.memberId(),
                    new PartitionAssignor.Candidate(
                            member.subscription().instanceId(), read, group.target(member.memberId())));
        }
        config.assignor(group.preferredAssignor())
                .assign(candidates, partitionCounts)
                .forEach((memberId, target) -> {
                    if (!target.equals(group.target(memberId))) {
                        out.append(ConsumerGroupRecords.target(group.groupId(), memberId, target));
                    }
                });
        out.append(ConsumerGroupRecords.targetEpoch(group.groupId(), group.groupEpoch(), out.nowMs()));
    }
}
