package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.LineFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts with a class each, as a {@linkplain FieldFile file with named fields} has them.
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
        FieldFile.read(file, row -> texts.add(row.line(), row.text(textField), row.name(labelField)));
        if (texts.texts.isEmpty()) {
            throw new BadFileException(file.toString(), "has no texts");
        }
        return texts;
    }

    int size() {
        return texts.size();
    }

    private void add(long line, String text, String label) {
        if (label.isBlank()) {
            throw LineFile.bad(file, line, "the label is empty");
        }
        texts.add(text);
        labels.add(label.strip());
        lines.add(line);
    }
}
