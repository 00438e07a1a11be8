package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Reads data sets for classification. Images of another size than asked for are brought to it.
 *
 * <p>Files are decoded on all processors, by the common pool; the order of images is that of classes and names, whatever the order in a file
 * system or archive. Threads may share a reader.
 *
 * @param images reads each of them, as many at once as there are processors
 * @param width of all images, in pixels
 * @param height of all images, in pixels
 * @param fit how an image of another size becomes one of that size
 */
public record LabelledImageReader(ImageReader images, int width, int height, UnaryOperator<Image> fit) {
    /** The classes of MNIST, unless the caller knows better. */
    public static final List<String> DIGITS = List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");

    private static final String TRAINING_IMAGES = "train-images-idx3-ubyte";
    private static final String TEST_IMAGES = "t10k-images-idx3-ubyte";

    /** More than any data set that fits memory has (ImageNet: 1.3 million); a small gzipped archive can have billions of empty files. */
    private static final int MOST_ENTRIES = 2_000_000;

    /** Of all their paths. */
    private static final long MOST_CHARACTERS = 200_000_000;

    /**
     * Checks the sides.
     *
     * @throws IllegalArgumentException if a side is less than 1 or more than 65,535 pixels
     */
    public LabelledImageReader {
        if (Math.min(width, height) < 1 || Math.max(width, height) > ImageReader.LONGEST_SIDE) {
            throw new IllegalArgumentException("images of " + width + " x " + height + "; sides must be 1 to "
                    + ImageReader.LONGEST_SIDE + " pixels");
        }
    }

    /**
     * A reader of images up to the usual size, resized bilinearly until they cover the other size, of which the centre is kept.
     *
     * @param width of all images, in pixels
     * @param height of all images, in pixels
     */
    public LabelledImageReader(int width, int height) {
        this(new ImageReader(), width, height, image -> image.fitted(width, height, Resampling.BILINEAR));
    }

    /**
     * {@return a reader of images as a model reads them}
     *
     * @param preparation what the model's files say of it
     * @param size of the model's squares, in pixels
     */
    public static LabelledImageReader of(ImagePreparation preparation, int size) {
        return new LabelledImageReader(new ImageReader(), size, size, image -> image.prepared(preparation, size));
    }

    /**
     * Reads a data set of whatever kind is there: a tar file, a folder with MNIST's files, or a folder of folders.
     *
     * @param source the file or folder
     * @param split which part of it; MNIST's files have train and test
     * @return its images, in the order of classes and names
     * @throws BadFileException as the methods below
     * @throws InterruptedException if the thread was interrupted
     * @throws IOException if a file cannot be read
     */
    public LabelledImages read(Path source, Split split) throws IOException, InterruptedException {
        if (Files.isRegularFile(source)) {
            return readTar(source, split);
        }
        return isIdx(source) ? readIdx(source, split.name(), DIGITS) : readFolder(source, split);
    }

    /**
     * {@return whether a data set has a part of that name, whatever lies in it; MNIST's files have train and test}
     *
     * @param source the file or folder
     * @param part as a {@link Split} names it
     * @throws IOException if it cannot be read
     * @throws BadFileException if it is no folder, or a file but no sound tar file
     */
    public static boolean has(Path source, String part) throws IOException {
        if (isIdx(source)) {
            return part.equals("train") && isIdx(source, TRAINING_IMAGES)
                    || part.equals("test") && isIdx(source, TEST_IMAGES);
        }
        List<String> paths = Files.isRegularFile(source) ? pathsInTar(source) : pathsIn(source);
        return ClassFolders.has(paths, part, source.toString());
    }

    private static boolean isIdx(Path source) {
        return isIdx(source, TRAINING_IMAGES) || isIdx(source, TEST_IMAGES);
    }

    private static boolean isIdx(Path source, String images) {
        return Files.exists(source.resolve(images)) || Files.exists(source.resolve(images + ".gz"));
    }

    /**
     * Reads a folder with a folder of images for each class.
     *
     * @param folder of the data set
     * @param split which of the folders inside holds the classes
     * @return its images, in the order of classes and names
     * @throws BadFileException if there are fewer than two classes, a class without images, or in a class a file that is not an image
     * @throws InterruptedException if the thread was interrupted
     * @throws IOException if a file cannot be read
     */
    public LabelledImages readFolder(Path folder, Split split) throws IOException, InterruptedException {
        ClassFolders found = ClassFolders.among(pathsIn(folder), split, folder.toString());
        var decoding = new Decoding(this, found.files().size(), folder.toString());
        for (int i = 0; i < found.files().size(); i++) {
            Path file = folder.resolve(found.files().get(i));
            decoding.add(i, file.toString(), () -> images.read(file), Files.size(file));
        }
        return new LabelledImages(width, height, decoding.finish(), found.labels(), found.classes());
    }

    /**
     * Reads a tar file, plain or gzipped, of such a folder, without unpacking it: once for its names, and again for the images.
     *
     * @param tar plain or gzipped
     * @param split as for {@link #readFolder}
     * @return its images, in the order of classes and names
     * @throws BadFileException as for {@link #readFolder}, or if it is truncated, corrupt, or has links and other special entries
     * @throws InterruptedException if the thread was interrupted
     * @throws IOException if a file cannot be read
     */
    public LabelledImages readTar(Path tar, Split split) throws IOException, InterruptedException {
        ClassFolders found = ClassFolders.among(pathsInTar(tar), split, tar.toString());
        Map<String, Integer> indices = new HashMap<>();
        for (int i = 0; i < found.files().size(); i++) {
            indices.put(found.files().get(i), i);
        }
        var decoding = new Decoding(this, indices.size(), tar.toString());
        try (TarEntries entries = TarEntries.open(tar)) {
            for (var entry = entries.next(); entry.isPresent(); entry = entries.next()) {
                Integer index = indices.get(entry.get());
                if (index != null) {
                    byte[] bytes = entries.content(ImageReader.MOST_BYTES);
                    String name = tar + "!" + entry.get();
                    decoding.add(index, name, () -> images.read(bytes, name), bytes.length);
                }
            }
        }
        return new LabelledImages(width, height, decoding.finish(), found.labels(), found.classes());
    }

    /**
     * Reads MNIST's files, or those of data sets that took their format: grey images, plain or gzipped.
     *
     * @param folder with {@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte}, and the same with {@code t10k}
     * @param split {@code train}, or {@code test} for the files called {@code t10k}
     * @param classes the names of labels 0, 1 and so on
     * @return its images, in their order
     * @throws BadFileException if a file is missing, is not what its header claims, or has a label outside the classes
     * @throws InterruptedException if the thread was interrupted
     * @throws IOException if a file cannot be read
     */
    public LabelledImages readIdx(Path folder, String split, List<String> classes)
            throws IOException, InterruptedException {
        String prefix = switch (split) {
            case "train" -> "train";
            case "test" -> "t10k";
            default ->
                throw new BadFileException(
                        folder.toString(), "has no split \"" + split + "\"; MNIST's files have train and test");
        };
        IdxFiles files = IdxFiles.read(folder, prefix);
        int[] labels = files.labelsWithin(classes.size());
        var decoding = new Decoding(this, labels.length, files.name());
        for (int i = 0; i < labels.length; i++) {
            int index = i;
            decoding.add(i, files.name(), () -> files.image(index), 0);
        }
        return new LabelledImages(width, height, decoding.finish(), labels, classes);
    }

    private static List<String> pathsIn(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new BadFileException(folder.toString(), Files.exists(folder) ? "is not a folder" : "no such folder");
        }
        try (Stream<Path> paths = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            return paths.filter(path -> !path.equals(folder))
                    .map(path -> relative(folder, path))
                    .toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static String relative(Path folder, Path path) {
        String name = folder.relativize(path).toString().replace(File.separatorChar, '/');
        return Files.isDirectory(path) ? name + "/" : name;
    }

    private static List<String> pathsInTar(Path tar) throws IOException {
        List<String> paths = new ArrayList<>();
        long characters = 0;
        try (TarEntries entries = TarEntries.open(tar)) {
            for (var entry = entries.next(); entry.isPresent(); entry = entries.next()) {
                paths.add(entry.get());
                characters += entry.get().length();
                if (paths.size() > MOST_ENTRIES || characters > MOST_CHARACTERS) {
                    throw new BadFileException(
                            tar.toString(),
                            "has more than " + MOST_ENTRIES + " entries, or more than " + MOST_CHARACTERS
                                    + " characters in their names");
                }
            }
        }
        return paths;
    }
}
