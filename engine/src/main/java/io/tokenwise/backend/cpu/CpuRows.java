package io.tokenwise.backend.cpu;

import io.tokenwise.backend.RoutedRows;
import java.util.Arrays;

/** Those of a {@link CpuRouting} from one place of an order to another. */
final class CpuRows implements RoutedRows {
    private int rows;

    /** Null for the rows themselves. */
    private int[] order;

    private int from;
    private int to;
    private int[] sliceRows;
    private int slices;

    /** All rows, each of which uses all slices. */
    CpuRows all(int count, int sliceCount) {
        if (sliceRows == null || sliceRows.length < sliceCount) {
            sliceRows = new int[sliceCount];
        }
        Arrays.fill(sliceRows, 0, sliceCount, count);
        return become(count, null, 0, count, sliceRows, sliceCount);
    }

    CpuRows become(int newRows, int[] newOrder, int newFrom, int newTo, int[] newSliceRows, int newSlices) {
        rows = newRows;
        order = newOrder;
        from = newFrom;
        to = newTo;
        sliceRows = newSliceRows;
        slices = newSlices;
        return this;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int slices() {
        return slices;
    }

    /** Row numbers, or null for the rows themselves. */
    int[] order() {
        return order;
    }

    /** The first of {@link #order} that is meant. */
    int from() {
        return from;
    }

    /** Behind the last one. */
    int to() {
        return to;
    }

    /** For each slice how many of the rows use it, which are the first ones. */
    int[] sliceRows() {
        return sliceRows;
    }
}
