package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;

/**
 * What products multiply by their weights: rows in float32, or in the form that tensor cores read. Those of a tensor are brought into it once for all products of the same
 * rows, and not at all if a layer norm has left them so; see {@link FormedTensor}. Others are brought into scratch memory, once for both jobs.
 */
final class LeftSide {
    private final Launches launches;
    private final FormedTensor tensor;

    private int rows;
    private long floats;
    private int floatStride;
    private boolean isTensor;

    /** The rows' form: one of their own, or the tensor's. */
    private FormedRows formed;

    private final FormedRows own = new FormedRows();

    LeftSide(Launches launches, FormedTensor tensor) {
        this.launches = launches;
        this.tensor = tensor;
        this.formed = own;
    }

    /** Begins an operation of the stream that multiplies a tensor's rows. */
    void begin(Tensor x) {
        launches.begin();
        set(launches.address(x), x.rows(), x.columns());
        isTensor = true;
    }

    /** Rows in float32. */
    void set(long address, int newRows, int stride) {
        rows = newRows;
        floats = address;
        floatStride = stride;
        isTensor = false;
        own.set(Precision.F32, 0, 0);
        formed = own;
    }

    /** The rows become the units of an MLP, as far as the jobs, of its second product, use them; the second job may be null. */
    void activate(MlpSlices mlp, int units, ProductJob first, ProductJob second) {
        if (mlp.activation() == Activation.TANH) {
            throw new UnsupportedOperationException("mlp: " + mlp.activation() + " runs on the CPU only so far");
        }
        int stride = PackedWeights.roundUp(units, 8);
        long activated = launches.scratch((long) Bucket.of(rows) * stride * Float.BYTES);
        launches.kernel("activateUnits")
                .onlyWrites(null)
                .pointer(floats)
                .integer(floatStride)
                .count(rows)
                .pointer(activated)
                .integer(stride)
                .integer(mlp.activation().ordinal())
                .flag(mlp.gated());
        first.tellLeft(launches);
        (second == null ? first : second).tellLeft(launches);
        launches.run(Launches.blocks(Bucket.of(rows), 4), 1, second == null ? 1 : 2, 128, 0);
        set(activated, rows, stride);
    }

    /** Rows that a product has left in bfloat16. */
    void setNarrow(long address, int newRows, int stride) {
        set(0, newRows, 0);
        own.set(Precision.BF16, address, stride);
    }

    int rows() {
        return rows;
    }

    Precision form() {
        return formed.form;
    }

    /** Where it lies, if it has one. */
    long formed() {
        return formed.address;
    }

    /** Whether the rows are in a form already that has what the jobs use, and nothing else; the second job may be null. */
    boolean isIn(Precision wanted, ProductJob first, ProductJob second) {
        if (isTensor && wanted != Precision.F32 && useAll(first, second)) {
            FormedRows found = tensor.find(wanted, floats, rows, floatStride);
            formed = found == null ? formed : found;
        }
        return formed.form == wanted;
    }

    /** Brings the rows into a form, as far as the jobs use their inputs; the second job may be null. */
    void bring(Precision wanted, ProductJob first, ProductJob second) {
        boolean ofAll = useAll(first, second);
        boolean ofTensor = isTensor && ofAll;
        if (ofTensor) {
            formed = tensor.begin(wanted, floats, rows, floatStride);
        } else {
            int inputs = second == null ? first.inputs : Math.max(first.inputs, second.inputs);
            own.take(launches.scratch(), wanted, rows, inputs);
            formed = own;
        }
        boolean inBytes = wanted == Precision.S8;
        launches.kernel(inBytes ? "quantizeRows" : "narrowRows")
                .onlyWrites(null)
                .pointer(floats)
                .integer(floatStride)
                .count(rows)
                .pointer(formed.address)
                .integer(formed.stride);
        if (inBytes) {
            launches.pointer(formed.steps);
        }
        if (ofAll) {
            tellAll();
            tellAll();
        } else {
            first.tellLeft(launches);
            (second == null ? first : second).tellLeft(launches);
        }
        launches.run(Launches.blocks(Bucket.of(rows), 4), 1, ofAll || second == null ? 1 : 2, 128, 0);
        if (ofTensor) {
            tensor.end();
        }
    }

    private boolean useAll(ProductJob first, ProductJob second) {
        return usesAll(first) && (second == null || usesAll(second));
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
        boolean isFormed = weights == formed.form && weights != Precision.F32;
        launches.pointer(isFormed ? formed.address : floats).integer(isFormed ? formed.stride : floatStride);
        if (weights == Precision.S8) {
            launches.pointer(formed.steps);
        }
    }
}
