package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.io.Processor;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * A model of a family's shape in our engines beside ONNX Runtime.
 *
 * @param threads that compute in each engine
 * @param budgets in time, of the models with a short path that run too; none for dense models alone
 */
record FamiliesBench(FamilyFiles files, int threads, List<Double> budgets, Race race, PrintWriter out) {
    /** Texts of one length that take turns. */
    private static final int TEXTS = 4;

    private static final int BULK_TEXTS = 16;

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
                "%n%s, %d layers, %d words, %s, %d thread%s, ONNX Runtime %s%n",
                files.shape().label(),
                files.layers(),
                FamilyShape.WORDS,
                Processor.name(),
                threads,
                threads == 1 ? "" : "s",
                OrtModel.version());
        out.printf(
                "%6s %-22s %10s %10s %8s %8s %9s%n", "tokens", "", "p50 ms", "tokens/s", "x f32", "x int8", "cosine");
        try (var opened = new Opened()) {
            List<Contender> contenders = open(opened, scenarios);
            for (Scenario scenario : scenarios) {
                print(scenario, race.run(scenario, contenders.getFirst(), contenders));
            }
        }
    }

    private List<Contender> open(Opened opened, List<Scenario> scenarios) throws IOException, OrtException {
        var contenders = new ArrayList<Contender>();
        for (String precision : List.of("f32", "int8")) {
            OrtModel model = OrtModel.of(
                    files.graph(precision), precision, threads, FamilyShape.MOST_TOKENS, FamilyShape.HIDDEN);
            contenders.add(opened.add(model).sorted());
        }
        for (OwnEngine engine : OwnEngine.RACING) {
            if (engine.refusal().isEmpty()) {
                OwnModel model = opened.add(
                        budgets.isEmpty()
                                ? OwnModel.dense(files.model(), engine, threads)
                                : OwnModel.withShortPath(
                                        files.model(),
                                        engine,
                                        threads,
                                        scenarios.getFirst().call(0)));
                contenders.add(model.dense());
                budgets.forEach(budget -> contenders.add(model.routed(budget)));
            }
        }
        return contenders;
    }

    private void print(Scenario scenario, List<Race.Timing> timings) {
        double f32 = timings.get(0).tokensPerSecond();
        double int8 = timings.get(1).tokensPerSecond();
        double dense = 0;
        for (Race.Timing timing : timings) {
            boolean adaptive = timing.contender().budget() < 1;
            dense = adaptive ? dense : timing.micros(0.5);
            boolean asked = timing.contender().name().endsWith("-s8");
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
                    adaptive
                            ? String.format(Locale.ROOT, "%.2f of dense", timing.micros(0.5) / dense)
                            : asked ? ofInt8 >= ASKED ? "holds" : "MISSES " + ASKED : "");
        }
        out.flush();
    }
}
