package io.tokenwise.backend.onednn;

import static io.tokenwise.backend.onednn.OneDnnBuffers.matrix;

import io.tokenwise.backend.InputSlices;
import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.kernels.Floats;

/**
 * What is added to a row's sums: the biases of the slices that it uses and, for signed bytes, their columns' sums. Rows that use more
 * slices come first, so a block's rows are looked at from the last on, and slices only come in.
 */
final class Offsets {
    private final Conversions conversions;
    private final boolean ofBytes;
    private final Floats biasSum;
    private final Columns columnSum;
    private int slices;
    private Floats bias;
    private Columns columns;

    /** @param biasSum room for a row of so many outputs */
    Offsets(Conversions conversions, boolean ofBytes, Floats biasSum, int outputs) {
        this.conversions = conversions;
        this.ofBytes = ofBytes;
        this.biasSum = biasSum;
        this.columnSum = new Columns(new float[outputs], new float[outputs]);
    }

    /** Those of a number of slices, no fewer than in the call before unless it is the first of a block. */
    void use(InputSlices all, int count, boolean first) {
        if (first) {
            bias = all.biases().getFirst().floats();
            columns = matrix(all.weights().getFirst()).columns();
            slices = 1;
        }
        for (; slices < count; slices++) {
            conversions.add(bias, 0, all.biases().get(slices).floats(), 0, all.outputs(), biasSum, 0);
            bias = biasSum;
            if (ofBytes) {
                addColumns(matrix(all.weights().get(slices)).columns());
            }
        }
    }

    private void addColumns(Columns more) {
        for (int j = 0; j < more.sums().length; j++) {
            columnSum.sums()[j] = columns.sums()[j] + more.sums()[j];
        }
        System.arraycopy(more.scales(), 0, columnSum.scales(), 0, more.scales().length);
        columns = columnSum;
    }

    Floats bias() {
        return bias;
    }

    Columns columns() {
        return columns;
    }
}
