package io.tokenwise.bench;

import io.tokenwise.EncoderOptions;
import io.tokenwise.TextEncoder;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.cost.CostModel;
import io.tokenwise.cost.CostTables;
import io.tokenwise.cost.Sizes;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.Processor;
import io.tokenwise.nn.Budget;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What the cost model predicts for a model's dense forward beside what that takes, on one thread, one text a call; medians. All engines and lengths
 * take turns, so that each finds the caches as others left them.
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
            Runnable work) {}

    /** Those of a model whose tokens leave; of another only the first. */
    private static final List<Double> BUDGETS = List.of(1.0, 0.85, 0.7, 0.5, 0.35);

    CostResults run() throws IOException {
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
                cases.addAll(cases(encoder));
            }
            notes.add(String.format(
                    Locale.ROOT,
                    "medians of %d interleaved rounds after %.1f s of warm-up for each engine and length; random token ids.",
                    times.rounds(),
                    times.warmUpNanos() * 1e-9));
            err.printf("measures %d lengths in %d engines%n", tokens.size(), encoders.size());
            double[] seconds = times.medians(cases.stream().map(Case::work).toList());
            var rows = new ArrayList<CostResults.Row>();
            // Of each length full budget comes first.
            double dense = Double.NaN;
            for (int i = 0; i < seconds.length; i++) {
                dense = cases.get(i).budget == 1 ? seconds[i] : dense;
                rows.add(row(cases.get(i), seconds[i] * 1e6, seconds[i] / dense));
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
        var options = EncoderOptions.defaults()
                .withThreads(1)
                .withConcurrentCalls(1)
                .withBackend(new BackendChoice(engine.kind(), engine.precision()));
        try {
            return TextEncoder.open(model, options);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Case> cases(TextEncoder encoder) {
        CostTables.Found found = CostTables.find(encoder.backend());
        int most = encoder.description().maxTokens();
        var sizes = Sizes.of(encoder.description().architecture());
        var cost = new CostModel(found.table(), sizes, most);
        var random = new SplittableRandom(3);
        int vocabulary = encoder.description().architecture().vocabularySize();
        var cases = new ArrayList<Case>();
        for (int length : tokens) {
            if (length <= most) {
                List<int[]> text = List.of(random.ints(length, 0, vocabulary).toArray());
                Optional<ShortPlans> plans = encoder.encoder().leaving().map(Leaving::plans);
                for (double share : plans.isPresent() ? BUDGETS : BUDGETS.subList(0, 1)) {
                    Budget budget = Budget.of(share);
                    double micros = plans.isPresent()
                            ? plans.get().micros(length, plans.get().plan(length, budget))
                            : cost.micros(length);
                    cases.add(new Case(
                            encoder,
                            found,
                            length,
                            share,
                            micros,
                            () -> encoder.sessions().encode(text, budget, null)));
                }
            }
        }
        return cases;
    }

    /** Keeps the table where the model then finds it. */
    private void measure(OwnEngine engine) {
        err.printf("measures the table of %s%n", engine.label());
        try (ModelFiles files = ModelFiles.open(model);
                Backend backend = engine.open(1)) {
            CostTables.measure(backend, List.of(Sizes.of(files.description().architecture()), StayGate.SIZES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CostResults.Row row(Case one, double micros, double timeShare) {
        var backend = one.encoder.backend();
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
