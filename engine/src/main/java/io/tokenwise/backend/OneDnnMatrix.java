package io.tokenwise.backend;

import io.tokenwise.natives.Product;
import io.tokenwise.natives.Weights;
import java.lang.foreign.MemorySegment;

/**
 * A weight matrix in oneDNN's own order.
 *
 * @param packed the memory behind {@code weights}
 * @param scales for signed bytes what one step means, for each output; otherwise empty
 * @param sums for signed bytes the scale times the sum of the bytes, for each output; otherwise empty
 */
record OneDnnMatrix(Product product, MemorySegment packed, Weights weights, float[] scales, float[] sums)
        implements PackedMatrix {
    @Override
    public int inputs() {
        return product.spec().k();
    }

    @Override
    public int outputs() {
        return product.spec().n();
    }
}
