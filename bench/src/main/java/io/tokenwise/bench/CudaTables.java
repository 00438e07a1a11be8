package io.tokenwise.bench;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.Distillation;
import io.tokenwise.distill.LearnerDistillation;
import io.tokenwise.distill.Student;
import io.tokenwise.distill.TrainingInputs;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Whole models on the device: from token ids or pixels to vectors on the host, tokenizer left out. */
final class CudaTables {
    private static final double[] BUDGETS = {0.75, 0.5, 0.25};

    /** Of single texts. */
    static final int[] LENGTHS = {16, 24, 32, 64, 128, 256};

    /** For a simulated device. */
    private static final VitArchitecture TINY = new VitArchitecture(64, 2, 2, 128, 32, 8, 10, 1e-6);

    private final CudaInputs inputs;
    private final boolean simulated;

    CudaTables(CudaInputs inputs, boolean simulated) {
        this.inputs = inputs;
        this.simulated = simulated;
    }

    // ---- texts

    /** Goal: 9 million tokens/s dense in bf16. */
    CudaTable texts() throws IOException, CudaUnavailableException {
        var table = new CudaTable.Builder(
                "MiniLM, many texts of real lengths",
                "minilm-acm, which at full budget is MiniLM, bit for bit; budgets are shares of its multiply-adds."
                        + " Tokens/s count those of whole texts, also where tokens leave. Goal: dense 9 million tokens/s"
                        + " in bf16.",
                simulated,
                CudaTable.label("precision"),
                CudaTable.label("tokens a call"),
                CudaTable.label("budget"),
                CudaTable.speed("tokens/s"),
                CudaTable.speed("ms a call"),
                CudaTable.speed("times as fast as dense"));
        int[] sizes = inputs.quick() ? new int[] {16} : new int[] {1024, 4096, 16384, 65536};
        for (Precision precision : inputs.quick() ? List.of(Precision.BF16) : CudaBackend.PRECISIONS) {
            try (CudaBackend device = CudaBackend.open(precision);
                    Encoder encoder = CudaChecks.load("minilm-acm", device)) {
                for (int size : sizes) {
                    List<int[]> texts = inputs.ofTokens(size);
                    measure(table, encoder, device, texts, CudaInputs.tokens(texts));
                }
            }
        }
        return table.table();
    }

    private void measure(CudaTable.Builder table, Encoder encoder, CudaBackend device, List<int[]> texts, int tokens) {
        atBudgets(
                encoder,
                device,
                texts,
                (budget, seconds, dense) -> table.row(
                        device.precision().label(),
                        tokens,
                        budget.share(),
                        tokens / seconds,
                        1e3 * seconds,
                        dense / seconds));
    }

    /** Receives a line of a table. */
    @FunctionalInterface
    private interface Line {
        void of(Budget budget, double seconds, double denseSeconds);
    }

    /** A line for the dense model and for each budget, all in turn. */
    private void atBudgets(Encoder encoder, CudaBackend device, List<int[]> given, Line line) {
        var budgets = new ArrayList<>(List.of(Budget.FULL));
        Arrays.stream(BUDGETS).mapToObj(Budget::flops).forEach(budgets::add);
        try (var sessions = new Sessions(encoder, device, 16384, 1)) {
            double[] seconds = inputs.times()
                    .medians(budgets.stream()
                            .<Runnable>map(budget -> () -> sessions.encode(given, budget, null))
                            .toList());
            for (int i = 0; i < seconds.length; i++) {
                line.of(budgets.get(i), seconds[i], seconds[0]);
            }
        }
    }

    CudaTable oneText() throws IOException, CudaUnavailableException {
        var table = new CudaTable.Builder(
                "MiniLM dense, one text a call",
                "Wall time of a call, of which the host is part: as one graph, and by launches one by one ("
                        + CudaBackend.GRAPHS
                        + "=false). Goal: 0.12 ms at 16 to 32 tokens.",
                simulated,
                CudaTable.label("precision"),
                CudaTable.label("tokens"),
                CudaTable.speed("ms"),
                CudaTable.speed("ms by launches"),
                CudaTable.speed("ratio"));
        int[] lengths = inputs.quick() ? new int[] {4} : LENGTHS;
        for (Precision precision : inputs.quick() ? List.of(Precision.BF16) : CudaBackend.PRECISIONS) {
            double[] asGraph = oneText(precision, lengths);
            double[] byLaunches = oneTextByLaunches(precision, lengths);
            for (int i = 0; i < lengths.length; i++) {
                table.row(
                        precision.label(),
                        lengths[i],
                        1e3 * asGraph[i],
                        1e3 * byLaunches[i],
                        byLaunches[i] / asGraph[i]);
            }
        }
        return table.table();
    }

    private double[] oneTextByLaunches(Precision precision, int[] lengths)
            throws IOException, CudaUnavailableException {
        System.setProperty(CudaBackend.GRAPHS, "false");
        try {
            return oneText(precision, lengths);
        } finally {
            System.clearProperty(CudaBackend.GRAPHS);
        }
    }

    /** Seconds of a call with a text of each length. */
    private double[] oneText(Precision precision, int[] lengths) throws IOException, CudaUnavailableException {
        try (CudaBackend device = CudaBackend.open(precision);
                Encoder encoder = CudaChecks.load("minilm-acm", device);
                var sessions = new Sessions(encoder, device, 1024, 1)) {
            var work = new ArrayList<Runnable>();
            for (int length : lengths) {
                List<int[]> text = List.of(inputs.ofLength(length));
                work.add(() -> sessions.encode(text, Budget.FULL, null));
            }
            return inputs.times().medians(work);
        }
    }

    // ---- images

    CudaTable smallImages() throws IOException, CudaUnavailableException {
        var table = images("vit-cifar10-acm, images of 32 x 32", "Trained weights, pixels of noise, bf16.");
        try (CudaBackend device = CudaBackend.open(Precision.BF16);
                Encoder encoder = CudaChecks.load("vit-cifar10-acm", device)) {
            for (int count : inputs.quick() ? new int[] {1} : new int[] {1, 16, 256}) {
                images(table, encoder, device, inputs.smallImages(count));
            }
        }
        return table.table();
    }

    CudaTable vit() throws IOException, CudaUnavailableException {
        VitArchitecture sizes = inputs.quick() ? TINY : VitBench.BASE;
        var table = images(
                inputs.quick() ? "A tiny Vision Transformer, images of 32 x 32" : "ViT-B/16, images of 224 x 224",
                "Random weights; at budgets patches leave and layers are narrow, which patches is random; bf16. Goal"
                        + " of ViT-B/16: dense 9,000 images/s.");
        List<int[]> images = VitBench.images(sizes);
        try (CudaBackend device = CudaBackend.open(Precision.BF16);
                Encoder dense = VitBench.random(sizes, device);
                Encoder encoder = VitBench.leaving(device, dense, images)) {
            for (int count : inputs.quick() ? new int[] {2} : new int[] {1, 8, 64}) {
                var batch = new ArrayList<int[]>();
                for (int i = 0; i < count; i++) {
                    batch.add(images.get(i % images.size()));
                }
                images(table, encoder, device, batch);
            }
        }
        return table.table();
    }

    private CudaTable.Builder images(String title, String note) {
        return new CudaTable.Builder(
                title,
                note,
                simulated,
                CudaTable.label("images a call"),
                CudaTable.label("budget"),
                CudaTable.speed("images/s"),
                CudaTable.speed("ms a call"),
                CudaTable.speed("times as fast as dense"));
    }

    private void images(CudaTable.Builder table, Encoder encoder, CudaBackend device, List<int[]> images) {
        atBudgets(
                encoder,
                device,
                images,
                (budget, seconds, dense) -> table.row(
                        images.size(), budget.share(), images.size() / seconds, 1e3 * seconds, dense / seconds));
    }

    // ---- training

    /** The third phase, in which a step has most to do. */
    CudaTable distillation() throws IOException, CudaUnavailableException {
        var table = new CudaTable.Builder(
                "Distillation of MiniLM to learners, end to end",
                "Median step; the teacher's forward is in it.",
                simulated,
                CudaTable.label("precision"),
                CudaTable.label("tokens a step"),
                CudaTable.label("steps"),
                CudaTable.label("mean loss"),
                CudaTable.speed("tokens/s"));
        int[] sizes = inputs.quick() ? new int[] {16} : new int[] {768, 4096};
        for (Precision precision : inputs.quick() ? List.of(Precision.F32) : List.of(Precision.F32, Precision.BF16)) {
            for (int size : sizes) {
                distillation(table, precision, size);
            }
        }
        return table.table();
    }

    private void distillation(CudaTable.Builder table, Precision precision, int tokensPerStep)
            throws IOException, CudaUnavailableException {
        int warmUp = inputs.quick() ? 0 : 3;
        int steps = inputs.quick() ? 1 : 15;
        DistillConfig usual = DistillConfig.forTokens(1_000_000, 1);
        var config = new DistillConfig(
                AdaptiveLayers.mlps(4),
                0,
                0,
                warmUp + steps,
                tokensPerStep,
                usual.learnerRate(),
                usual.gateRate(),
                usual.temperature(),
                0,
                usual.budgetWeight(),
                usual.lowestBudget(),
                usual.budgetsPerStep(),
                usual.mirrored(),
                usual.fixed(),
                usual.seed());
        List<int[]> texts = inputs.texts();
        try (ModelFiles whole = Models.builtIn("minilm-acm");
                ModelFiles files = whole.dense();
                CudaBackend device = CudaBackend.open(precision);
                Encoder teacher = Encoder.load(files, device);
                Encoder student = Student.of(files, device, config, inputs.checkedTexts());
                var distillation = new LearnerDistillation(
                        teacher, student, TrainingInputs.texts(texts, config.seed()), config, device)) {
            var rates = new double[steps];
            double loss = 0;
            for (int i = -warmUp; i < steps; i++) {
                long start = System.nanoTime();
                Distillation.Step step = distillation.step();
                if (i >= 0) {
                    rates[i] = step.tokens() / ((System.nanoTime() - start) * 1e-9);
                    loss += step.loss() / steps;
                }
            }
            Arrays.sort(rates);
            table.row(precision.label(), tokensPerStep, steps, loss, rates[steps / 2]);
        }
    }
}
