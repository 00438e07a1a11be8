package io.tokenwise.cost;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What the pieces of a forward of one model's sizes took.
 *
 * @param rows ascending
 * @param micros of each piece, in microseconds, at each of these numbers of rows
 */
public record ShapeCost(Sizes sizes, List<Integer> rows, Map<Piece, List<Double>> micros) {
    private static final int MOST_POINTS = 64;
    private static final int MOST_ROWS = 1 << 16;

    /** A minute and more; nothing that is measured shortly takes so long. */
    private static final double MOST_MICROS = 1e8;

    /** @throws IllegalArgumentException if something is absent, out of order, or no time that a piece can take */
    public ShapeCost {
        if (sizes == null || rows == null || micros == null) {
            throw new IllegalArgumentException("a shape must have sizes, rows and micros");
        }
        if (rows.isEmpty() || rows.size() > MOST_POINTS) {
            throw new IllegalArgumentException("rows has " + rows.size() + " numbers, must have 1 to " + MOST_POINTS);
        }
        int last = 0;
        for (Integer count : rows) {
            if (count == null || count <= last || count > MOST_ROWS) {
                throw new IllegalArgumentException(
                        "rows has " + count + " after " + last + ", must ascend from 1 to at most " + MOST_ROWS);
            }
            last = count;
        }
        var copy = new EnumMap<Piece, List<Double>>(Piece.class);
        for (Piece piece : Piece.values()) {
            copy.put(piece, times(piece, micros.get(piece), rows.size()));
        }
        rows = List.copyOf(rows);
        micros = Map.copyOf(copy);
    }

    private static List<Double> times(Piece piece, List<Double> times, int count) {
        if (times == null || times.size() != count) {
            throw new IllegalArgumentException("micros of " + piece + " are "
                    + (times == null ? "missing" : times.size() + " numbers") + ", must be " + count
                    + ", one for each of rows");
        }
        for (Double time : times) {
            if (time == null || !(time > 0 && time <= MOST_MICROS)) {
                throw new IllegalArgumentException(
                        "micros of " + piece + " has " + time + ", must be above 0 and at most " + MOST_MICROS);
            }
        }
        return List.copyOf(times);
    }
}
