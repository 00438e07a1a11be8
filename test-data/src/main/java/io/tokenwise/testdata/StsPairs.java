package io.tokenwise.testdata;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/** Reads files of sentence pairs with a similarity, as STS-B has them: CSV of sentence1,sentence2,score without a header. */
public final class StsPairs {
    /** What some programs put before UTF-8, as an expression. */
    private static final String BYTE_ORDER_MARK = "^\ufeff";

    private StsPairs() {}

    /**
     * Two texts and how alike people found them.
     *
     * @param score higher is more alike; STS-B uses 0 to 5
     */
    public record Pair(String first, String second, double score) {}

    /**
     * Reads a whole file.
     *
     * @throws IOException if it cannot be read or is not such a file; then the message names the file, the line and what
     *     would be right
     */
    public static List<Pair> read(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": is a directory, a file is needed");
        }
        List<Pair> pairs = new ArrayList<>();
        try (CSVParser parser =
                CSVParser.parse(Files.readString(file).replaceFirst(BYTE_ORDER_MARK, ""), CSVFormat.DEFAULT)) {
            long line = 1;
            for (CSVRecord row : parser) {
                pairs.add(pair(file, line, row));
                line = parser.getCurrentLineNumber() + 1;
            }
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": is not UTF-8", e);
        } catch (UncheckedIOException e) {
            throw new IOException(file + ": is not CSV: " + e.getCause().getMessage(), e);
        }
        if (pairs.isEmpty()) {
            throw new IOException(file + ": is empty; expected lines of sentence1,sentence2,score");
        }
        return pairs;
    }

    private static Pair pair(Path file, long line, CSVRecord row) throws IOException {
        if (row.size() != 3) {
            throw new IOException(
                    file + ":" + line + ": has " + row.size() + " columns; expected sentence1,sentence2,score");
        }
        try {
            double score = Double.parseDouble(row.get(2));
            if (Double.isFinite(score)) {
                return new Pair(row.get(0), row.get(1), score);
            }
        } catch (NumberFormatException e) {
            // Reported below, with the numbers that are not finite.
        }
        throw new IOException(file + ":" + line + ": the score '" + row.get(2) + "' is not a number");
    }
}
