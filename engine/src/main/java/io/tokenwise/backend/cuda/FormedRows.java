package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;

/**
 * Rows in the form that tensor cores read: in bfloat16, or as unsigned bytes with a step and a least value for each row, with zeros up to a stride. F32 says that there is
 * none.
 */
public final class FormedRows {
    Precision form = Precision.F32;
    long address;
    int stride;

    /** Of bytes, else 0. */
    long steps;

    void set(Precision newForm, long newAddress, int newStride) {
        form = newForm;
        address = newAddress;
        stride = newStride;
        steps = 0;
    }

    /** To be written to this memory. */
    void take(ScratchMemory memory, Precision newForm, int rows, int columns) {
        int newStride = PackedWeights.roundUp(columns, 16 / newForm.bytes());
        long room = Bucket.of(rows);
        set(newForm, memory.take(room * newStride * newForm.bytes()), newStride);
        steps = form == Precision.S8 ? memory.take(2 * room * Float.BYTES) : 0;
    }

    /** The arguments of a norm that writes them besides: where, as bytes, with which steps, where in bfloat16, and the stride. */
    public void tell(Launches launch) {
        launch.pointer(form == Precision.S8 ? address : 0)
                .pointer(steps)
                .pointer(form == Precision.BF16 ? address : 0)
                .integer(stride);
    }
}
