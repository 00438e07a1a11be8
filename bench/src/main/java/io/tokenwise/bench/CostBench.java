package io.tokenwise.bench;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.backend.Backend;
import io.tokenwise.cost.CostModel;
import io.tokenwise.cost.CostTables;
import io.tokenwise.io.Processor;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the cost model predicts for a model's forward beside what that takes, on one thread, one text a call, some texts of each length in turn; medians. All engines and
 * lengths take turns, so that each finds the caches as others left them. Texts are real ones, since their words say how many of their tokens stay.
 *
 * @param model a built-in name or a folder
 * @param tokens lengths of texts; those beyond the model's are left out
 * @param measure whether tables are measured before, instead of those that an encoder would find
 * @param err told what happens
 */
record CostBench(
        String model,
        List<OwnEngine> engines,
        List<Integer> tokens,
        boolean measure,
        Interleaved times,
        PrintWriter err) {
    /** A prediction, and the work whose time it predicts. */
    private record Case(
            TextEncoder encoder,
            CostTables.Found table,
            int tokens,
            double budget,
            double predictedMicros,
            int texts,
            Runnable work) {}

    /** Those of a model whose tokens leave; of another only the first. */
    private static final List<Double> BUDGETS = List.of(1.0, 0.85, 0.7, 0.5, 0.35);

    CostResults run() throws IOException {
        WordNet wordNet = WordNet.load();
        var notes = new ArrayList<String>();
        var encoders = new ArrayList<TextEncoder>();
        try {
            var cases = new ArrayList<Case>();
            for (OwnEngine engine : engines) {
                engine.refusal()
                        .ifPresentOrElse(
                                why -> notes.add(engine.label() + " is left out: " + why),
                                () -> encoders.add(open(engine)));
            }
            for (TextEncoder encoder : encoders) {
                cases.addAll(cases(encoder, wordNet));
            }
            notes.add(String.format(
                    Locale.ROOT,
                    "medians of %d interleaved rounds after %.1f s of warm-up for each engine and length; means over texts of WordNet's.",
                    times.rounds(),
                    times.warmUpNanos() * 1e-9));
            err.printf("measures %d lengths in %d engines%n", tokens.size(), encoders.size());
            double[] seconds = times.medians(cases.stream().map(Case::work).toList());
            var rows = new ArrayList<CostResults.Row>();
            // Of each length full budget comes first.
            double dense = Double.NaN;
            for (int i = 0; i < seconds.length; i++) {
                double micros = seconds[i] * 1e6 / cases.get(i).texts;
                dense = cases.get(i).budget == 1 ? micros : dense;
                rows.add(row(cases.get(i), micros, micros / dense));
            }
            return new CostResults(Processor.name(), Runtime.version().toString(), model, notes, rows);
        } finally {
            encoders.forEach(TextEncoder::close);
        }
    }

    private TextEncoder open(OwnEngine engine) {
        if (measure) {
            measure(engine);
        }
        var options = EngineOptions.defaults()
                .withThreads(1)
                .withConcurrentCalls(1)
                .withBackend(new BackendChoice(engine.kind(), engine.precision()));
        try {
            return TextEncoder.open(model, options);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Case> cases(TextEncoder encoder, WordNet wordNet) throws IOException {
        CostTables.Found found = CostTables.find(encoder.model().backend());
        int most = encoder.maxTokens();
        var sizes = encoder.model().files().text().architecture().sizes();
        var cost = new CostModel(found.table(), sizes, most);
        Optional<ShortPlans> plans = encoder.model().encoder().leaving().map(Leaving::plans);
        var cases = new ArrayList<Case>();
        for (int length : tokens) {
            if (length <= most) {
                List<int[]> texts = texts(wordNet, length);
                for (double share : plans.isPresent() ? BUDGETS : BUDGETS.subList(0, 1)) {
                    Budget budget = Budget.of(share);
                    double micros = texts.stream()
                            .mapToDouble(text -> plans.isPresent()
                                    ? plans.get()
                                            .micros(
                                                    text.length,
                                                    encoder.model().encoder().plan(text, budget))
                                    : cost.micros(text.length))
                            .average()
                            .orElseThrow();
                    cases.add(new Case(
                            encoder,
                            found,
                            length,
                            share,
                            micros,
                            texts.size(),
                            () -> texts.forEach(
                                    text -> encoder.model().sessions().encode(List.of(text), budget, null))));
                }
            }
        }
        return cases;
    }

    /** @throws IllegalArgumentException if no text has so few tokens */
    private List<int[]> texts(WordNet wordNet, int length) throws IOException {
        if (length < Tokenizer.LEAST_MAX_TOKENS) {
            throw new IllegalArgumentException("--tokens: " + length + " must be " + Tokenizer.LEAST_MAX_TOKENS
                    + " or more, with a text's two marks");
        }
        try (ModelFiles files = Models.open(model)) {
            Tokenizer tokenizer = files.tokenizer();
            return TimedTexts.of(Integer.toString(length), wordNet, tokenizer).calls().stream()
                    .flatMap(List::stream)
                    .map(text -> tokenizer.encode(text).ids())
                    .toList();
        }
    }

    /** Keeps the table where the model then finds it. */
    private void measure(OwnEngine engine) {
        err.printf("measures the table of %s%n", engine.label());
        try (ModelFiles files = Models.open(model);
                Backend backend = engine.open(1)) {
            CostTables.measure(
                    backend, List.of(files.description().architecture().sizes(), StayGate.SIZES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CostResults.Row row(Case one, double micros, double timeShare) {
        var backend = one.encoder.model().backend();
        return new CostResults.Row(
                backend.name(),
                backend.precision().label(),
                one.table.label(),
                one.tokens,
                one.budget,
                one.predictedMicros,
                micros,
                one.predictedMicros / micros,
                timeShare);
    }
}
