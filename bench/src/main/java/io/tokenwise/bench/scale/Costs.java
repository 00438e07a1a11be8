package io.tokenwise.bench.scale;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.leave.ForwardTime;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.Budget;
import io.tokenwise.cost.CostModel;
import io.tokenwise.cost.CostTable;
import io.tokenwise.cost.CostTables;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What texts of a model take on one core, by a table of measured times. */
final class Costs {
    private final TextEncoder encoder;
    private final String label;
    private final CostModel dense;
    private final Optional<ShortPlans> plans;

    /**
     * Of an open model.
     *
     * @param name of a table that comes with the build; null for the one that the model itself goes by
     */
    Costs(TextEncoder encoder, String name) {
        this.encoder = encoder;
        var backend = encoder.model().backend();
        CostTable table;
        if (name == null) {
            CostTables.Found found = CostTables.find(backend);
            table = found.table();
            label = backend.name() + ", " + backend.precision().label() + ", by the table " + found.label();
        } else {
            table = CostTables.shipped(name);
            label = new CostTables.Found(table, true).label() + " (" + name + ")";
        }
        int most = encoder.maxTokens();
        var architecture = encoder.model().files().text().architecture();
        dense = new CostModel(table, architecture.sizes(), most);
        plans = encoder.model().encoder().leaving().map(Leaving::plans).map(own -> {
            var time = new ForwardTime(dense, new CostModel(table, StayGate.SIZES, most));
            return new ShortPlans(
                    time, time, own.losses(), own.first(), own.last(), architecture.layers(), own.leastWorth(), most);
        });
    }

    /** Which times these are, for people. */
    String label() {
        return label;
    }

    /** Of texts that get these budgets in turn. Of a short text its length counts, though its own words decide what it gets: this is right on average. */
    TextCost of(SampledTexts sample, List<Double> budgets) {
        double sum = 0;
        double squares = 0;
        for (int tokens : sample.tokens()) {
            for (double budget : budgets) {
                double micros = micros(tokens, budget);
                sum += micros;
                squares += micros * micros;
            }
        }
        double count = (double) sample.tokens().size() * budgets.size();
        double mean = sum / count;
        return new TextCost(mean, Math.sqrt(Math.max(0, squares / count - mean * mean)));
    }

    /** @throws IllegalArgumentException if the model has no short path, and the budget is not the full one */
    double micros(int tokens, double budget) {
        if (plans.isEmpty() && budget < 1) {
            throw new IllegalArgumentException("--budget " + budget + ": " + encoder.name()
                    + " has no short path, by which time is saved; give --budget 1");
        }
        return plans.map(some -> some.micros(tokens, some.plan(tokens, Budget.of(budget))))
                .orElseGet(() -> dense.micros(tokens));
    }

    /** For each row of budgets how much of the predicted time these texts take here, in chunks and on all processors at once. */
    List<Double> measure(SampledTexts sample, List<List<Double>> rows) throws InterruptedException {
        List<Double> micros = new ChunkTimes(encoder, Runtime.getRuntime().availableProcessors()).measure(sample, rows);
        var factors = new ArrayList<Double>();
        for (int i = 0; i < rows.size(); i++) {
            factors.add(micros.get(i) / of(sample, rows.get(i)).micros());
        }
        return factors;
    }
}
