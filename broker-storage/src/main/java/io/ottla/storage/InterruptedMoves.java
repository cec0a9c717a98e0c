package io.ottla.storage;

import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Brings order into what moves between data directories have left that were cut short, before a log is opened: afterwards there is one
 * log of each partition, and no copy.
 */
public final class InterruptedMoves {

    /**
     * A move that had begun and not ended.
     *
     * @param log the log, which is where it was
     * @param target where it was going to
     */
    public record Unfinished(PartitionDirectory log, LogDirectory target) {}

    private record Place(LogDirectory directory, PartitionDirectory log) {}

    private InterruptedMoves() {}

    /**
     * Does so. What cannot be decided is left as it is, see {@link #doubles}.
     *
     * @param directories all that the moves were between
     * @return the moves that did not come to their end
     */
    public static List<Unfinished> settle(List<LogDirectory> directories) {
        for (List<Place> places : several(directories)) {
            decide(places);
        }
        List<Unfinished> unfinished = new ArrayList<>();
        for (LogDirectory directory : directories) {
            for (PartitionDirectory copy : directory.moves().unfinished()) {
                List<Place> places = places(directories, copy);
                takeAway(directory, copy, !places.isEmpty());
                if (!places.isEmpty() && places.get(0).directory != directory) {
                    unfinished.add(new Unfinished(places.get(0).log, directory));
                }
            }
        }
        return unfinished;
    }

    private static List<Place> places(List<LogDirectory> directories, PartitionDirectory wanted) {
        List<Place> places = new ArrayList<>();
        for (LogDirectory directory : directories) {
            for (PartitionDirectory log : directory.unopenedPartitions()) {
                if (log.topic().equals(wanted.topic())
                        && log.partition() == wanted.partition()
                        && log.topicId().equals(wanted.topicId())) {
                    places.add(new Place(directory, log));
                }
            }
        }
        return places;
    }

    /** Those logs of the same partition of the same topic that lie in several directories. */
    private static Collection<List<Place>> several(List<LogDirectory> directories) {
        Map<String, List<Place>> byName = new TreeMap<>();
        if (directories.size() > 1) {
            for (LogDirectory directory : directories) {
                for (PartitionDirectory log : directory.unopenedPartitions()) {
                    byName.computeIfAbsent(
                                    log.topic() + "-" + log.partition() + " " + log.topicId(),
                                    all -> new ArrayList<>(1))
                            .add(new Place(directory, log));
                }
            }
        }
        byName.values().removeIf(places -> places.size() == 1);
        return byName.values();
    }

    /**
     * What keeps partitions closed of which several directories have a log, and nothing says which one counts: whoever took one there by
     * hand has to take one away. No crash leaves that.
     *
     * @return for each of them, by topic, a dash and partition, what to say
     */
    public static Map<String, LogDamageException> doubles(List<LogDirectory> directories) {
        Map<String, LogDamageException> doubles = new TreeMap<>();
        for (List<Place> places : several(directories)) {
            PartitionDirectory first = places.get(0).log;
            if (!first.topicId().equals(Uuid.ZERO)) {
                PartitionDirectory second = places.get(1).log;
                doubles.put(
                        first.topic() + "-" + first.partition(),
                        new LogDamageException(
                                first.path(), "there is another log of this partition, " + second.path()));
            }
        }
        return doubles;
    }

    private static void decide(List<Place> places) {
        List<Place> arrived = places.stream()
                .filter(place -> place.directory.moves().hasArrived(place.log))
                .toList();
        if (arrived.size() != 1) {
            return; // A file was copied by hand.
        }
        Place newest = arrived.get(0);
        try {
            for (Place other : places) {
                if (!other.equals(newest)) {
                    StorageLog.LOG.info(
                            "{} has been moved to {}: what is left of it is deleted",
                            other.log.path(),
                            newest.directory.path());
                    other.directory.moves().leftBehind(other.log);
                }
            }
            newest.directory.moves().settled(newest.log);
        } catch (IOException e) {
            StorageLog.LOG.warn("Tidying up after the move of {} failed: {}", newest.log.path(), LogHealth.reason(e));
        }
    }

    /** A copy is of use only where there is nothing else. */
    private static void takeAway(LogDirectory directory, PartitionDirectory copy, boolean hasOriginal) {
        try {
            if (!hasOriginal && copy.isUsed(directory.options().files())) {
                StorageLog.LOG.warn(
                        "There is no log that {} is the copy of; it is set aside as {}",
                        copy.path(),
                        directory.moves().setAside(copy));
            } else {
                directory.moves().discard(copy);
            }
        } catch (IOException e) {
            StorageLog.LOG.warn("{} cannot be taken away: {}", copy.path(), LogHealth.reason(e));
        }
    }
}
