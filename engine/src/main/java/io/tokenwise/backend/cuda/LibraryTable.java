package io.tokenwise.backend.cuda;

import io.tokenwise.io.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Of which dense products cuBLASLt was measured to be faster than our own kernels, by one version of it on one card. {@code bench cuda --keep} measures; the table is a text in the folder of
 * {@link CubinFile kept kernels}, one product a line, with a checksum at its end.
 *
 * @param card as its driver names it
 * @param library the version, as the library counts
 */
public record LibraryTable(String card, long library, Set<Shape> faster) {
    private static final String PREFIX = "cublaslt-";
    private static final String HEAD = "tokenwise: dense products in bf16 that cuBLASLt multiplies faster";

    /** Of a thousand products, far more than any models have. */
    private static final long MOST_BYTES = 1 << 16;

    public LibraryTable {
        faster = Set.copyOf(faster);
    }

    /** Of the weights. */
    public record Shape(int inputs, int outputs) implements Comparable<Shape> {
        @Override
        public int compareTo(Shape other) {
            int byInputs = Integer.compare(inputs, other.inputs);
            return byInputs != 0 ? byInputs : Integer.compare(outputs, other.outputs);
        }
    }

    /** Whether there may be a table of this card, of some version of the library. */
    static boolean mayExist(String card) throws IOException {
        Optional<Path> folder = CubinFile.folder().filter(Files::isDirectory);
        if (folder.isEmpty()) {
            return false;
        }
        try (Stream<Path> files = Files.list(folder.get())) {
            return files.anyMatch(file -> file.getFileName().toString().startsWith(prefix(card)));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /**
     * The table of this card and version; empty if there is none.
     *
     * @throws IOException if it cannot be read, is damaged, or is of something else; the message is one line
     */
    static Optional<LibraryTable> read(String card, long library) throws IOException {
        Optional<Path> file = file(card, library).filter(Files::isRegularFile);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        if (Files.size(file.get()) > MOST_BYTES) {
            throw new IOException(file.get() + " is too large for a table of products");
        }
        LibraryTable table = parse(file.get(), new String(Files.readAllBytes(file.get()), StandardCharsets.UTF_8));
        if (!table.card.equals(card) || table.library != library) {
            throw new IOException(file.get() + " is of " + table.card + " and cuBLASLt " + table.library);
        }
        return Optional.of(table);
    }

    private static LibraryTable parse(Path file, String text) throws IOException {
        int end = text.lastIndexOf("sum ");
        String content = text.substring(0, Math.max(0, end));
        if (end < 0 || !text.substring(end).equals(sum(content))) {
            throw new IOException(file + " is damaged");
        }
        try {
            List<String> lines = content.lines().toList();
            if (!lines.getFirst().equals(HEAD)) {
                throw new IOException(file + " is no table of products of this version");
            }
            var faster = new TreeSet<Shape>();
            for (String line : lines.subList(3, lines.size())) {
                String[] words = line.split(" ");
                faster.add(new Shape(Integer.parseInt(words[1]), Integer.parseInt(words[3])));
            }
            return new LibraryTable(
                    after("card ", lines.get(1)), Long.parseLong(after("library ", lines.get(2))), faster);
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw new IOException(file + " is no table of products: " + e.getMessage(), e);
        }
    }

    private static String after(String word, String line) {
        return line.substring(word.length());
    }

    /**
     * Keeps it, in place of what was measured before, and returns the file.
     *
     * @throws IOException if it cannot be written, or there is no folder for it
     */
    public Path write() throws IOException {
        Path file = file(card, library)
                .orElseThrow(() -> new IOException("-D" + CubinFile.FOLDER + " names no folder to keep a table in"));
        var content = new StringBuilder(HEAD)
                .append("\ncard ")
                .append(card)
                .append("\nlibrary ")
                .append(library);
        content.append('\n');
        for (Shape shape : new TreeSet<>(faster)) {
            content.append("inputs ")
                    .append(shape.inputs)
                    .append(" outputs ")
                    .append(shape.outputs)
                    .append('\n');
        }
        Files.createDirectories(file.getParent());
        AtomicFiles.deleteOldLeftovers(file.getParent(), PREFIX);
        AtomicFiles.write(file, content + sum(content.toString()));
        return file;
    }

    private static String sum(String content) {
        var checksum = new CRC32C();
        checksum.update(content.getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "sum %08x%n", checksum.getValue());
    }

    private static Optional<Path> file(String card, long library) {
        return CubinFile.folder().map(folder -> folder.resolve(prefix(card) + library + ".txt"));
    }

    private static String prefix(String card) {
        return PREFIX + card.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-") + "-";
    }
}
