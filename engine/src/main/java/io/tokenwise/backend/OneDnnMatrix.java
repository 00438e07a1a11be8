package io.tokenwise.backend;

import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.natives.Product;
import io.tokenwise.natives.Weights;
import java.lang.foreign.MemorySegment;

/**
 * A weight matrix in oneDNN's own order.
 *
 * @param packed the memory behind {@code weights}
 * @param columns for signed bytes what one step of each output means; otherwise empty
 */
record OneDnnMatrix(Product product, MemorySegment packed, Weights weights, Columns columns) implements PackedMatrix {
    @Override
    public int inputs() {
        return product.spec().k();
    }

    @Override
    public int outputs() {
        return product.spec().n();
    }

    /** Columns of the matrix of rows that it multiplies, of which a slice along the inputs takes some. */
    int inputStride() {
        return product.spec().aStride();
    }

    /** Columns of the matrix of sums, of which a slice along the outputs writes some. */
    int outputStride() {
        return product.spec().cStride();
    }
}
