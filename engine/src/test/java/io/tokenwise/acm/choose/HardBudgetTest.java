package io.tokenwise.acm.choose;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.acm.block.AdaptiveMlp;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Small modules of different kinds, one after the other, under random hard budgets. */
class HardBudgetTest {
    private static final int BATCHES = 100_000;
    private static final int MODELS = 50;
    private static final int HIDDEN = 8;

    private final SplittableRandom random = new SplittableRandom(17);

    /** Largest share of its budget that a text has spent. */
    private double nearest;

    private BudgetSplit split;
    private LengthCalibration calibration;

    /** Adds up what each text of a batch has cost, and compares it with what it was granted after each module, and with its budget after the last. */
    private final class Bill implements LearnerObserver {
        private final List<AdaptiveMlp> modules;
        private final TokenBatch batch;
        private final List<Budget> budgets;
        private final long[] spent;
        private final long[] allowed;
        private long dense;
        private int next;

        Bill(List<AdaptiveMlp> modules, TokenBatch batch, List<Budget> budgets) {
            this.modules = modules;
            this.batch = batch;
            this.budgets = budgets;
            spent = new long[budgets.size()];
            allowed = new long[budgets.size()];
        }

        @Override
        public void spent(String module, int[] learners, int tokens, int gated) {
            Acm acm = modules.get(next++).acm();
            dense += acm.denseFlops();
            int asked = 0;
            for (int text = 0; text < spent.length; text++) {
                long sum = 0;
                for (int row = batch.offsets()[text]; row < batch.offsets()[text + 1]; row++) {
                    if (learners[row] > acm.trained() && learners[row] != acm.learners()) {
                        throw new AssertionError(learners[row] + " learners in " + module + ", which has not so many");
                    }
                    sum += learners[row];
                }
                // The gate is asked only where a learner can be paid for besides.
                allowed[text] += granted(acm, budgets.get(text).share(), batch.length(text));
                long least = batch.length(text) * acm.gateFlops() + acm.learnerFlops();
                int textAsked = allowed[text] - spent[text] >= least ? batch.length(text) : 0;
                asked += textAsked;
                spent[text] += sum * acm.learnerFlops() + textAsked * acm.gateFlops();
                check(text, module);
            }
            assertThat(gated).as("tokens for which the gate was asked").isEqualTo(asked);
        }

        private long granted(Acm acm, double share, int tokens) {
            List<Acm> together = modules.stream().map(AdaptiveMlp::acm).toList();
            double ofModule = split.of(acm, together).of(share, calibration.toTell(share, tokens));
            return tokens * (long) (ofModule * acm.denseFlops());
        }

        private void check(int text, String module) {
            if (spent[text] > allowed[text]) {
                throw new AssertionError("text " + text + " of " + batch.length(text) + " tokens has spent "
                        + spent[text] + " after " + module + ", of " + allowed[text]);
            }
            if (next == modules.size()) {
                double budget = budgets.get(text).share() * (dense * batch.length(text));
                assertThat((double) spent[text]).as("spent").isLessThanOrEqualTo(budget);
                nearest = Math.max(nearest, spent[text] / budget);
            }
        }
    }

    @Test
    void noTextOfAnyBatchCostsMoreThanItsBudget() {
        try (Backend backend = VectorBackend.open(1);
                var workspace = backend.workspace(1 << 24)) {
            var pass = new Pass(backend.stream(), workspace);
            for (int model = 0; model < MODELS; model++) {
                try (var parameters = new Parameters(backend)) {
                    List<AdaptiveMlp> modules = modules(parameters, backend);
                    for (int i = 0; i < BATCHES / MODELS; i++) {
                        run(pass, modules);
                    }
                }
            }
        }
        assertThat(nearest).as("largest share of a budget that was spent").isBetween(0.999, 1.0);
    }

    private List<AdaptiveMlp> modules(Parameters parameters, Backend backend) {
        var modules = new ArrayList<AdaptiveMlp>();
        for (int i = 0; i < 3; i++) {
            int learners = 2 << random.nextInt(3);
            Mlp dense = mlp(parameters, "dense" + i, learners * (random.nextInt(12) + 1));
            modules.add(new AdaptiveMlp(parameters, "module" + i, dense, learners, 1 + random.nextInt(learners - 1)));
        }
        for (Parameter parameter : parameters.all()) {
            // Gates of one mind, and gates that see no difference.
            double deviation = 0.1 * random.nextInt(10);
            try (HostTensor values = parameter.write()) {
                for (int i = 0; i < values.size(); i++) {
                    values.set(i, (float) (deviation * random.nextGaussian()));
                }
            }
            parameter.changed();
        }
        modules.forEach(mlp -> mlp.prepare(backend.stream()));
        List<Acm> acms = modules.stream().map(AdaptiveMlp::acm).toList();
        split = random.nextBoolean() ? BudgetSplit.EVEN : split(acms);
        calibration = new LengthCalibration(List.of(1, 8), List.of(calibration(), calibration()));
        Acmizer.split(acms, split);
        Acmizer.calibrate(acms, calibration);
        return modules;
    }

    private Calibration calibration() {
        double least = random.nextDouble(0.4);
        return Calibration.of(List.of(0.1, 0.5, 1.0), List.of(least, random.nextDouble(least, 1), 1.0));
    }

    private BudgetSplit split(List<Acm> modules) {
        Map<String, List<Double>> spent = new HashMap<>();
        modules.forEach(acm -> spent.put(acm.path(), List.of(random.nextDouble(), random.nextDouble(), 1.0)));
        return new BudgetSplit(List.of(0.1, random.nextDouble(0.2, 0.9), 1.0), spent);
    }

    private static Mlp mlp(Parameters parameters, String path, int units) {
        return new Mlp(
                linear(parameters, path + ".up", HIDDEN, units), linear(parameters, path + ".down", units, HIDDEN));
    }

    private static Linear linear(Parameters parameters, String path, int inputs, int outputs) {
        var weight = new Weight(parameters, parameters.add(path + ".weight", inputs, outputs));
        return new Linear(weight, parameters.add(path + ".bias", 1, outputs));
    }

    private void run(Pass pass, List<AdaptiveMlp> modules) {
        var batch = new TokenBatch();
        var budgets = new ArrayList<Budget>();
        int texts = random.nextInt(4) + 1;
        for (int i = 0; i < texts; i++) {
            batch.add(new int[random.nextInt(12) + 1]);
            double share = random.nextDouble() * (random.nextInt(4) == 0 ? 0.1 : 1);
            boolean again = i > 0 && random.nextBoolean();
            budgets.add(again ? budgets.getLast() : Budget.hard(share));
        }
        pass.begin(budgets)
                .with(LearnerObserver.class, new Bill(modules, batch, budgets))
                .over(batch);
        Tensor x = pass.tensor(batch.tokens(), HIDDEN);
        try (HostTensor values = pass.stream().write(x)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextGaussian());
            }
        }
        for (AdaptiveMlp mlp : modules) {
            mlp.forward(pass, x, x);
        }
    }
}
