package io.tokenwise.bench;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.ProductChoice;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Device;
import io.tokenwise.natives.cuda.LtType;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Products of MiniLM's and BERT-base's sizes by our own kernels, beside cuBLASLt's if it is there. */
final class CudaGemmTable {
    /** Queued at once, so that the device and not the host's waiting is measured. */
    private static final int REPEATS = 20;

    /** In which Hopper's own instructions multiply. */
    static final List<Precision> BY_WGMMA = List.of(Precision.BF16, Precision.S8);

    private static final int[] ROWS = {128, 1024, 4096, 16384};

    private final CudaInputs inputs;
    private final Device card;

    CudaGemmTable(CudaInputs inputs, Device card) {
        this.inputs = inputs;
        this.card = card;
    }

    /** @param k inputs, n outputs */
    private record Shape(String name, int k, int n) {}

    private List<Shape> shapes() {
        return inputs.quick()
                ? List.of(new Shape("small", 64, 96))
                : List.of(
                        new Shape("MiniLM qkv", 384, 1152),
                        new Shape("MiniLM output", 384, 384),
                        new Shape("MiniLM mlp up", 384, 1536),
                        new Shape("MiniLM mlp down", 1536, 384),
                        new Shape("BERT-base qkv", 768, 2304),
                        new Shape("BERT-base output", 768, 768),
                        new Shape("BERT-base mlp up", 768, 3072),
                        new Shape("BERT-base mlp down", 3072, 768));
    }

    private int[] rows() {
        return inputs.quick() ? new int[] {8} : ROWS;
    }

    CudaTable table() throws CudaUnavailableException {
        List<double[]> ours = new ArrayList<>();
        for (Precision precision : List.of(Precision.BF16, Precision.S8, Precision.F32)) {
            ours.add(own(precision, ProductChoice.OWN));
        }
        for (Precision precision : BY_WGMMA) {
            ours.add(own(precision, ProductChoice.OWN_BY_WGMMA));
        }
        double[] theirsBf16 = CudaLtProducts.times(LtType.BF16, this::cases, REPEATS, inputs.times());
        double[] theirsF32 = CudaLtProducts.times(LtType.F32, this::cases, REPEATS, inputs.times());
        var table = new CudaTable.Builder(
                "Matrix products, TFLOP/s",
                "Wall time of " + REPEATS
                        + " in a queue, median of turns. Ours read float32 rows and narrow them on the way in; cuBLASLt is given"
                        + " rows that are bfloat16 already, one algorithm for each k and n. Both write float32. Ratio: ours in bf16 over"
                        + " cuBLASLt's bf16. By wgmma: with -Dtokenwise.cuda.wgmma=true, for which only cards of capability 9.0 serve.",
                card.simulated(),
                CudaTable.label("product"),
                CudaTable.label("rows"),
                CudaTable.label("k"),
                CudaTable.label("n"),
                CudaTable.speed("bf16"),
                CudaTable.speed("s8"),
                CudaTable.speed("f32"),
                CudaTable.speed("bf16 by wgmma"),
                CudaTable.speed("s8 by wgmma"),
                CudaTable.speed("cuBLASLt bf16"),
                CudaTable.speed("cuBLASLt f32"),
                CudaTable.speed("ratio"));
        List<Case> cases = cases();
        for (int i = 0; i < cases.size(); i++) {
            Case c = cases.get(i);
            double tera = 2e-12 * c.rows * c.k * c.n;
            table.row(
                    c.name,
                    c.rows,
                    c.k,
                    c.n,
                    tera / ours.get(0)[i],
                    tera / ours.get(1)[i],
                    tera / ours.get(2)[i],
                    tera / ours.get(3)[i],
                    tera / ours.get(4)[i],
                    tera / theirsBf16[i],
                    tera / theirsF32[i],
                    theirsBf16[i] / ours.get(0)[i]);
        }
        return table.table();
    }

    /** One line of the table. */
    record Case(String name, int rows, int k, int n) {}

    private List<Case> cases() {
        var cases = new ArrayList<Case>();
        for (Shape shape : shapes()) {
            for (int rows : rows()) {
                cases.add(new Case(shape.name, rows, shape.k, shape.n));
            }
        }
        return cases;
    }

    /** Seconds of one product of each case, NaN where the device has no such instructions. */
    private double[] own(Precision precision, ProductChoice choice) throws CudaUnavailableException {
        List<Case> cases = cases();
        var seconds = new double[cases.size()];
        if (choice.wgmma() && !ProductChoice.hasWgmma(card)) {
            Arrays.fill(seconds, Double.NaN);
            return seconds;
        }
        try (Backend device = CudaBackend.open(precision, choice)) {
            for (int i = 0; i < seconds.length; i++) {
                seconds[i] = own(device, cases.get(i));
            }
            return seconds;
        }
    }

    private double own(Backend device, Case c) {
        try (var side = new CudaSide(device)) {
            // Two in turn, since rows that a product has just narrowed serve the next one as they are.
            Tensor[] x = {side.repeated(c.rows, c.k), side.repeated(c.rows, c.k)};
            PackedMatrix weight = side.packed(side.weights(c.k, c.n));
            Tensor y = side.zeros(c.rows, c.n);
            Tensor done = side.zeros(1, 1);
            Runnable work = () -> {
                for (int i = 0; i < REPEATS; i++) {
                    side.stream().linear(x[i % 2], weight, null, false, null, y);
                }
                side.stream().read(done).close();
            };
            return inputs.times().medians(List.of(work))[0] / REPEATS;
        }
    }
}
