package io.tokenwise.cli;

import java.util.Locale;
import java.util.function.Function;

/**
 * A column of a table of results, for terminal and page alike.
 *
 * @param title its heading
 * @param value its text for a row
 */
record Column<T>(String title, Function<T, String> value) {
    /** A number with that many digits after the point; a dash where there is none. */
    static String fixed(double value, int digits) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + digits + "f", value);
    }
}
