package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which of many files are a data set's images: those at {@code CLASS/NAME} below one folder. Hidden files (whose name, or whose folder's,
 * begins with a dot) do not count, nor do files beside the folders of classes; but everything within a class must be an image.
 *
 * @param classes sorted by name
 * @param files the images' paths, sorted by class and then by name
 * @param labels of each file, the number of its class
 */
record ClassFolders(List<String> classes, List<String> files, int[] labels) {
    /**
     * Finds them.
     *
     * @param paths relative, with slashes; those of folders end with one
     * @param split which of them
     * @param source what to call all of it in messages
     */
    static ClassFolders among(List<String> paths, Split split, String source) {
        List<Entry> entries = entries(paths, source);
        String root = root(entries, split, source);
        int depth = Entry.of(root, source).names().size();
        SortedMap<String, SortedSet<String>> filesOfClasses = new TreeMap<>();
        for (Entry entry : entries) {
            int below = entry.names().size() - depth;
            boolean ofClass = below > 1 || entry.folder() && below == 1;
            if (ofClass && entry.path().startsWith(root)) {
                take(entry, depth, filesOfClasses, source);
            }
        }
        return of(filesOfClasses, root, source);
    }

    /** Whether there is a folder of that name, with or without classes. */
    static boolean has(List<String> paths, String split, String source) {
        return !foldersCalled(split, entries(paths, source)).isEmpty();
    }

    private static List<Entry> entries(List<String> paths, String source) {
        return paths.stream()
                .map(path -> Entry.of(path, source))
                .filter(entry -> !entry.hidden())
                .toList();
    }

    private static void take(
            Entry entry, int depth, SortedMap<String, SortedSet<String>> filesOfClasses, String source) {
        String name = entry.names().get(depth);
        SortedSet<String> files = filesOfClasses.computeIfAbsent(name, key -> new TreeSet<>());
        if (entry.folder()) {
            return;
        }
        if (entry.names().size() > depth + 2) {
            throw new BadFileException(source, entry.path() + " lies too deep; images must lie at CLASS/NAME");
        }
        if (!files.add(entry.path())) {
            throw new BadFileException(source, "has " + entry.path() + " twice");
        }
    }

    private static ClassFolders of(SortedMap<String, SortedSet<String>> filesOfClasses, String root, String source) {
        String where = root.isEmpty() ? "" : " in " + root;
        List<String> classes = List.copyOf(filesOfClasses.keySet());
        if (classes.size() < 2) {
            String found = classes.isEmpty() ? "no classes" : "only the class " + classes.getFirst();
            boolean batches = !classes.isEmpty() && classes.getFirst().startsWith("cifar-10-batches-");
            throw new BadFileException(
                    source,
                    "has " + found + where + "; there must be a folder of images for each of two classes at least"
                            + (batches ? ": CIFAR-10's own files of many images each are not read" : ""));
        }
        List<String> files = new ArrayList<>();
        IntStream.Builder labels = IntStream.builder();
        for (int label = 0; label < classes.size(); label++) {
            SortedSet<String> ofClass = filesOfClasses.get(classes.get(label));
            if (ofClass.isEmpty()) {
                throw new BadFileException(source, "has no images of the class " + classes.get(label) + where);
            }
            files.addAll(ofClass);
            for (int i = 0; i < ofClass.size(); i++) {
                labels.add(label);
            }
        }
        return new ClassFolders(classes, files, labels.build().toArray());
    }

    /** The path of the folder of the classes, with a slash at its end; empty if it is the source itself. */
    private static String root(List<Entry> entries, Split split, String source) {
        SortedSet<String> roots = split.name().isEmpty() ? new TreeSet<>() : foldersCalled(split.name(), entries);
        if (roots.isEmpty() && !split.needed()) {
            roots = foldersOfDeepest(entries);
        }
        if (roots.isEmpty()) {
            String missing = split.needed() ? "no folder " + split.name() : "no folder of images";
            throw new BadFileException(
                    source, "has " + missing + "; images must lie at CLASS/NAME or SPLIT/CLASS/NAME");
        }
        if (roots.size() > 1) {
            String some = String.join(", ", roots.stream().limit(4).toList());
            throw new BadFileException(
                    source,
                    "has classes in " + roots.size() + " folders: " + some
                            + "; name one as the split, of which there may be only one");
        }
        return roots.first();
    }

    /** The least deep folders of a name: with {@code set/train} there may also be a class {@code set/test/train}. */
    private static SortedSet<String> foldersCalled(String name, List<Entry> entries) {
        SortedSet<String> folders = new TreeSet<>();
        int least = Integer.MAX_VALUE;
        for (Entry entry : entries) {
            int depth = entry.depthOf(name);
            if (depth > 0 && depth < least) {
                least = depth;
                folders.clear();
            }
            if (depth > 0 && depth == least) {
                folders.add(entry.first(depth));
            }
        }
        return folders;
    }

    /** The folders two levels above the deepest files. */
    private static SortedSet<String> foldersOfDeepest(List<Entry> entries) {
        List<Entry> files = entries.stream().filter(entry -> !entry.folder()).toList();
        int deepest =
                files.stream().mapToInt(entry -> entry.names().size()).max().orElse(0);
        return files.stream()
                .filter(file -> deepest >= 2 && file.names().size() == deepest)
                .map(file -> file.first(deepest - 2))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** A file or folder, whose path comes from outside. */
    private record Entry(String path, List<String> names, boolean folder) {
        private static final int MOST_FOLDERS = 64;

        static Entry of(String path, String source) {
            if (path.chars().filter(c -> c == '/').count() > MOST_FOLDERS) {
                throw new BadFileException(
                        source, "has an entry in more than " + MOST_FOLDERS + " folders, one in the other: " + path);
            }
            boolean folder = path.isEmpty() || path.endsWith("/");
            String bare = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
            List<String> names = bare.isEmpty() ? List.of() : List.of(bare.split("/", -1));
            boolean odd = names.contains("") || names.contains(".") || names.contains("..");
            if (odd || bare.chars().anyMatch(Character::isISOControl)) {
                throw new BadFileException(
                        source,
                        "has an entry " + path + "; paths must be relative, without dots and control characters");
            }
            return new Entry(path, names, folder);
        }

        boolean hidden() {
            return names.stream().anyMatch(name -> name.startsWith("."));
        }

        /** The path of the folder that its first names make. */
        String first(int depth) {
            return names.stream().limit(depth).map(name -> name + "/").collect(Collectors.joining());
        }

        /** At which depth, from 1 on, the first folder of a name lies, if this is it or lies in it; else 0. */
        int depthOf(String folderName) {
            int depth = names.indexOf(folderName) + 1;
            return folder || depth < names.size() ? depth : 0;
        }
    }
}
