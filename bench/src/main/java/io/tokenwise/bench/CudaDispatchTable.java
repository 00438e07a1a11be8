package io.tokenwise.bench;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What an adaptive MLP's time is of the dense one's when tokens have fewer learners, on batches of many sizes. */
final class CudaDispatchTable {
    private static final int LEARNERS = 4;

    /** A queue of several forwards, so that the device and not the host's waiting is measured. */
    private static final int REPEATS = 5;

    /** Of the tokens, how many want 1, 2, 3 and all 4 learners, in eighths: all; then on average 3, 2.5, 2, which is half, and 1. */
    private static final int[][] EIGHTHS = {{0, 0, 0, 8}, {1, 1, 3, 3}, {2, 2, 2, 2}, {3, 3, 1, 1}, {8, 0, 0, 0}};

    private final CudaInputs inputs;
    private final boolean simulated;

    CudaDispatchTable(CudaInputs inputs, boolean simulated) {
        this.inputs = inputs;
        this.simulated = simulated;
    }

    private int repeats() {
        return inputs.quick() ? 1 : REPEATS;
    }

    /** One shows that they run. */
    private int layers() {
        return inputs.quick() ? 1 : DispatchModules.LAYERS;
    }

    private int[] tokens() {
        return inputs.quick() ? new int[] {8} : new int[] {1024, 2048, 4096, 8192, 16384};
    }

    CudaTable table() {
        var table = new CudaTable.Builder(
                "Dispatch: an adaptive MLP against the dense one",
                layers() + " modules in turn, " + LEARNERS + " learners, of which all but the last have"
                        + " weights of their own, bf16; microseconds of one module, gate and grouping included. Goal:"
                        + " half of the learners 1.5 times as fast as dense from 4,096 tokens.",
                simulated,
                CudaTable.label("sizes"),
                CudaTable.label("tokens"),
                CudaTable.label("mean k"),
                CudaTable.speed("us"),
                CudaTable.speed("dense us"),
                CudaTable.speed("times as fast"));
        for (DispatchSizes sizes : inputs.quick() ? List.of(DispatchSizes.MINILM) : List.of(DispatchSizes.values())) {
            var engine = new OwnEngine(BackendChoice.Kind.CUDA, Precision.BF16);
            try (var modules = new DispatchModules(engine, sizes, layers(), 1, LEARNERS, LEARNERS - 1, false)) {
                for (int tokens : tokens()) {
                    measure(modules, sizes, tokens, table);
                }
            }
        }
        return table.table();
    }

    private void measure(DispatchModules modules, DispatchSizes sizes, int tokens, CudaTable.Builder table) {
        var work = new ArrayList<Runnable>();
        var means = new ArrayList<Double>();
        var dense = modules.mlps(LEARNERS);
        for (int[] eighths : EIGHTHS) {
            int[] counts = counts(tokens, eighths);
            means.add(Arrays.stream(counts).average().orElseThrow());
            Tensor x = modules.tokens(counts);
            modules.check(x, counts);
            work.add(queued(modules, modules.adaptive(x)));
            if (work.size() == 1) {
                work.addFirst(queued(modules, modules.plain(dense, x)));
            }
        }
        double[] seconds = inputs.times().medians(work);
        double one = 1e6 / repeats() / layers();
        for (int i = 0; i < means.size(); i++) {
            table.row(
                    sizes.label(),
                    tokens,
                    means.get(i),
                    seconds[i + 1] * one,
                    seconds[0] * one,
                    seconds[0] / seconds[i + 1]);
        }
    }

    private Runnable queued(DispatchModules modules, Runnable forward) {
        return () -> {
            for (int i = 0; i < repeats(); i++) {
                forward.run();
            }
            modules.await();
        };
    }

    private static int[] counts(int tokens, int[] eighths) {
        var random = new Random(3);
        var counts = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            int place = random.nextInt(8);
            int k = 0;
            while (place >= eighths[k]) {
                place -= eighths[k];
                k++;
            }
            counts[i] = k + 1;
        }
        return counts;
    }
}
