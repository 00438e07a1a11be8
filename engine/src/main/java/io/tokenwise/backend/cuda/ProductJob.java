package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.natives.cuda.LtProduct;

/**
 * Some rows of a product and the weights that they have: what a kernel is told of one of the jobs of a launch. Addresses may be 0 where said. One object serves again and
 * again; see {@link ProductLaunch}.
 */
final class ProductJob {
    /** Of addresses that cuBLASLt is given, in bytes. */
    static final int LIBRARY_ALIGNMENT = 16;

    // ---- for which rows and slices

    /** Row numbers, or 0 for the rows themselves. */
    long order;

    /** For each slice how many rows use it; 0 if all use all. */
    long counts;

    int slices;

    /** How many rows are written, or 0 for those that use a slice. */
    long total;

    /** Where the slices begin, if they cut the inputs, or else the outputs; or 0. */
    long inputStarts;

    long outputStarts;

    // ---- by what they are multiplied

    /** All that the weights lie in. */
    private PackedWeights packed;

    Precision precision;
    long weights;
    int weightStride;
    long scales;
    long sums;
    int inputs;
    int outputs;
    long bias;

    ProductJob clear() {
        order = 0;
        counts = 0;
        slices = 1;
        total = 0;
        inputStarts = 0;
        outputStarts = 0;
        packed = null;
        precision = Precision.F32;
        weights = 0;
        weightStride = 0;
        scales = 0;
        sums = 0;
        inputs = 0;
        outputs = 0;
        bias = 0;
        return this;
    }

    ProductJob by(PackedWeights all) {
        packed = all;
        precision = all.precision;
        weights = all.weights();
        weightStride = all.stride;
        scales = all.scales();
        sums = all.sums();
        inputs = all.inputs;
        outputs = all.outputs;
        return this;
    }

    ProductJob by(CudaMatrix matrix) {
        by(matrix.own());
        weights = matrix.weights();
        scales = matrix.scales();
        sums = matrix.sums();
        inputs = matrix.inputs();
        outputs = matrix.outputs();
        return this;
    }

    /** For these rows, each of which uses some of so many slices. */
    ProductJob of(CudaRoutedRows rows, int sliceCount) {
        order = rows.order();
        counts = rows.counts();
        total = rows.total();
        slices = sliceCount;
        return this;
    }

    /** cuBLASLt's product for this job, or null if our own kernels do it: it takes all rows, at least one, and a whole matrix. */
    LtProduct library(int rows) {
        boolean isDense = rows > 0 && order == 0 && counts == 0 && inputs == packed.inputs && outputs == packed.outputs;
        LtProduct product = isDense && bias % LIBRARY_ALIGNMENT == 0 ? packed.library(bias != 0) : null;
        return product != null && product.takes(rows) ? product : null;
    }

    /** The parameters of kernels that read rows of the left side, as LEFT_PARAMETERS has them. */
    void tellLeft(Launches launches) {
        launches.pointer(order)
                .pointer(counts)
                .integer(inputStarts == 0 ? 1 : slices)
                .pointer(inputStarts)
                .integer(inputs);
    }

    /** The parameters of kernels of products, as JOB_PARAMETERS has them. */
    void tell(Launches launches) {
        launches.pointer(order)
                .pointer(counts)
                .integer(slices)
                .pointer(inputStarts)
                .integer(inputs)
                .pointer(outputStarts)
                .integer(outputs)
                .pointer(total)
                .pointer(bias);
    }

    /** The weights as kernels of products in bytes, or others, have them. */
    void tellWeights(Launches launches, boolean inBytes) {
        launches.pointer(weights).integer(weightStride);
        if (inBytes) {
            launches.pointer(scales).pointer(sums);
        }
    }
}
