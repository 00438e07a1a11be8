package io.tokenwise;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.CopyOption;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.lucene.tests.mockfile.FilterFileChannel;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;

/**
 * The system's files, with a record of what a power failure might leave of a folder after each change in it. A file's content is on disk when the file was synced, a name when its folder was; of what was not,
 * some may be there and some not, and so after each change there are {@link Left several disks}. Not thread-safe.
 */
final class PowerFailures extends FilterFileSystemProvider {
    private final Set<Map<String, ByteBuffer>> disks = new LinkedHashSet<>();
    private Path root;
    private Node tree;

    /** What is on disk of that which was not synced. */
    private enum Left {
        /** No change. What POSIX promises. */
        NOTHING,
        /** Only that names are gone: no order is promised between folders, nor between a rename and what is deleted after it. */
        DELETIONS,
        /** All changes of names, and no content. */
        NAMES,
        /** All. What a killed process leaves. */
        ALL
    }

    /** A file, or a folder: as the process sees it, and as it was when it was synced. */
    private static final class Node {
        private final boolean isFolder;
        private final Map<String, Node> names = new TreeMap<>();
        private final Map<String, Node> syncedNames = new HashMap<>();
        private final Set<String> deleted = new HashSet<>();
        private byte[] content = {};
        private byte[] syncedContent = {};

        Node(boolean isFolder) {
            this.isFolder = isFolder;
        }

        void sync() {
            syncedContent = content;
            syncedNames.clear();
            syncedNames.putAll(names);
            deleted.clear();
        }

        void write(ByteBuffer from, int position) {
            content = Arrays.copyOf(content, Math.max(content.length, position + from.remaining()));
            from.get(content, position, from.remaining());
        }

        void put(Map<String, ByteBuffer> disk, String path, Left left) {
            if (!isFolder) {
                disk.put(path, ByteBuffer.wrap(left == Left.ALL ? content : syncedContent));
                return;
            }
            disk.put(path + "/", ByteBuffer.allocate(0));
            boolean isSynced = left == Left.NOTHING || left == Left.DELETIONS;
            (isSynced ? syncedNames : names).forEach((name, node) -> {
                if (left != Left.DELETIONS || !deleted.contains(name)) {
                    node.put(disk, path + "/" + name, left);
                }
            });
        }
    }

    PowerFailures() {
        super("power", FileSystems.getDefault());
    }

    /** The folder here. From now on it is watched; what is in it counts as synced. */
    Path watch(Path folder) throws IOException {
        root = folder.toRealPath();
        tree = new Node(true);
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.filter(path -> !path.equals(root)).toList()) {
                Node node = new Node(Files.isDirectory(path));
                if (!node.isFolder) {
                    node.content = Files.readAllBytes(path);
                }
                parent(path).names.put(name(path), node);
                node.sync();
                parent(path).sync();
            }
        }
        disks.clear();
        return wrapPath(root);
    }

    /** All disks that a power failure may have left since then, each once, in the order of the changes. */
    List<Map<String, ByteBuffer>> disks() {
        return List.copyOf(disks);
    }

    /** What has survived for certain if the power fails now. */
    Map<String, ByteBuffer> certain() {
        return disk(Left.NOTHING);
    }

    /** Puts such a disk into an empty folder. */
    static void restore(Map<String, ByteBuffer> disk, Path folder) throws IOException {
        for (Map.Entry<String, ByteBuffer> entry : disk.entrySet()) {
            Path path = folder.resolve("." + entry.getKey());
            if (entry.getKey().endsWith("/")) {
                Files.createDirectories(path);
            } else {
                Files.write(path, entry.getValue().array());
            }
        }
    }

    private Map<String, ByteBuffer> disk(Left left) {
        // Sorted: a folder comes before what is in it.
        var disk = new TreeMap<String, ByteBuffer>();
        tree.put(disk, "", left);
        return disk;
    }

    private void changed() {
        for (Left left : Left.values()) {
            disks.add(disk(left));
        }
    }

    /** Of a path of the system's. */
    private Node node(Path path) {
        Node node = tree;
        for (Path name : root.relativize(path.toAbsolutePath().normalize())) {
            node = name.toString().isEmpty() ? node : node.names.get(name.toString());
        }
        return node;
    }

    private Node parent(Path path) {
        return node(path.toAbsolutePath().normalize().getParent());
    }

    private static String name(Path path) {
        return path.getFileName().toString();
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        boolean isNew = !Files.exists(path);
        FileChannel channel = super.newFileChannel(path, options, attributes);
        if (isNew) {
            parent(toDelegate(path)).names.put(name(path), new Node(false));
        } else if (options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
            node(toDelegate(path)).content = new byte[0];
        }
        changed();
        return new Channel(channel, node(toDelegate(path)));
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public OutputStream newOutputStream(Path path, OpenOption... options) {
        throw new UnsupportedOperationException("not recorded: use a channel, which can be synced");
    }

    @Override
    public void createDirectory(Path directory, FileAttribute<?>... attributes) throws IOException {
        super.createDirectory(directory, attributes);
        parent(toDelegate(directory)).names.put(name(directory), new Node(true));
        changed();
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        super.move(source, target, options);
        parent(toDelegate(target))
                .names
                .put(name(target), parent(toDelegate(source)).names.remove(name(source)));
        changed();
    }

    @Override
    public void delete(Path path) throws IOException {
        super.delete(path);
        parent(toDelegate(path)).names.remove(name(path));
        parent(toDelegate(path)).deleted.add(name(path));
        changed();
    }

    @Override
    public boolean deleteIfExists(Path path) throws IOException {
        boolean isThere = Files.exists(path);
        if (isThere) {
            delete(path);
        }
        return isThere;
    }

    private final class Channel extends FilterFileChannel {
        private final Node node;

        Channel(FileChannel delegate, Node node) {
            super(delegate);
            this.node = node;
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            node.write(from.duplicate(), (int) position());
            changed();
            return super.write(from);
        }

        @Override
        public int write(ByteBuffer from, long position) throws IOException {
            node.write(from.duplicate(), (int) position);
            changed();
            return super.write(from, position);
        }

        @Override
        public void force(boolean metadata) throws IOException {
            super.force(metadata);
            node.sync();
            changed();
        }
    }
}
