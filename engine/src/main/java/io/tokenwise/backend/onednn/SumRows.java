package io.tokenwise.backend.onednn;

import io.tokenwise.api.Precision;
import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.kernels.Floats;
import java.lang.foreign.MemorySegment;

/** Rows of a product's sums as what they mean in float32. Thread-safe for different rows. */
final class SumRows {
    private final boolean ofBytes;
    private final Conversions conversions;
    private final MemorySegment sums;
    private final Floats sumFloats;
    private final Floats zeros;

    SumRows(Precision precision, Conversions conversions, MemorySegment sums, Floats sumFloats, Floats zeros) {
        ofBytes = precision.isOfBytes();
        this.conversions = conversions;
        this.sums = sums;
        this.sumFloats = sumFloats;
        this.zeros = zeros;
    }

    /** Writes a row's {@code sums + bias}, the sums from value {@code from} on, in float32; {@code slot} is its place in the block. */
    void write(long from, int columns, Operand operand, int slot, Columns meaning, Floats bias, Floats y, long index) {
        if (ofBytes) {
            float scale = operand.scales[2 * slot];
            float least = operand.scales[2 * slot + 1];
            conversions.dequantize(sums, from * Integer.BYTES, columns, scale, least, meaning, bias, y, index);
        } else {
            conversions.add(sumFloats, from, bias, 0, columns, y, index);
        }
    }

    /** Writes it to the job's y, plus the residual if there is one. */
    void writePlus(
            long from,
            int columns,
            Operand operand,
            int slot,
            Columns meaning,
            Floats bias,
            Floats row,
            OneDnnJob job,
            long index) {
        if (job.residual == null) {
            write(from, columns, operand, slot, meaning, bias, job.y, index);
        } else if (ofBytes) {
            float scale = operand.scales[2 * slot];
            float least = operand.scales[2 * slot + 1];
            long at = from * Integer.BYTES;
            conversions.dequantizePlus(
                    sums, at, columns, scale, least, meaning, bias, job.residual, index, job.y, index);
        } else {
            write(from, columns, operand, slot, meaning, bias, row, 0);
            leave(row, columns, job, index);
        }
    }

    /** Writes a row to y, plus the residual if there is one. */
    void leave(Floats row, int columns, OneDnnJob job, long index) {
        boolean alone = job.residual == null;
        conversions.add(row, 0, alone ? zeros : job.residual, alone ? 0 : index, columns, job.y, index);
    }
}
