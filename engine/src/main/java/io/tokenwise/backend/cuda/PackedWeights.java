package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.LtProduct;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * The weights {@code [inputs, outputs]} of one or more {@link CudaMatrix matrices}, its slices, as the kernels of a precision read them: float32 by inputs, narrower ones by
 * outputs, with zeros up to a stride; signed bytes with a scale for each output and what left sides of ones give.
 */
final class PackedWeights {
    final Precision precision;
    final int inputs;
    final int outputs;
    final int slices;
    final boolean alongOutputs;

    /** Elements from one input to the next, or else from one output to the next. */
    final int stride;

    private final DeviceMemory weights;

    /** {@code [slices + 1]} ints on the device: where each slice begins. */
    private final DeviceMemory starts;

    /** {@code [outputs]}; null but for signed bytes, like {@link #sums}. */
    private final DeviceMemory scales;

    /** {@code [outputs]} for slices along the outputs, else {@code [slices + 1, outputs]}. */
    private final DeviceMemory sums;

    /** {@code [slices + 1, outputs]}: the biases of the first so many slices of inputs, added up; null for one slice, and along outputs. */
    private final DeviceMemory biases;

    /** Those of cuBLASLt by all of it, with bias and without; null where our own kernels multiply. */
    private final LtProduct biased;

    private final LtProduct plain;

    /** Whether products of rows that a routing chooses, which our own kernels do, must have the bits of those of all rows. */
    private volatile boolean alsoRouted;

    /** Whose biases these are, and when they were. */
    private List<Tensor> biasesOf;

    private long biasesAt;

    /** @param dense may multiply by it as a whole, if it has one slice; or null */
    PackedWeights(
            Cuda cuda,
            Arena arena,
            DenseProducts dense,
            Precision precision,
            int inputs,
            int outputs,
            int slices,
            boolean alongOutputs) {
        this.precision = precision;
        this.inputs = inputs;
        this.outputs = outputs;
        this.slices = slices;
        this.alongOutputs = alongOutputs;
        this.stride = roundUp(precision == Precision.F32 ? outputs : inputs, 16 / precision.bytes());
        int lines = precision == Precision.F32 ? inputs : outputs;
        // A slice's last line is read up to the stride, counted from where the slice begins.
        weights = DeviceMemory.allocate(cuda, arena, (lines + 1L) * stride * precision.bytes(), true);
        starts = DeviceMemory.allocate(cuda, arena, (slices + 1L) * Integer.BYTES, true);
        long columns = (long) outputs * Float.BYTES;
        boolean bytes = precision == Precision.S8;
        scales = bytes ? DeviceMemory.allocate(cuda, arena, columns, true) : null;
        sums = bytes ? DeviceMemory.allocate(cuda, arena, (cutsInputs() ? slices + 1 : 1) * columns, true) : null;
        biases = cutsInputs() ? DeviceMemory.allocate(cuda, arena, (slices + 1) * columns, true) : null;
        boolean isDense = dense != null && precision == Precision.BF16 && slices == 1;
        biased = isDense ? dense.product(inputs, outputs, stride, true) : null;
        plain = isDense ? dense.product(inputs, outputs, stride, false) : null;
    }

    /** Whether there are several slices, of the inputs: an output then is a sum over the first so many. */
    boolean cutsInputs() {
        return slices > 1 && !alongOutputs;
    }

    static int roundUp(int value, int multiple) {
        return Math.ceilDiv(value, multiple) * multiple;
    }

    /** cuBLASLt's product by all of it, or null where our own kernels multiply. */
    LtProduct library(boolean bias) {
        return alsoRouted ? null : bias ? biased : plain;
    }

    /** See {@link PackedMatrix#alsoRouted}. */
    void alsoRouted() {
        alsoRouted = true;
    }

    long weights() {
        return weights.address();
    }

    long starts() {
        return starts.address();
    }

    long scales() {
        return scales == null ? 0 : scales.address();
    }

    long sums() {
        return sums == null ? 0 : sums.address();
    }

    /**
     * The biases of the first so many slices of inputs, added up. They are added by the first stream that asks after one of them was written, and after it the others wait.
     *
     * @param given one for each slice, at least the first ones
     */
    synchronized long biases(Launches launches, List<Tensor> given) {
        if (biases == null) {
            return launches.address(given.getFirst());
        }
        long now = launches.writes();
        if (biasesOf != given || biasesAt != now) {
            long bytes = (long) outputs * Float.BYTES;
            long together = launches.begin().scratch(given.size() * bytes);
            for (int n = 0; n < given.size(); n++) {
                launches.copy(together + n * bytes, launches.address(given.get(n)), bytes);
            }
            launches.kernel("addUpBiases")
                    .pointer(together)
                    .integer(given.size())
                    .integer(outputs)
                    .pointer(biases.address())
                    .run(Launches.blocks(outputs, 256), 256);
            launches.changed();
            biasesOf = given;
            biasesAt = now;
        }
        return biases.address();
    }

    /** Whether slices lie side by side in each row of the packed matrix, else one behind the other. */
    boolean isAcross() {
        return (precision == Precision.F32) == alongOutputs;
    }
}
