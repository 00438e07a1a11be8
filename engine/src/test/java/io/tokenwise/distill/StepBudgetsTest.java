package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TestModels;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepBudgetsTest {
    private static final DistillConfig CONFIG = ChildRun.config(4, 1);

    @TempDir
    Path folder;

    private final TokenBatch batch = TokenBatch.of(new int[5], new int[3], new int[9], new int[2]);

    /** Of 0 to 1, as in training a learner may count in part. */
    private List<Tensor> drawn(List<Acm> modules, Workspace workspace) {
        var random = new Random(1);
        var running = new ArrayList<Tensor>();
        for (Acm acm : modules) {
            Tensor used = workspace.tensor(batch.tokens(), acm.choices() - 1);
            for (int i = 0; i < used.size(); i++) {
                used.floats().set(i, random.nextFloat());
            }
            running.add(used);
        }
        return running;
    }

    @Test
    void theLossSaysByWhatShareOfTheBudgetItIsMissedAndItsGradientIsThatOfTheLoss() throws Exception {
        TestModels.writeSmall(folder.resolve("dense"));
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = VectorBackend.open(1);
                Encoder student = Student.of(files, backend, CONFIG, ChildRun.texts());
                var workspace = backend.workspace(1 << 20)) {
            List<Acm> modules = student.acms();
            StepBudgets budgets = StepBudgets.draw(batch, CONFIG, new Random(2));
            List<Tensor> running = drawn(modules, workspace);
            List<Tensor> slopes = drawn(modules, workspace);
            double loss = budgets.loss(backend.stream(), modules, running, 3, slopes);
            assertThat(loss).isCloseTo(expected(budgets, modules, running), within(1e-9));

            List<Tensor> unused = drawn(modules, workspace);
            for (int m = 0; m < modules.size(); m++) {
                float step = 1e-2f;
                for (int i = 0; i < running.get(m).size(); i += 3) {
                    float value = running.get(m).floats().get(i);
                    running.get(m).floats().set(i, value + step);
                    double more = budgets.loss(backend.stream(), modules, running, 3, unused);
                    running.get(m).floats().set(i, value);
                    assertThat((double) slopes.get(m).floats().get(i))
                            .isCloseTo(3 * (more - loss) / step, within(1e-4));
                }
            }
        }
    }

    private double expected(StepBudgets budgets, List<Acm> modules, List<Tensor> running) {
        double dense = modules.stream().mapToLong(Acm::denseFlops).sum();
        double sum = 0;
        for (int group = 0; group < budgets.budgets().length; group++) {
            double spent = 0;
            int tokens = 0;
            for (int token = 0; token < batch.tokens(); token++) {
                if (budgets.groups()[token] != group) {
                    continue;
                }
                tokens++;
                for (int m = 0; m < modules.size(); m++) {
                    spent += modules.get(m).gateFlops();
                    for (int n = 0; n < running.get(m).columns(); n++) {
                        spent += running.get(m).host().get(token, n)
                                * modules.get(m).flops(n);
                    }
                }
            }
            double budget = budgets.budgets()[group];
            sum += Math.abs(spent / tokens / dense - budget) / budget;
        }
        return sum / budgets.budgets().length;
    }
}
