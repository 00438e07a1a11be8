package io.tokenwise.backend.cuda;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Operations that are run on both sides.
 *
 * @param bound the most by which a result may differ from the CPU's, as a share of it, or of 1 if it is less than that
 */
record Case(String name, double bound, Consumer<Side> run) {
    /** Where sequences of these lengths begin, and where the last one ends. */
    static int[] offsets(int... lengths) {
        var offsets = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            offsets[i + 1] = offsets[i] + lengths[i];
        }
        return offsets;
    }

    static String shape(int rows, int columns) {
        return "[" + rows + ", " + columns + "]";
    }

    static String lengths(int[] offsets) {
        var lengths = new int[offsets.length - 1];
        Arrays.setAll(lengths, i -> offsets[i + 1] - offsets[i]);
        return Arrays.toString(lengths);
    }

    @Override
    public String toString() {
        return name;
    }
}
