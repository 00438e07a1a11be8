package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@link Stream}'s operations on the rows of a matrix, each by itself, and their gradients, as launches; shapes are already checked. */
final class CudaRows {
    /** What a block of the kernels that sum over rows takes of a matrix's columns, and its threads. */
    private static final int SUMMED_COLUMNS = 8;

    private static final int SUM_THREADS = 512;

    /** Threads of a block that takes a row by a thread, or a row by itself. */
    private static final int BLOCK = 256;

    private final Launches launches;
    private final KeptTables tables;
    private final FormedTensor formed;

    CudaRows(Launches launches, KeptTables tables, FormedTensor formed) {
        this.launches = launches;
        this.tables = tables;
        this.formed = formed;
    }

    void layerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics) {
        // Training's norms leave none: few of its launches are products of what they normed.
        Precision form = statistics == null ? formed.afterNorm(y.rows()) : Precision.F32;
        FormedRows rows = formed.begin(form, launches.address(y), y.rows(), y.columns());
        launches.kernel("layerNorm")
                .tensor(x)
                .tensor(gamma)
                .tensor(beta)
                .floating(epsilon)
                .tensor(y)
                .tensor(statistics)
                .pointer(form == Precision.S8 ? rows.address : 0)
                .pointer(rows.steps)
                .pointer(form == Precision.BF16 ? rows.address : 0)
                .integer(rows.stride)
                .count(x.rows())
                .integer(x.columns())
                .runRows(x.rows());
        formed.end();
    }

    void layerNormBackward(Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx) {
        launches.kernel("layerNormBackward")
                .tensor(x)
                .tensor(gamma)
                .tensor(statistics)
                .tensor(dy)
                .tensor(dx)
                .integer(x.rows())
                .integer(x.columns())
                .runRows(x.rows());
    }

    void layerNormParameterGradient(Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta) {
        launches.kernel("layerNormParameterGradient")
                .tensor(x)
                .tensor(statistics)
                .tensor(dy)
                .tensor(dGamma)
                .tensor(dBeta)
                .integer(x.rows())
                .integer(x.columns())
                .run(Launches.blocks(x.columns(), SUMMED_COLUMNS), SUM_THREADS);
    }

    void addColumnSums(Tensor x, Tensor sums) {
        addColumnSums(launches, x, sums);
    }

    /** Of the first row of sums, which may have more. */
    static void addColumnSums(Launches launches, Tensor x, Tensor sums) {
        launches.kernel("addColumnSums")
                .tensor(x)
                .tensor(sums)
                .integer(x.rows())
                .integer(x.columns())
                .run(Launches.blocks(x.columns(), SUMMED_COLUMNS), SUM_THREADS);
    }

    void softmax(Tensor x, Tensor y) {
        launches.kernel("softmax")
                .tensor(x)
                .tensor(y)
                .count(x.rows())
                .integer(x.columns())
                .runRows(x.rows());
    }

    void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
        launches.kernel("softmaxBackward")
                .tensor(y)
                .tensor(dy)
                .tensor(dx)
                .integer(y.rows())
                .integer(y.columns())
                .runRows(y.rows());
    }

    void l2Normalize(Tensor x, Tensor y, Tensor norms) {
        launches.kernel("l2Normalize")
                .tensor(x)
                .tensor(y)
                .tensor(norms)
                .count(x.rows())
                .integer(x.columns())
                .runRows(x.rows());
    }

    void l2NormalizeBackward(Tensor y, Tensor norms, Tensor dy, Tensor dx) {
        launches.kernel("l2NormalizeBackward")
                .tensor(y)
                .tensor(norms)
                .tensor(dy)
                .tensor(dx)
                .integer(y.rows())
                .integer(y.columns())
                .runRows(y.rows());
    }

    void scaleBlocks(Tensor x, Tensor scale, Tensor y) {
        launches.kernel("scaleBlocks")
                .tensor(x)
                .tensor(scale)
                .tensor(y)
                .count(x.size())
                .integer(x.columns() / scale.columns())
                .runValues(x);
    }

    /** A block of columns is a row to the kernel. */
    void scaleBlocksBackward(Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale) {
        launches.kernel("scaleBlocksBackward")
                .tensor(x)
                .tensor(scale)
                .tensor(dy)
                .tensor(dx)
                .tensor(dScale)
                .integer(scale.size())
                .integer(x.columns() / scale.columns())
                .runRows(scale.size());
    }

    void scaleUnits(Tensor x, Tensor scale, int[] places, Tensor y) {
        launches.kernel("scaleUnits")
                .tensor(x)
                .tensor(scale)
                .pointer(tables.ints(places))
                .tensor(y)
                .count(x.size())
                .integer(places.length)
                .integer(x.columns() / places.length)
                .integer(scale.columns())
                .runValues(x);
    }

    void scaleUnitsBackward(Tensor x, Tensor scale, int[] places, Tensor dy, Tensor dx, Tensor dScale) {
        launches.kernel("scaleUnitsBackward")
                .tensor(x)
                .tensor(scale)
                .pointer(tables.ints(places))
                .tensor(dy)
                .tensor(dx)
                .tensor(dScale)
                .integer(x.rows())
                .integer(places.length)
                .integer(x.columns() / places.length)
                .integer(scale.columns())
                .runRows(x.rows());
    }

    void gatherUnits(Tensor x, int[] starts, int width, Tensor y) {
        launches.kernel("gatherUnits")
                .tensor(x)
                .pointer(tables.ints(starts))
                .tensor(y)
                .count(y.size())
                .integer(starts.length)
                .integer(width)
                .integer(x.columns())
                .runValues(y);
    }

    void choose(Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running) {
        launches.kernel("choose")
                .tensor(logits)
                .tensor(noise)
                .floating(temperature)
                .tensor(soft)
                .tensor(running)
                .integer(logits.rows())
                .integer(logits.columns())
                .run(Launches.blocks(logits.rows(), BLOCK), BLOCK);
    }

    void chooseBackward(Tensor soft, float temperature, Tensor dRunning, Tensor dLogits) {
        launches.kernel("chooseBackward")
                .tensor(soft)
                .floating(temperature)
                .tensor(dRunning)
                .tensor(dLogits)
                .integer(soft.rows())
                .integer(soft.columns())
                .run(Launches.blocks(soft.rows(), BLOCK), BLOCK);
    }

    /** Waits for the device, since the host wants to know. */
    int argmax(Tensor x, int row) {
        long place = launches.begin().scratch(Integer.BYTES);
        launches.kernel("argmaxRows")
                .pointer(launches.address(x) + (long) row * x.columns() * Float.BYTES)
                .pointer(place)
                .integer(x.columns())
                .run(1, BLOCK);
        return launches.readInt(place);
    }
}
