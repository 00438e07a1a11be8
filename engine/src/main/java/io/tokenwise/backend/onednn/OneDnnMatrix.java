package io.tokenwise.backend.onednn;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.natives.Product;
import io.tokenwise.natives.Weights;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A weight matrix in oneDNN's own order.
 *
 * @param parts the matrix, cut into some of its outputs each: into one where one thread computes, unless they would collide
 * @param whole all parts as one, in the same memory, where code of our own multiplies units by gates that are its halves; otherwise null
 * @param columns for signed bytes what one step of each output means; otherwise empty
 * @param prefix for signed bytes this slice and all slices before it once more, as one matrix; null for the first slice, for some where
 *     there are more than four, and for floats, whose sums would depend on it. Rows that use the same slices need one product for all
 * @param twin of a matrix with so few outputs that they may be too few inputs for oneDNN once a gate has halved them: the same for our own kernels; otherwise null
 */
record OneDnnMatrix(List<Part> parts, Part whole, int outputs, Columns columns, OneDnnMatrix prefix, PackedMatrix twin)
        implements PackedMatrix {
    /**
     * Outputs that stand side by side and are one product.
     *
     * @param packed the memory behind {@code weights}
     */
    record Part(Product product, MemorySegment packed, Weights weights) {
        int outputs() {
            return product.spec().n();
        }
    }

    /** This slice and those before it; for the first and the last slice, and those with a prefix. */
    OneDnnMatrix upTo() {
        return prefix == null ? this : prefix;
    }

    /** Whether code of our own multiplies by all of it. */
    boolean isOfOwnCode() {
        for (int i = 0; i < parts.size(); i++) {
            if (!parts.get(i).product.isOfOwnCode()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public PackedMatrix plain() {
        return twin == null ? this : twin;
    }

    @Override
    public int inputs() {
        return parts.getFirst().product.spec().k();
    }

    /** Columns of the matrix of rows that it multiplies, of which a slice along the inputs takes some. */
    int inputStride() {
        return parts.getFirst().product.spec().aStride();
    }

    /** Columns of the matrix of sums, of which a slice along the outputs writes some. */
    int outputStride() {
        return parts.getFirst().product.spec().cStride();
    }
}
