package io.ottla.storage;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The names of {@link SimulatedFiles}, and which of their changes are on the device.
 *
 * <p>A rename is one change. When the power goes, either all changes up to one of them are there, whatever directory they were made
 * in, as with one journal; or each is there or not for itself, but none without those before it that concern one of its names.
 */
final class SimulatedNames {

    private static final Path ROOT = Path.of("/");

    /** Takes a name away, gives one, or both; {@code null} stands for no name. */
    private record Change(
            SimulatedInode fromDirectory, String from, SimulatedInode toDirectory, String to, SimulatedInode inode) {

        boolean concerns(SimulatedInode directory) {
            return fromDirectory == directory || toDirectory == directory;
        }

        void apply() {
            if (from != null) {
                fromDirectory.syncedEntries().remove(from);
            }
            if (to != null) {
                toDirectory.syncedEntries().put(to, inode);
            }
        }
    }

    private record Name(SimulatedInode directory, String name) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Name that && that.directory == directory && that.name.equals(name);
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(directory) * 31 + name.hashCode();
        }
    }

    private SimulatedInode root = SimulatedInode.directory(0L);
    private final List<Change> unsynced = new ArrayList<>();

    SimulatedInode find(Path path) {
        SimulatedInode found = root;
        for (Path name : path) {
            found = found == null ? null : found.entries().get(name.toString());
        }
        return found;
    }

    private SimulatedInode parent(Path path) throws NoSuchFileException {
        SimulatedInode parent = find(path.getParent());
        if (parent == null || !parent.isDirectory()) {
            throw new NoSuchFileException(path.toString());
        }
        return parent;
    }

    void link(Path path, SimulatedInode inode) throws NoSuchFileException {
        String name = path.getFileName().toString();
        SimulatedInode directory = parent(path);
        directory.entries().put(name, inode);
        unsynced.add(new Change(null, null, directory, name, inode));
    }

    void unlink(Path path) throws NoSuchFileException {
        String name = path.getFileName().toString();
        SimulatedInode directory = parent(path);
        directory.entries().remove(name);
        unsynced.add(new Change(directory, name, null, null, null));
    }

    void rename(Path from, Path to) throws NoSuchFileException {
        SimulatedInode fromDirectory = parent(from);
        SimulatedInode toDirectory = parent(to);
        String fromName = from.getFileName().toString();
        String toName = to.getFileName().toString();
        SimulatedInode inode = fromDirectory.entries().remove(fromName);
        toDirectory.entries().put(toName, inode);
        unsynced.add(new Change(fromDirectory, fromName, toDirectory, toName, inode));
    }

    /** Has all changes of a directory on the device. */
    void sync(SimulatedInode directory) {
        Iterator<Change> changes = unsynced.iterator();
        while (changes.hasNext()) {
            Change change = changes.next();
            if (change.concerns(directory)) {
                change.apply();
                changes.remove();
            }
        }
    }

    void losePower(Random random) {
        int kind = random.nextInt(3);
        if (kind == 0) {
            unsynced.subList(0, random.nextInt(unsynced.size() + 1)).forEach(Change::apply);
        } else if (kind == 1) {
            applySome(random);
        }
        unsynced.clear();
        forget(root);
    }

    private void applySome(Random random) {
        int share = 1 + random.nextInt(9);
        Set<Name> lost = new HashSet<>();
        for (Change change : unsynced) {
            Name from = change.from == null ? null : new Name(change.fromDirectory, change.from);
            Name to = change.to == null ? null : new Name(change.toDirectory, change.to);
            if (random.nextInt(10) < share && !lost.contains(from) && !lost.contains(to)) {
                change.apply();
            } else {
                lost.add(from);
                lost.add(to);
            }
        }
    }

    private static void forget(SimulatedInode directory) {
        directory.loseUnsyncedEntries();
        directory.entries().values().forEach(SimulatedNames::forget);
    }

    void forEachFile(Consumer<SimulatedInode> action) {
        forEachPath((path, inode) -> {
            if (!inode.isDirectory()) {
                action.accept(inode);
            }
        });
    }

    void forEachPath(BiConsumer<Path, SimulatedInode> action) {
        forEachPath(ROOT, root, action);
    }

    private static void forEachPath(Path path, SimulatedInode inode, BiConsumer<Path, SimulatedInode> action) {
        action.accept(path, inode);
        for (Map.Entry<String, SimulatedInode> entry : inode.entries().entrySet()) {
            forEachPath(path.resolve(entry.getKey()), entry.getValue(), action);
        }
    }

    /** Gives the other the same files and names with the same past. */
    void forkTo(SimulatedNames other) {
        IdentityHashMap<SimulatedInode, SimulatedInode> made = new IdentityHashMap<>();
        other.root = root.fork(made);
        for (Change change : unsynced) {
            other.unsynced.add(new Change(
                    forked(change.fromDirectory, made),
                    change.from,
                    forked(change.toDirectory, made),
                    change.to,
                    forked(change.inode, made)));
        }
    }

    private static SimulatedInode forked(SimulatedInode inode, IdentityHashMap<SimulatedInode, SimulatedInode> made) {
        return inode == null ? null : inode.fork(made);
    }

    void copyTo(SimulatedNames other) {
        other.root = root.copy();
    }
}
