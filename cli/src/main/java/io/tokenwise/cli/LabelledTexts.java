package io.tokenwise.cli;

import io.tokenwise.io.BadFileException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import tools.jackson.databind.JsonNode;

/**
 * Texts with a class each, as a file has them: {@code .csv}, {@code .tsv} (plain tabs, no quotes), both with a header, or
 * {@code .jsonl} (an object a line).
 *
 * @param texts in the file's order
 * @param labels the texts' classes
 * @param lines the texts' lines in the file, from 1
 */
record LabelledTexts(Path file, List<String> texts, List<String> labels, List<Long> lines) {
    /**
     * Reads a whole file.
     *
     * @param textField name of the column or field that holds the text
     * @param labelField that of the class
     * @throws BadFileException if it is not such a file; the message says where and what would be right
     */
    static LabelledTexts read(Path file, String textField, String labelField) throws IOException {
        var texts = new LabelledTexts(file, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        String name = file.toString();
        try {
            if (name.endsWith(".csv")) {
                texts.readCsv(textField, labelField);
            } else if (name.endsWith(".tsv")) {
                texts.readTsv(textField, labelField);
            } else if (name.endsWith(".jsonl")) {
                texts.readJsonLines(textField, labelField);
            } else {
                throw new BadFileException(
                        name, "the name must end with .csv, .tsv or .jsonl, which says how to read it");
            }
        } catch (CharacterCodingException e) {
            throw new BadFileException(name, "is not UTF-8", e);
        }
        if (texts.texts.isEmpty()) {
            throw new BadFileException(name, "has no texts");
        }
        return texts;
    }

    int size() {
        return texts.size();
    }

    private void readCsv(String textField, String labelField) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(file);
                CSVParser parser = CSVParser.parse(afterMark(reader), CSVFormat.DEFAULT)) {
            Header header = null;
            long line = 1;
            for (CSVRecord row : parser) {
                List<String> fields = row.toList();
                if (header == null) {
                    header = Header.of(file, fields, textField, labelField);
                } else {
                    add(line, header.text(file, line, fields), header.label(fields));
                }
                line = parser.getCurrentLineNumber() + 1;
            }
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof CharacterCodingException encoding) {
                throw encoding;
            }
            throw new BadFileException(
                    file.toString(), "is not CSV: " + e.getCause().getMessage(), e);
        }
    }

    private static Reader afterMark(BufferedReader reader) throws IOException {
        reader.mark(1);
        if (reader.read() != LineFile.BYTE_ORDER_MARK.charAt(0)) {
            reader.reset();
        }
        return reader;
    }

    private void readTsv(String textField, String labelField) throws IOException {
        try (var lines = new LineFile(file)) {
            Header header = null;
            for (String line = lines.next(); line != null; line = lines.next()) {
                List<String> fields = List.of(line.split("\t", -1));
                if (header == null) {
                    header = Header.of(file, fields, textField, labelField);
                } else {
                    add(lines.number(), header.text(file, lines.number(), fields), header.label(fields));
                }
            }
        }
    }

    private void readJsonLines(String textField, String labelField) throws IOException {
        try (var lines = new LineFile(file)) {
            for (JsonNode object = lines.nextObject(); object != null; object = lines.nextObject()) {
                add(lines.number(), lines.text(object, textField), lines.name(object, labelField));
            }
        }
    }

    private void add(long line, String text, String label) {
        if (label.isBlank()) {
            throw LineFile.bad(file, line, "the label is empty");
        }
        texts.add(text);
        labels.add(label.strip());
        lines.add(line);
    }

    /** Where a table has what is wanted. */
    private record Header(int columns, int textColumn, int labelColumn) {
        static Header of(Path file, List<String> names, String textField, String labelField) {
            return new Header(names.size(), column(file, names, textField), column(file, names, labelField));
        }

        private static int column(Path file, List<String> names, String wanted) {
            int column = names.indexOf(wanted);
            if (column < 0) {
                throw LineFile.bad(file, 1, "the header has no column " + wanted + ", but " + String.join(", ", names));
            }
            return column;
        }

        String text(Path file, long line, List<String> fields) {
            if (fields.size() != columns) {
                throw LineFile.bad(file, line, "has " + fields.size() + " columns, the header has " + columns);
            }
            return fields.get(textColumn);
        }

        String label(List<String> fields) {
            return fields.get(labelColumn);
        }
    }
}
