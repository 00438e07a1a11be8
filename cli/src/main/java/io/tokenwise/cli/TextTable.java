package io.tokenwise.cli;

import java.util.ArrayList;
import java.util.List;

/** A table for the terminal. */
final class TextTable {
    private TextTable() {}

    /** The rows under a heading, a line each; the first column is aligned at its left, all others at their right. */
    static <T> String of(List<T> rows, List<Column<T>> columns) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(columns.stream().map(Column::title).toList());
        for (T row : rows) {
            lines.add(columns.stream().map(column -> column.value().apply(row)).toList());
        }
        var text = new StringBuilder();
        for (List<String> line : lines) {
            for (int c = 0; c < line.size(); c++) {
                int column = c;
                int width = lines.stream()
                        .mapToInt(other -> other.get(column).length())
                        .max()
                        .orElseThrow();
                String pad = " ".repeat(width - line.get(c).length());
                text.append(c == 0 ? line.get(c) + pad : "  " + pad + line.get(c));
            }
            text.append(System.lineSeparator());
        }
        return text.toString();
    }
}
