package io.tokenwise.backend.cuda;

import io.tokenwise.backend.Precision;
import io.tokenwise.tensor.Tensor;

/**
 * What products multiply by their weights: rows in float32, or brought into the form that tensor cores read, once for both jobs. The form lies in the stream's scratch
 * memory, row by row, and serves the next product of the same rows too, such as those of Q with K and of V, if nothing was told in between.
 */
final class LeftSide {
    private final Launches launches;

    private int rows;
    private long floats;
    private int floatStride;

    // ---- the form, or F32 if there is none besides the floats

    private Precision form = Precision.F32;
    private long formed;
    private int formedStride;

    /** Of bytes each row's step and least value, else 0. */
    private long steps;

    /** Whether it is of all inputs of all rows of a tensor; and what had been told, and written by others, when a product last read it. */
    private boolean isOfAll;

    private long told;
    private long writes;

    LeftSide(Launches launches) {
        this.launches = launches;
    }

    /** Begins an operation of the stream that multiplies a tensor's rows. */
    void begin(Tensor x) {
        boolean isKept = isOfAll
                && floats == launches.address(x)
                && rows == x.rows()
                && floatStride == x.columns()
                && told == launches.told()
                && writes == launches.writes();
        if (!isKept) {
            launches.begin();
            set(launches.address(x), x.rows(), x.columns());
        }
    }

    /** Rows in float32. */
    void set(long address, int newRows, int stride) {
        rows = newRows;
        floats = address;
        floatStride = stride;
        form = Precision.F32;
        isOfAll = false;
    }

    /** Rows that a product has left in bfloat16. */
    void setNarrow(long address, int newRows, int stride) {
        set(0, newRows, 0);
        form = Precision.BF16;
        formed = address;
        formedStride = stride;
    }

    int rows() {
        return rows;
    }

    Precision form() {
        return form;
    }

    /** Where it lies, if it has one. */
    long formed() {
        return formed;
    }

    /** The operation's products have been told. */
    void end() {
        told = launches.told();
        writes = launches.writes();
    }

    /** Brings the rows into a form, as far as the jobs use their inputs; the second job may be null. */
    void bring(Precision wanted, ProductJob first, ProductJob second) {
        if (form == wanted) {
            return;
        }
        boolean inBytes = wanted == Precision.S8;
        int inputs = second == null ? first.inputs : Math.max(first.inputs, second.inputs);
        form = wanted;
        formedStride = PackedWeights.roundUp(inputs, 16 / wanted.bytes());
        formed = launches.scratch((long) Bucket.of(rows) * formedStride * wanted.bytes());
        steps = inBytes ? launches.scratch(2L * Bucket.of(rows) * Float.BYTES) : 0;
        launches.kernel(inBytes ? "quantizeRows" : "narrowRows")
                .pointer(floats)
                .integer(floatStride)
                .count(rows)
                .pointer(formed)
                .integer(formedStride);
        if (inBytes) {
            launches.pointer(steps);
        }
        isOfAll = usesAll(first) && (second == null || usesAll(second));
        if (isOfAll) {
            tellAll();
            tellAll();
        } else {
            first.tellLeft(launches);
            (second == null ? first : second).tellLeft(launches);
        }
        launches.run(Launches.blocks(Bucket.of(rows), 4), 1, isOfAll || second == null ? 1 : 2, 128, 0);
    }

    /** Whether a job's rows use all columns, and so may those that it does not have. */
    private boolean usesAll(ProductJob job) {
        return job.inputs == floatStride && job.inputStarts == 0;
    }

    /** In a job's place: all inputs of all rows. */
    private void tellAll() {
        launches.pointer(0).pointer(0).integer(1).pointer(0).integer(floatStride);
    }

    /** The parameters that say where rows lie for weights of a precision. */
    void tell(Precision weights) {
        boolean isFormed = weights == form && form != Precision.F32;
        launches.pointer(isFormed ? formed : floats).integer(isFormed ? formedStride : floatStride);
        if (weights == Precision.S8) {
            launches.pointer(steps);
        }
    }
}
