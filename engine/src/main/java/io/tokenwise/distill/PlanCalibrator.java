package io.tokenwise.distill;

import io.tokenwise.Sessions;
import io.tokenwise.acm.Leaving;
import io.tokenwise.acm.PlanLosses;
import io.tokenwise.acm.ShortPlan;
import io.tokenwise.acm.ShortPlans;
import io.tokenwise.acm.Width;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.ModelDescription;
import io.tokenwise.io.TextDescription;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Measures what the plans of a short path lose on held-out inputs of some lengths: by that the best plan for a budget is found. */
final class PlanCalibrator {
    private static final List<Double> SHARES = List.of(0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0);

    /** Losses are written with so many digits: others of another text would differ by more. */
    private static final double WRITTEN = 1e5;

    private static final int SHORTEST = 8;
    private static final int BATCH_TOKENS = 1_024;

    /** Any that is less than all. */
    private static final Budget SHORT = Budget.flops(0.5);

    private final Encoder model;
    private final Leaving leaving;
    private final Pass pass;

    private PlanCalibrator(Encoder model, Pass pass) {
        this.model = model;
        this.leaving = model.leaving().orElseThrow();
        this.pass = pass;
    }

    /** Tells the model what its plans lose of these inputs. */
    static void calibrate(Encoder model, Backend backend, List<int[]> inputs) {
        try (var workspace = new Workspace(
                Sessions.memoryLimit(model, BATCH_TOKENS + model.description().maxTokens()))) {
            var calibrator = new PlanCalibrator(model, new Pass(backend.stream(), workspace));
            var losses = new ArrayList<List<List<Double>>>();
            List<Integer> lengths = lengths(model.description());
            for (int length : lengths) {
                losses.add(calibrator.losses(
                        model.description() instanceof TextDescription ? Calibrator.ofLength(inputs, length) : inputs));
            }
            calibrator.leaving.calibrate(new PlanLosses(lengths, SHARES, losses));
        }
    }

    private static List<Integer> lengths(ModelDescription model) {
        var lengths = new ArrayList<Integer>();
        if (model instanceof TextDescription) {
            for (int length = SHORTEST; length < model.maxTokens(); length *= 2) {
                lengths.add(length);
            }
        }
        lengths.add(model.maxTokens());
        return lengths;
    }

    /** By width and share. */
    private List<List<Double>> losses(List<int[]> inputs) {
        var sums = new double[Width.values().length][SHARES.size()];
        var batch = new TokenBatch();
        for (int i = 0; i < inputs.size(); i++) {
            model.add(batch, inputs.get(i));
            if (batch.tokens() >= BATCH_TOKENS || i == inputs.size() - 1) {
                add(batch, sums);
                batch.clear();
            }
        }
        var losses = new ArrayList<List<Double>>();
        for (double[] ofWidth : sums) {
            var row = new ArrayList<Double>();
            for (double sum : ofWidth) {
                row.add(Math.round(WRITTEN * sum / inputs.size()) / WRITTEN);
            }
            losses.add(row);
        }
        return losses;
    }

    private void add(TokenBatch batch, double[][] sums) {
        var wanted = new float[batch.sequences()][model.outputs()];
        copy(model.forward(pass.begin(Budget.FULL, null), batch), wanted);
        for (Width width : Width.values()) {
            for (int share = 0; share < SHARES.size(); share++) {
                pass.begin(SHORT, null);
                Tensor tokens = model.tokens(pass, batch, plans(batch, SHARES.get(share), width));
                var found = new float[batch.sequences()][model.outputs()];
                copy(model.outputs(pass, tokens, pass.batch()), found);
                for (int input = 0; input < found.length; input++) {
                    sums[width.ordinal()][share] += TokenValues.loss(model.description(), found[input], wanted[input]);
                }
            }
        }
    }

    private List<ShortPlan> plans(TokenBatch batch, double share, Width width) {
        ShortPlans plans = leaving.plans();
        var some = new ArrayList<ShortPlan>();
        for (int input = 0; input < batch.sequences(); input++) {
            int tokens = batch.length(input);
            some.add(plans.of(Math.clamp(Math.round(share * tokens), plans.least(tokens), tokens), width));
        }
        return Collections.unmodifiableList(some);
    }

    private static void copy(Tensor y, float[][] rows) {
        for (int row = 0; row < rows.length; row++) {
            for (int column = 0; column < y.columns(); column++) {
                rows[row][column] = y.get(row, column);
            }
        }
    }
}
