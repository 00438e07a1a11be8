package io.tokenwise.backend.cuda;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/** Brings weights into the form that products read, on the device. */
final class CudaPacking {
    /** The largest signed byte, by absolute value, that a weight becomes. */
    private static final float LARGEST = Byte.MAX_VALUE;

    private static final int TILE = 32;
    private static final int BLOCK = 256;

    private final Launches launches;

    CudaPacking(Launches launches) {
        this.launches = launches;
    }

    void pack(Tensor source, boolean transposed, PackedMatrix target) {
        CudaMatrix matrix = CudaMatrix.of(target);
        if (matrix.all().slices > 1) {
            throw new IllegalArgumentException(
                    "pack: " + matrix.shape() + " is a slice; all slices are packed together");
        }
        pack(launches.address(source), source.columns(), transposed, matrix.all());
        launches.changed();
    }

    void packSlices(Tensor source, List<PackedMatrix> slices) {
        PackedWeights all = CudaMatrix.together(slices);
        if (all.slices != slices.size()) {
            throw new IllegalArgumentException(
                    "pack: " + slices.size() + " slices of a matrix that was cut into " + all.slices);
        }
        var starts = new int[slices.size() + 1];
        for (int n = 0; n < slices.size(); n++) {
            starts[n + 1] = starts[n] + CudaMatrix.of(slices.get(n)).size();
        }
        launches.copy(
                all.starts(),
                launches.upload(starts, starts.length, starts.length),
                (long) starts.length * Integer.BYTES);
        pack(launches.address(source), source.columns(), false, all);
        for (PackedMatrix slice : slices) {
            CudaMatrix matrix = CudaMatrix.of(slice);
            if (matrix.alone() != null) {
                long first = (long) matrix.from() * (all.alongOutputs ? 1 : source.columns());
                pack(launches.address(source) + first * Float.BYTES, source.columns(), false, matrix.alone());
            }
        }
        launches.changed();
    }

    private void pack(long source, int sourceStride, boolean transposed, PackedWeights target) {
        switch (target.precision) {
            case F32 -> {
                from("packF32", source, sourceStride, transposed, target);
                to(target, target.inputs);
            }
            case BF16 -> {
                from("packBf16Weights", source, sourceStride, transposed, target);
                to(target, target.outputs);
            }
            case S8, S7 -> packBytes(source, sourceStride, transposed, target);
        }
    }

    private void packBytes(long source, int sourceStride, boolean transposed, PackedWeights target) {
        long factors = launches.begin().scratch((long) target.outputs * Float.BYTES);
        from("scaleOutputs", source, sourceStride, transposed, target);
        launches.floating(LARGEST)
                .pointer(target.scales())
                .pointer(factors)
                .run(Launches.blocks(target.outputs, TILE), BLOCK);
        from("packS8", source, sourceStride, transposed, target);
        launches.pointer(factors);
        to(target, target.outputs);
        boolean cutsInputs = target.cutsInputs();
        launches.kernel("sumSteps")
                .pointer(target.weights())
                .integer(target.stride)
                .integer(target.inputs)
                .integer(target.outputs)
                .pointer(target.scales())
                .integer(cutsInputs ? target.slices : 1)
                .pointer(cutsInputs ? target.starts() : 0)
                .pointer(target.sums())
                .run(Launches.blocks(target.outputs, 4), 128);
    }

    private void from(String kernel, long source, int sourceStride, boolean transposed, PackedWeights target) {
        launches.kernel(kernel)
                .pointer(source)
                .integer(sourceStride)
                .flag(transposed)
                .integer(target.inputs)
                .integer(target.outputs);
    }

    private void to(PackedWeights target, int lines) {
        launches.pointer(target.weights())
                .integer(target.stride)
                .run(Launches.blocks(target.stride, TILE), Launches.blocks(lines, TILE), 1, BLOCK, 0);
    }
}
