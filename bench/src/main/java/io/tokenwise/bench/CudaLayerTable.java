package io.tokenwise.bench;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.LibraryTable;
import io.tokenwise.backend.cuda.ProductChoice;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Dense layers in bf16 as a backend runs them, by our own kernels and by cuBLASLt: narrowing, bias, GELU and residual are with it, which cuBLASLt needs launches of ours for. From this comes
 * the table by which a backend lets cuBLASLt multiply.
 */
final class CudaLayerTable {
    /** By how much less time cuBLASLt must need, over all numbers of rows: one for each (inputs, outputs) multiplies all of them. */
    private static final double LEAST_GAIN = 1.1;

    private static final int REPEATS = 20;
    private static final int[] ROWS = {32, 128, 1024, 4096, 16384};

    private final CudaInputs inputs;
    private final boolean simulated;
    private LibraryTable faster;

    CudaLayerTable(CudaInputs inputs, boolean simulated) {
        this.inputs = inputs;
        this.simulated = simulated;
    }

    /** What follows the product. */
    private enum After {
        BIAS,
        GELU,
        RESIDUAL
    }

    /** @param k inputs, n outputs */
    private record Layer(String name, int k, int n, After after) {}

    private List<Layer> layers() {
        return inputs.quick()
                ? List.of(new Layer("small up", 64, 96, After.GELU), new Layer("small down", 96, 64, After.RESIDUAL))
                : List.of(
                        new Layer("MiniLM qkv", 384, 1152, After.BIAS),
                        new Layer("MiniLM output", 384, 384, After.RESIDUAL),
                        new Layer("MiniLM mlp up", 384, 1536, After.GELU),
                        new Layer("MiniLM mlp down", 1536, 384, After.RESIDUAL),
                        new Layer("BERT-base qkv", 768, 2304, After.BIAS),
                        new Layer("BERT-base output", 768, 768, After.RESIDUAL),
                        new Layer("BERT-base mlp up", 768, 3072, After.GELU),
                        new Layer("BERT-base mlp down", 3072, 768, After.RESIDUAL));
    }

    private int[] rows() {
        return inputs.quick() ? new int[] {8, 40} : ROWS;
    }

    CudaTable table() throws CudaUnavailableException {
        var table = new CudaTable.Builder(
                "Dense layers in bf16, TFLOP/s",
                "As a backend runs them, from float32 rows to float32 rows with bias, GELU (mlp up) and residual (output, mlp down). Wall time of "
                        + REPEATS
                        + " in a queue, median of turns in which the two take turns. Ratio: cuBLASLt's time over ours.",
                simulated,
                CudaTable.label("layer"),
                CudaTable.label("rows"),
                CudaTable.label("k"),
                CudaTable.label("n"),
                CudaTable.speed("own kernels"),
                CudaTable.speed("cuBLASLt"),
                CudaTable.speed("ratio"));
        try (CudaBackend own = CudaBackend.open(Precision.BF16, ProductChoice.OWN);
                CudaBackend library = CudaBackend.open(Precision.BF16, ProductChoice.ALL_BY_LIBRARY)) {
            boolean hasLibrary = library.libraryVersion() > 0;
            var shapes = new TreeSet<LibraryTable.Shape>();
            for (Layer layer : layers()) {
                double logOfRatios = 0;
                for (int rows : rows()) {
                    double[] seconds = seconds(layer, rows, hasLibrary ? List.of(own, library) : List.of(own));
                    double theirs = hasLibrary ? seconds[1] : Double.NaN;
                    double tera = 2e-12 * rows * layer.k * layer.n;
                    table.row(
                            layer.name, rows, layer.k, layer.n, tera / seconds[0], tera / theirs, theirs / seconds[0]);
                    logOfRatios += Math.log(seconds[0] / theirs) / rows().length;
                }
                if (Math.exp(logOfRatios) >= LEAST_GAIN) {
                    shapes.add(new LibraryTable.Shape(layer.k, layer.n));
                }
            }
            faster = hasLibrary ? new LibraryTable(library.device().name(), library.libraryVersion(), shapes) : null;
        }
        return table.table();
    }

    /** By how many shapes cuBLASLt was faster, once {@link #table} has measured; empty without the library. */
    Optional<LibraryTable> faster() {
        return Optional.ofNullable(faster);
    }

    /** Of one layer on each of the devices. */
    private double[] seconds(Layer layer, int rows, List<CudaBackend> devices) {
        var sides = new ArrayList<CudaSide>();
        try {
            var work = new ArrayList<Runnable>();
            for (CudaBackend device : devices) {
                var side = new CudaSide(device);
                sides.add(side);
                work.add(work(side, layer, rows));
            }
            return Arrays.stream(inputs.times().medians(work))
                    .map(all -> all / REPEATS)
                    .toArray();
        } finally {
            sides.forEach(CudaSide::close);
        }
    }

    private static Runnable work(CudaSide side, Layer layer, int rows) {
        // Two of them in turn, so that each product brings its rows into bfloat16 itself.
        List<Tensor> x = List.of(side.repeated(rows, layer.k), side.repeated(rows, layer.k));
        PackedMatrix weight = side.packed(side.weights(layer.k, layer.n));
        Tensor bias = side.zeros(1, layer.n);
        Tensor residual = layer.after == After.RESIDUAL ? side.repeated(rows, layer.n) : null;
        Tensor y = side.zeros(rows, layer.n);
        Tensor done = side.zeros(1, 1);
        return () -> {
            for (int i = 0; i < REPEATS; i++) {
                side.stream().linear(x.get(i % 2), weight, bias, layer.after == After.GELU, residual, y);
            }
            side.stream().read(done).close();
        };
    }
}
