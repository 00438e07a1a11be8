package io.tokenwise.backend.onednn;

import static io.tokenwise.backend.onednn.OneDnnBuffers.matrix;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.onednn.OneDnnMatrix.Part;
import io.tokenwise.kernels.Floats;
import io.tokenwise.natives.Binding;
import io.tokenwise.natives.WidenedRows;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The products of a block of rows in {@link OneDnnBuffers}: of a matrix, or of slices. Threads share them by the columns of their results. */
final class BlockProducts {
    private final KernelRows kernelRows;
    private final Operand input;
    private final Operand units;

    /** For products without a bias, and for rows that add nothing. */
    private final Floats zeros;

    BlockProducts(KernelRows kernelRows, Operand input, Operand units, Floats zeros) {
        this.kernelRows = kernelRows;
        this.input = input;
        this.units = units;
        this.zeros = zeros;
    }

    /** A product, or the slices of outputs. */
    void multiplyOutputs(OneDnnJob job, int task, Lane lane, int share, int shares) {
        if (job.weight != null) {
            if (job.widensAtOnce) {
                Floats bias = job.bias == null ? zeros : job.bias;
                multiplyAndWiden(job, task, lane, input, job.weight, bias, share, shares);
            } else {
                multiply(lane, input, 0, 0, job.weight, job.rows(task), false, share, shares);
            }
            return;
        }
        if (job.table != null) {
            multiplyAndActivate(job, task, lane, share, shares);
            return;
        }
        List<PackedMatrix> slices = job.ups.weights();
        int n = joined(job, slices);
        OneDnnMatrix first = matrix(slices.get(n - 1)).upTo();
        multiply(lane, input, 0, 0, first, job.rows(task, 0), false, share, shares);
        int unit = first.outputs();
        for (; job.rows(task, n) > 0; n++) {
            OneDnnMatrix up = matrix(slices.get(n));
            multiply(lane, input, 0, unit, up, job.rows(task, n), false, share, shares);
            unit += up.outputs();
        }
    }

    /** Floats of units where sums would be: those of a row side by side. */
    private void multiplyAndActivate(OneDnnJob job, int task, Lane lane, int share, int shares) {
        List<PackedMatrix> slices = job.ups.weights();
        lane.widened.setSteps(input.scales);
        lane.widened.setTable(job.table);
        int n = 0;
        int unit = 0;
        if (!job.gated && job.adjacentBiases) {
            n = joined(job, slices);
            OneDnnMatrix first = matrix(slices.get(n - 1)).upTo();
            activate(job, lane, first, 0, job.rows(task, 0), 0, share, shares);
            unit = first.outputs();
        }
        for (; job.rows(task, n) > 0; n++) {
            OneDnnMatrix up = matrix(slices.get(n));
            activate(job, lane, up, n, job.rows(task, n), unit, share, shares);
            unit += job.gated ? up.outputs() / 2 : up.outputs();
        }
    }

    /** The share's units of a matrix, whose biases begin with those of slice {@code n}. */
    private void activate(OneDnnJob job, Lane lane, OneDnnMatrix up, int n, int rows, int unit, int share, int shares) {
        Floats bias = job.ups.biases().get(n).floats();
        lane.widened.setBias(bias.segment(), bias.offset());
        lane.widenToSums(unit, up.outputStride());
        Binding binding = lane.binding(input, 0, 0);
        if (job.gated) {
            binding.gate(up.whole().weights(), rows, lane.widened, share, shares);
        } else {
            widen(up, binding, rows, lane.widened, share, shares);
        }
    }

    /** The first product overwrites the sums, the others add to them: to rows beyond theirs, which share a kernel, nothing. */
    void multiplyInputs(OneDnnJob job, int task, Lane lane, int share, int shares) {
        List<PackedMatrix> slices = job.downs.weights();
        if (job.widensAtOnce) {
            Floats bias = job.downs.biases().getFirst().floats();
            multiplyAndWiden(job, task, lane, units, matrix(slices.getFirst()), bias, share, shares);
            return;
        }
        int n = joined(job, slices);
        OneDnnMatrix first = matrix(slices.get(n - 1)).upTo();
        multiply(lane, units, 0, 0, first, job.rows(task, 0), false, share, shares);
        int unit = first.inputs();
        for (; job.rows(task, n) > 0; n++) {
            OneDnnMatrix down = matrix(slices.get(n));
            multiply(lane, units, unit, 0, down, job.rows(task, n), true, share, shares);
            unit += down.inputs();
        }
    }

    /**
     * How many of the first slices one product does: those that all rows of the job use. Where only a block's rows agree, the slices, which the
     * other blocks read too, are nearer than another prefix: measured, random k at 512 tokens took 2 to 6 % more with prefixes for each block.
     */
    private static int joined(OneDnnJob job, List<PackedMatrix> slices) {
        int joined = 1;
        for (int n = 1; n < slices.size() && job.sharesRows(n); n++) {
            if (matrix(slices.get(n)).prefix() != null) {
                joined = n + 1;
            }
        }
        return joined;
    }

    /**
     * Multiplies the first rows of an operand, from a column on, into the sums, from a column on: in one product or a few, one below the other. The
     * rows after the last hold what an earlier block has left, and nobody reads what becomes of them; where sums are added they add nothing.
     * Share s of S does the matrix's parts s, s + S and so on.
     */
    private void multiply(
            Lane lane,
            Operand operand,
            int fromInput,
            int fromOutput,
            OneDnnMatrix weight,
            int rows,
            boolean adds,
            int share,
            int shares) {
        int inputStride = weight.inputStride();
        int size;
        for (int row = 0; row < rows; row += size) {
            size = weight.isOfOwnCode() ? rows - row : kernelRows.of(rows - row);
            if (adds) {
                operand.clear(rows, row + size, inputStride, fromInput, weight.inputs(), zeros);
            }
            int from = row * inputStride + fromInput;
            int to = row * weight.outputStride() + fromOutput;
            for (int i = 0; i < weight.parts().size(); i++) {
                Part part = weight.parts().get(i);
                if (i % shares == share) {
                    Binding binding = lane.binding(operand, from, to);
                    if (adds) {
                        binding.add(part.weights(), size);
                    } else {
                        binding.run(part.weights(), size);
                    }
                }
                to += part.outputs();
            }
        }
    }

    /** {@code y[r] = operand[r] weight + bias + residual[r]} of a task's rows: of the columns that the share's parts of the matrix have. */
    private void multiplyAndWiden(
            OneDnnJob job,
            int task,
            Lane lane,
            Operand operand,
            OneDnnMatrix weight,
            Floats bias,
            int share,
            int shares) {
        long columns = weight.outputs();
        long at = job.row(task, 0) * columns;
        WidenedRows rows = lane.widened;
        rows.setSteps(operand.scales);
        rows.setTable(null);
        rows.setY(job.y.segment(), job.y.at(at), columns * job.rowStep());
        rows.setBias(bias.segment(), bias.offset());
        if (job.residual == null) {
            rows.setResidual(MemorySegment.NULL, 0);
        } else {
            rows.setResidual(job.residual.segment(), job.residual.at(at));
        }
        widen(weight, lane.binding(operand, 0, 0), job.rows(task), rows, share, shares);
    }

    /** Of the columns that the share's parts of a matrix have. */
    private static void widen(
            OneDnnMatrix weight, Binding binding, int rows, WidenedRows widened, int share, int shares) {
        int column = 0;
        for (int i = 0; i < weight.parts().size(); i++) {
            Part part = weight.parts().get(i);
            if (i % shares == share) {
                binding.widen(part.weights(), rows, widened, column);
            }
            column += part.outputs();
        }
    }
}
