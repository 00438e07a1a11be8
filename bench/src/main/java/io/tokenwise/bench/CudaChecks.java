package io.tokenwise.bench;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.bench.CudaResults.Check;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Whether a device in one precision computes what the CPU does, and each row the same alone as among others. */
final class CudaChecks {
    private final CudaBackend device;
    private final Consumer<Check> found;

    CudaChecks(CudaBackend device, Consumer<Check> found) {
        this.device = device;
        this.found = found;
    }

    /** Of a result's largest value. Those of narrow products are some roundings of both factors, which sums of many hide. */
    private double bound(boolean product) {
        if (!product) {
            return 1e-5;
        }
        return switch (device.precision()) {
            case F32 -> 1e-5;
            case BF16 -> 1e-2;
            case S8, S7 -> 3e-2;
        };
    }

    private void check(String name, double difference, double most) {
        String label = device.precision().label();
        found.accept(new Check(name, device.wgmma() ? label + " by wgmma" : label, difference, most));
    }

    // ---- operations

    /** Those that are float32 in every precision only once. */
    void operations(boolean quick) {
        try (Backend cpu = VectorBackend.open(1)) {
            for (CudaOperation operation : CudaOperation.all(quick)) {
                if (operation.product() || device.precision() == Precision.F32) {
                    double difference = difference(run(operation, cpu), run(operation, device));
                    check(operation.name(), difference, bound(operation.product()));
                }
            }
        }
    }

    private static List<float[]> run(CudaOperation operation, Backend backend) {
        try (var side = new CudaSide(backend)) {
            return operation.body().run(side);
        }
    }

    /** The largest of all results, each as a share of its largest value; NaN if anything is. */
    private static double difference(List<float[]> expected, List<float[]> found) {
        double most = 0;
        for (int i = 0; i < expected.size(); i++) {
            double size = 0;
            for (float value : expected.get(i)) {
                size = Math.max(size, Math.abs(value));
            }
            most = Math.max(most, difference(expected.get(i), found.get(i)) / Math.max(size, Float.MIN_NORMAL));
        }
        return most;
    }

    private static double difference(float[] expected, float[] found) {
        double most = 0;
        for (int i = 0; i < expected.length; i++) {
            // The larger of NaN and anything is NaN.
            most = Math.max(most, Math.abs((double) expected[i] - found[i]));
        }
        return most;
    }

    // ---- the device against itself, bit for bit

    /** A row of a product alone, and inputs that are 0 at the end: tensor instructions must add exactly nothing for them. */
    void products() {
        int rows = 150;
        int inputs = 96;
        int outputs = 130;
        try (var side = new CudaSide(device)) {
            float[] x = side.gaussian(rows * inputs);
            float[] w = side.gaussian(inputs * outputs);
            PackedMatrix weight = side.packed(side.of(inputs, outputs, w));
            float[] all = product(side, side.of(rows, inputs, x), weight);
            int differing = 0;
            for (int row : new int[] {0, 1, 63, 64, 127, 149}) {
                float[] alone = product(
                        side, side.of(1, inputs, Arrays.copyOfRange(x, row * inputs, (row + 1) * inputs)), weight);
                differing += differing(Arrays.copyOfRange(all, row * outputs, (row + 1) * outputs), alone);
            }
            check("values of rows alone that differ from those among " + rows, differing, 0);
            int wider = inputs + 96;
            var longer = new float[rows * wider];
            for (int row = 0; row < rows; row++) {
                System.arraycopy(x, row * inputs, longer, row * wider, inputs);
            }
            float[] padded = product(
                    side,
                    side.of(rows, wider, longer),
                    side.packed(side.of(wider, outputs, Arrays.copyOf(w, wider * outputs))));
            check("values that differ with " + (wider - inputs) + " more inputs of 0", differing(all, padded), 0);
        }
    }

    /**
     * Products by cuBLASLt, on a device that has it multiply all dense layers: near our own kernels', and a row's bits the same among any number of others, on which rests that it may multiply at
     * all.
     */
    void library(Backend ownKernels, int inputs, int outputs, int rows) {
        try (var side = new CudaSide(device);
                var own = new CudaSide(ownKernels)) {
            float[] x = side.gaussian(rows * inputs);
            float[] w = side.gaussian(inputs * outputs);
            PackedMatrix weight = side.packed(side.of(inputs, outputs, w));
            float[] all = product(side, side.of(rows, inputs, x), weight);
            float[] ours = product(own, own.of(rows, inputs, x), own.packed(own.of(inputs, outputs, w)));
            String of = " by cuBLASLt, [" + rows + ", " + inputs + "] to " + outputs;
            check("product" + of, difference(List.of(ours), List.of(all)), 1e-4);
            int differing = 0;
            for (int some : new int[] {1, 7, 130, rows / 2, rows - 1}) {
                int from = rows - some;
                float[] part = product(
                        side, side.of(some, inputs, Arrays.copyOfRange(x, from * inputs, rows * inputs)), weight);
                differing += differing(Arrays.copyOfRange(all, from * outputs, rows * outputs), part);
            }
            check("values of fewer rows that differ from those of all" + of, differing, 0);
        }
    }

    private static float[] product(CudaSide side, Tensor x, PackedMatrix weight) {
        Tensor y = side.zeros(x.rows(), weight.outputs());
        side.stream().linear(x, weight, null, false, null, y);
        return side.read(y);
    }

    private static int differing(float[] expected, float[] found) {
        int count = 0;
        for (int i = 0; i < expected.length; i++) {
            count += Float.floatToRawIntBits(expected[i]) == Float.floatToRawIntBits(found[i]) ? 0 : 1;
        }
        return count;
    }

    // ---- whole models

    /**
     * A built-in model, on which whole inputs and those at budgets run. In narrow precisions a gate that sees other last digits may choose otherwise, which no bound
     * of a difference covers: there only the whole model is compared.
     */
    void model(String name, List<int[]> inputs, List<Double> budgets) throws IOException {
        try (Backend cpu = VectorBackend.open(Runtime.getRuntime().availableProcessors());
                Encoder expected = load(name, cpu);
                Encoder encoder = load(name, device);
                var onCpu = new Sessions(expected, cpu, 1024, 1);
                var onDevice = new Sessions(encoder, device, 1024, 1)) {
            compare(name + ", dense", onCpu, onDevice, inputs, Budget.FULL, modelBound());
            for (double share : budgets) {
                Budget budget = Budget.flops(share);
                if (device.precision() == Precision.F32) {
                    compare(name + ", budget " + share, onCpu, onDevice, inputs, budget, 1e-3);
                }
                alone(name + ", budget " + share, onDevice, inputs, budget);
            }
            alone(name + ", dense", onDevice, inputs, Budget.FULL);
        }
    }

    /** Of components of vectors of length 1. */
    private double modelBound() {
        return switch (device.precision()) {
            case F32 -> 1e-4;
            case BF16 -> 2e-2;
            case S8, S7 -> 6e-2;
        };
    }

    static Encoder load(String name, Backend backend) throws IOException {
        try (ModelFiles files = Models.builtIn(name)) {
            return Encoder.load(files, backend);
        }
    }

    private void compare(
            String what, Sessions expected, Sessions onDevice, List<int[]> inputs, Budget budget, double most) {
        float[][] wanted = expected.encode(inputs, budget, null);
        float[][] vectors = onDevice.encode(inputs, budget, null);
        check(what, difference(List.of(flat(wanted)), List.of(flat(vectors))), most);
    }

    private static float[] flat(float[][] vectors) {
        var all = new float[vectors.length * vectors[0].length];
        for (int i = 0; i < vectors.length; i++) {
            System.arraycopy(vectors[i], 0, all, i * vectors[i].length, vectors[i].length);
        }
        return all;
    }

    private void alone(String what, Sessions sessions, List<int[]> inputs, Budget budget) {
        float[][] together = sessions.encode(inputs, budget, null);
        int differing = 0;
        for (int i = 0; i < inputs.size(); i++) {
            differing += differing(together[i], sessions.encode(List.of(inputs.get(i)), budget, null)[0]);
        }
        check("values of inputs alone that differ from those together: " + what, differing, 0);
    }
}
