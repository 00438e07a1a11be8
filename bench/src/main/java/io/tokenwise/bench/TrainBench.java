package io.tokenwise.bench;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.backend.Backend;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.Distillation;
import io.tokenwise.distill.LearnerDistillation;
import io.tokenwise.distill.Student;
import io.tokenwise.distill.TrainingInputs;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.references.TorchScript;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * End-to-end distillation steps of MiniLM in our engine and in libtorch, taking turns on the same batches of 768 tokens: once of texts of one
 * length, where libtorch pads nothing, and once of texts as demo trains on, where it does.
 */
final class TrainBench {
    private static final int WARM_UP = 4;
    private static final int SAME_LENGTH = 32;
    private static final int TEXTS = 2_000;

    /** Noise and budgets of the two are drawn apart: their mean losses over a few steps are alike, not the same. */
    private static final double MOST_APART = 2;

    private TrainBench() {}

    /** What each of the two did: tokens per second by the median step, and the mean loss. */
    private record Rates(double own, double torch, double ownLoss, double torchLoss) {}

    /**
     * Measures and prints.
     *
     * @param engine what our engine trains by; libtorch trains in float32
     * @param mixed whether texts of different lengths are tried too
     * @throws IllegalStateException if the two do not train alike
     */
    static void run(OwnEngine engine, List<Integer> threads, int steps, boolean mixed, PrintWriter out)
            throws IOException {
        if (!TorchScript.isAvailable()) {
            throw new IllegalStateException("libtorch is not there: the project brings it for Linux on x86-64 only");
        }
        out.printf(
                "%-22s %8s %14s %14s %8s %10s %12s%n",
                "texts", "threads", "own tokens/s", "torch tokens/s", "ratio", "own loss", "torch loss");
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            for (int count : threads) {
                print(
                        out,
                        "32 tokens each",
                        count,
                        measure(engine, minilm, sameLength(minilm.tokenizer()), count, steps));
                if (mixed) {
                    print(
                            out,
                            "mixed, libtorch pads",
                            count,
                            measure(engine, minilm, mixed(minilm.tokenizer()), count, steps));
                }
            }
        }
    }

    private static void print(PrintWriter out, String texts, int threads, Rates rates) {
        out.printf(
                "%-22s %8d %14.0f %14.0f %8.2f %10.4f %12.4f%n",
                texts, threads, rates.own, rates.torch, rates.own / rates.torch, rates.ownLoss, rates.torchLoss);
    }

    private static Rates measure(OwnEngine engine, ModelFiles files, List<int[]> texts, int threads, int steps)
            throws IOException {
        DistillConfig usual = DistillConfig.forTokens(1_000_000, 1);
        var config = new DistillConfig(
                AdaptiveLayers.mlps(4),
                0,
                0,
                WARM_UP + steps,
                usual.tokensPerStep(),
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
        try (Backend backend = engine.open(threads);
                Encoder teacher = Encoder.load(files, backend);
                Encoder student = Student.of(files, backend, config, texts);
                var torch = new TorchDistillation(files, student, config, threads);
                var own = new LearnerDistillation(
                        teacher, student, TrainingInputs.texts(texts, config.seed()), config, backend)) {
            return race(own, torch, TrainingInputs.texts(texts, config.seed()), config, steps);
        }
    }

    private static Rates race(
            Distillation own, TorchDistillation torch, TrainingInputs text, DistillConfig config, int steps) {
        var ownRates = new double[steps];
        var torchRates = new double[steps];
        double ownLoss = 0;
        double torchLoss = 0;
        var batch = new TokenBatch();
        for (int i = -WARM_UP; i < steps; i++) {
            long start = System.nanoTime();
            Distillation.Step step = own.step();
            long middle = System.nanoTime();
            text.next(batch, config.tokensPerStep());
            double loss = torch.step(batch);
            long end = System.nanoTime();
            if (batch.tokens() != step.tokens()) {
                throw new IllegalStateException(
                        "the batches differ: " + step.tokens() + " and " + batch.tokens() + " tokens");
            }
            if (i >= 0) {
                ownRates[i] = step.tokens() / ((middle - start) * 1e-9);
                torchRates[i] = step.tokens() / ((end - middle) * 1e-9);
                ownLoss += step.loss() / steps;
                torchLoss += loss / steps;
            }
        }
        if (!(ownLoss < MOST_APART * torchLoss && torchLoss < MOST_APART * ownLoss)) {
            throw new IllegalStateException("the two do not train alike: mean losses of " + steps + " steps are "
                    + ownLoss + " and " + torchLoss);
        }
        return new Rates(median(ownRates), median(torchRates), ownLoss, torchLoss);
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private static List<int[]> sameLength(Tokenizer tokenizer) throws IOException {
        List<String> glosses = WordNet.load().glosses();
        var texts = new ArrayList<int[]>();
        for (int i = 0; texts.size() < TEXTS; i += 4) {
            int[] ids = tokenizer
                    .encode(String.join(". ", glosses.subList(i, i + 4)))
                    .ids();
            if (ids.length >= SAME_LENGTH) {
                int[] cut = Arrays.copyOf(ids, SAME_LENGTH);
                cut[SAME_LENGTH - 1] = ids[ids.length - 1];
                texts.add(cut);
            }
        }
        return texts;
    }

    /** Glosses, a third of them joined to longer texts. */
    private static List<int[]> mixed(Tokenizer tokenizer) throws IOException {
        List<String> glosses = WordNet.load().glosses();
        var texts = new ArrayList<int[]>();
        int next = 0;
        while (texts.size() < TEXTS) {
            int joined = texts.size() % 3 == 0 ? 2 + texts.size() % 7 : 1;
            texts.add(tokenizer
                    .encode(String.join(". ", glosses.subList(next, next + joined)))
                    .ids());
            next += joined;
        }
        return texts;
    }
}
