package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.LineFile;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.zip.ZipException;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import tools.jackson.databind.JsonNode;

/**
 * Reads a file of rows whose fields have names: {@code .csv}, {@code .tsv} (plain tabs, no quotes), both with a header, or {@code .jsonl}
 * (an object a line); each may be compressed, {@code .gz}.
 */
final class FieldFile {
    private final Path file;

    /** The fields of a table without a header, which may have it nevertheless; null if the header has to say them. */
    private final List<String> fields;

    private final Consumer<Row> rows;

    private FieldFile(Path file, List<String> fields, Consumer<Row> rows) {
        this.file = file;
        this.fields = fields;
        this.rows = rows;
    }

    /** A row of such a file. Fields are asked for by name; what is wrong with one is a {@link BadFileException} that says where. */
    interface Row {
        /** Where the row begins in the file, from 1. */
        long line();

        /** A text. */
        String text(String field);

        /** A name, which in JSON may also be a whole number. */
        String name(String field);
    }

    /** Whether the file's name says that it is one. */
    static boolean is(Path file) {
        String name = plainName(file);
        return name.endsWith(".csv") || name.endsWith(".tsv") || name.endsWith(".jsonl");
    }

    /**
     * Reads a whole file, row by row.
     *
     * @throws BadFileException if it is not such a file; the message says where and what would be right
     */
    static void read(Path file, Consumer<Row> rows) throws IOException {
        read(file, null, rows);
    }

    /** The same where a table needs no header, because it has these fields in this order. */
    static void read(Path file, List<String> fields, Consumer<Row> rows) throws IOException {
        var reader = new FieldFile(file, fields, rows);
        String name = plainName(file);
        if (name.endsWith(".csv")) {
            reader.readCsv();
        } else if (name.endsWith(".tsv")) {
            reader.readTsv();
        } else if (name.endsWith(".jsonl")) {
            reader.readJsonLines();
        } else {
            throw new BadFileException(
                    file.toString(), "the name must end with .csv, .tsv or .jsonl, which says how to read it");
        }
    }

    private static String plainName(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(LineFile.COMPRESSED)
                ? name.substring(0, name.length() - LineFile.COMPRESSED.length())
                : name;
    }

    private void readCsv() throws IOException {
        try (var reader = new BufferedReader(
                        new InputStreamReader(LineFile.open(file), StandardCharsets.UTF_8.newDecoder()));
                CSVParser parser = CSVParser.parse(afterMark(reader), CSVFormat.DEFAULT)) {
            List<String> header = fields;
            long line = 1;
            for (CSVRecord row : parser) {
                header = add(header, line, row.toList());
                line = parser.getCurrentLineNumber() + 1;
            }
        } catch (UncheckedIOException e) {
            throw explained(e.getCause());
        } catch (IOException e) {
            throw explained(e);
        }
    }

    private IOException explained(IOException failure) throws IOException {
        switch (failure) {
            case CharacterCodingException _ -> findBadLine();
            case EOFException _, ZipException _ -> throw LineFile.damaged(file, failure);
            case CSVException _ ->
                throw new BadFileException(file.toString(), "is not CSV: " + failure.getMessage(), failure);
            default -> {}
        }
        return failure;
    }

    /** The parser reads ahead and does not know which line is not UTF-8: reading up to it says so. */
    private void findBadLine() throws IOException {
        try (var lines = new LineFile(file)) {
            while (lines.next() != null) {
                // That line ends this.
            }
        }
    }

    private static Reader afterMark(BufferedReader reader) throws IOException {
        reader.mark(1);
        if (reader.read() != LineFile.BYTE_ORDER_MARK.charAt(0)) {
            reader.reset();
        }
        return reader;
    }

    private void readTsv() throws IOException {
        try (var lines = new LineFile(file)) {
            List<String> header = fields;
            for (String line = lines.next(); line != null; line = lines.next()) {
                header = add(header, lines.number(), List.of(line.split("\t", -1)));
            }
        }
    }

    private void readJsonLines() throws IOException {
        try (var lines = new LineFile(file)) {
            for (JsonNode object = lines.nextObject(); object != null; object = lines.nextObject()) {
                rows.accept(new JsonRow(lines, object));
            }
        }
    }

    /** Takes the header, or a row below it; returns the header. */
    private List<String> add(List<String> header, long line, List<String> values) {
        if (header == null || line == 1 && values.equals(fields)) {
            return values;
        }
        if (values.size() != header.size()) {
            String wanted =
                    fields == null ? "the header has " + header.size() : "it must be " + String.join(",", fields);
            throw LineFile.bad(file, line, "has " + values.size() + " columns, " + wanted);
        }
        rows.accept(new TableRow(file, header, line, values));
        return header;
    }

    private record TableRow(Path file, List<String> header, long line, List<String> fields) implements Row {
        @Override
        public String text(String field) {
            int column = header.indexOf(field);
            if (column < 0) {
                throw LineFile.bad(file, 1, "the header has no column " + field + ", but " + String.join(", ", header));
            }
            return fields.get(column);
        }

        @Override
        public String name(String field) {
            return text(field);
        }
    }

    private record JsonRow(LineFile lines, JsonNode object) implements Row {
        @Override
        public long line() {
            return lines.number();
        }

        @Override
        public String text(String field) {
            return lines.text(object, field);
        }

        @Override
        public String name(String field) {
            return lines.name(object, field);
        }
    }
}
