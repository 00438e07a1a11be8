package io.tokenwise.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * A table of {@code bench cuda}. A column of speeds stays empty on a simulated device, whatever was measured: it would say nothing of a card.
 *
 * @param note how it was measured
 * @param rows a value for each column: text, a number, or null where there is none
 */
record CudaTable(String title, String note, List<Column> columns, List<List<Object>> rows) {
    /** @param speed whether it depends on how fast the device is */
    record Column(String name, boolean speed) {}

    static Column label(String name) {
        return new Column(name, false);
    }

    static Column speed(String name) {
        return new Column(name, true);
    }

    /** Collects rows. Not thread-safe. */
    static final class Builder {
        private final String title;
        private final String note;
        private final List<Column> columns;
        private final boolean simulated;
        private final List<List<Object>> rows = new ArrayList<>();

        Builder(String title, String note, boolean simulated, Column... columns) {
            this.title = title;
            this.note = note;
            this.simulated = simulated;
            this.columns = List.of(columns);
        }

        void row(Object... values) {
            if (values.length != columns.size()) {
                throw new IllegalArgumentException(
                        title + ": " + values.length + " values for " + columns.size() + " columns");
            }
            var row = new ArrayList<Object>(Arrays.asList(values));
            for (int i = 0; i < values.length; i++) {
                if (simulated && columns.get(i).speed() || values[i] instanceof Double number && number.isNaN()) {
                    row.set(i, null);
                }
            }
            rows.add(Collections.unmodifiableList(row));
        }

        CudaTable table() {
            return new CudaTable(title, note, columns, List.copyOf(rows));
        }
    }

    /** A value for people: numbers with three or four digits that say something. */
    static String text(Object value) {
        return switch (value) {
            case null -> "";
            case Double number when Math.abs(number) >= 1000 -> String.format(Locale.ROOT, "%,.0f", number);
            case Double number when Math.abs(number) >= 10 -> String.format(Locale.ROOT, "%.1f", number);
            case Double number
            when Math.abs(number) >= 0.01 || number == 0 -> String.format(Locale.ROOT, "%.3f", number);
            case Double number -> String.format(Locale.ROOT, "%.2e", number);
            default -> value.toString();
        };
    }
}
