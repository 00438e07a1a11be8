package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.io.Processor;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A model of a family's shape in our engines beside ONNX Runtime.
 *
 * @param threads that compute in each engine
 */
record FamiliesBench(FamilyFiles files, int threads, Race race, PrintWriter out) {
    /** Texts of one length that take turns. */
    private static final int TEXTS = 4;

    private static final int BULK_TEXTS = 16;

    /** By which units are ordered and gates calibrated. */
    private static final int SAMPLE_TEXTS = 8;

    /** Tokens of such a text at least. */
    private static final int MINIMUM = 8;

    /** How many times as fast as ONNX Runtime's int8 our own bytes are to be. */
    private static final double ASKED = 1.3;

    /** Random texts: what is asked of every contender. */
    static List<Scenario> scenarios(List<Integer> tokens, boolean bulk) throws IOException {
        var random = new Random(7);
        var scenarios = new ArrayList<Scenario>();
        for (int length : tokens) {
            var calls = new ArrayList<List<int[]>>();
            for (int i = 0; i < TEXTS; i++) {
                calls.add(List.of(text(random, length)));
            }
            scenarios.add(new Scenario(String.valueOf(length), "one text a call", 1, calls));
        }
        if (bulk) {
            var texts = new ArrayList<int[]>();
            for (int[] text : bulkOfMiniLm().subList(0, BULK_TEXTS)) {
                texts.add(text(random, text.length));
            }
            scenarios.add(new Scenario("bulk", "texts as they come", 1, List.of(texts)));
        }
        return scenarios;
    }

    private static List<int[]> bulkOfMiniLm() throws IOException {
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            return Scenario.all(minilm.tokenizer()).stream()
                    .filter(scenario -> scenario.name().equals("bulk"))
                    .findFirst()
                    .orElseThrow()
                    .call(0);
        }
    }

    private static int[] text(Random random, int length) {
        return random.ints(length, FamilyShape.FIRST_WORD, FamilyShape.WORDS).toArray();
    }

    void run(List<Scenario> scenarios) throws IOException, OrtException {
        out.printf(
                "%n%s, %d layers, %d words, %s, %s, %d thread%s, ONNX Runtime %s%n",
                files.shape().label(),
                files.layers(),
                FamilyShape.WORDS,
                files.pooling() == Pooling.FIRST ? "first tokens" : "means",
                Processor.name(),
                threads,
                threads == 1 ? "" : "s",
                OrtModel.version());
        out.printf(
                "%6s %-22s %10s %10s %8s %8s %9s%n", "tokens", "", "p50 ms", "tokens/s", "x f32", "x int8", "cosine");
        try (var opened = new Opened()) {
            List<Contender> contenders = open(opened);
            for (Scenario scenario : scenarios) {
                print(scenario, race.run(scenario, contenders.getFirst(), contenders));
            }
        }
    }

    /** Our engine alone, the dense model and the same made adaptive, at budgets. */
    void run(List<Scenario> scenarios, OwnEngine engine, List<Double> budgets) throws IOException {
        List<int[]> sample = new Random(8)
                .ints(SAMPLE_TEXTS, MINIMUM, FamilyShape.MOST_TOKENS)
                .mapToObj(length -> text(new Random(length), length))
                .toList();
        out.printf(
                "%n%s, %d layers, %s, %s, %d thread%s: budgets%n",
                files.shape().label(),
                files.layers(),
                Processor.name(),
                engine.name(),
                threads,
                threads == 1 ? "" : "s");
        try (OwnModel dense = OwnModel.dense(files.model(), engine, threads);
                OwnModel learners = OwnModel.withLearners(files.model(), engine, threads, sample);
                OwnModel leaving = OwnModel.leaving(files.model(), engine, threads, sample)) {
            out.printf(
                    "%6s %8s %10s %20s %20s%n",
                    "tokens", "budget", "dense ms", "learners, FLOPs", "tokens leave, time");
            out.printf("%6s %8s %10s %10s %9s %10s %9s%n", "", "", "", "ms", "of dense", "ms", "of dense");
            for (Scenario scenario : scenarios) {
                var contenders = new ArrayList<Contender>(List.of(dense.dense()));
                for (double budget : budgets) {
                    contenders.add(learners.routed(budget));
                    contenders.add(leaving.routed(budget));
                }
                List<Race.Timing> timings = race.run(scenario, contenders.getFirst(), contenders);
                double whole = timings.getFirst().micros(0.5);
                for (int i = 0; i < budgets.size(); i++) {
                    double ofLearners = timings.get(2 * i + 1).micros(0.5);
                    double ofLeaving = timings.get(2 * i + 2).micros(0.5);
                    out.printf(
                            "%6s %8.2f %10.2f %10.2f %9.3f %10.2f %9.3f%n",
                            scenario.name(),
                            budgets.get(i),
                            whole / 1e3,
                            ofLearners / 1e3,
                            ofLearners / whole,
                            ofLeaving / 1e3,
                            ofLeaving / whole);
                }
                out.flush();
            }
        }
    }

    private List<Contender> open(Opened opened) throws IOException, OrtException {
        var contenders = new ArrayList<Contender>();
        for (String precision : List.of("f32", "int8")) {
            OrtModel model = OrtModel.of(
                    files.graph(precision),
                    precision,
                    threads,
                    FamilyShape.MOST_TOKENS,
                    FamilyShape.HIDDEN,
                    files.pooling());
            contenders.add(opened.add(model).sorted());
        }
        for (OwnEngine engine : OwnEngine.RACING) {
            if (engine.refusal().isEmpty()) {
                contenders.add(opened.add(OwnModel.dense(files.model(), engine, threads))
                        .dense());
            }
        }
        return contenders;
    }

    private void print(Scenario scenario, List<Race.Timing> timings) {
        double f32 = timings.get(0).tokensPerSecond();
        double int8 = timings.get(1).tokensPerSecond();
        for (Race.Timing timing : timings) {
            boolean asked = timing.contender().name().matches(".*-s[78]");
            double ofInt8 = timing.tokensPerSecond() / int8;
            out.printf(
                    "%6s %-22s %10.2f %10.0f %8.2f %8.2f %9.6f %s%n",
                    scenario.name(),
                    timing.contender().name(),
                    timing.micros(0.5) / 1e3,
                    timing.tokensPerSecond(),
                    timing.tokensPerSecond() / f32,
                    ofInt8,
                    timing.cosine(),
                    asked ? ofInt8 >= ASKED ? "holds" : "MISSES " + ASKED : "");
        }
        out.flush();
    }
}
