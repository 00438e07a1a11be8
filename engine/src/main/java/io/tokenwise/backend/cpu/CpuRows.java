package io.tokenwise.backend.cpu;

import java.util.Arrays;

/** Some rows of a matrix, those from one place of an order to another, and how many of them use each slice of a product. */
final class CpuRows {
    /** Null for the rows themselves. */
    private int[] order;

    private int from;
    private int to;
    private int[] sliceRows;

    /** All rows, each of which uses all slices. */
    CpuRows all(int count, int sliceCount) {
        if (sliceRows == null || sliceRows.length < sliceCount) {
            sliceRows = new int[sliceCount];
        }
        Arrays.fill(sliceRows, 0, sliceCount, count);
        return become(null, 0, count, sliceRows);
    }

    CpuRows become(int[] newOrder, int newFrom, int newTo, int[] newSliceRows) {
        order = newOrder;
        from = newFrom;
        to = newTo;
        sliceRows = newSliceRows;
        return this;
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
