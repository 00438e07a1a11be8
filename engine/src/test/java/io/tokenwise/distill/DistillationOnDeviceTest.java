package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.FakeDevice;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.FakeCounts;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Distillation on the simulated CUDA device goes as on the CPU: all phases, learners and tokens that leave. */
class DistillationOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(DistillationOnDeviceTest.class);
    private static final boolean LONG = Boolean.getBoolean("tokenwise.long");

    /** The least that has all phases, and in the last one weights that have moved. */
    private static final int STEPS = LONG ? 12 : 4;

    /** Whose matrices, and learners, are wide enough to be narrowed. */
    private static final BertArchitecture WIDER = new BertArchitecture(96, 2, 3, 192, 30_522, 40, 2, 1e-12);

    /** More than the steps read; of each tenth one is held out, which budgets are calibrated on, and that takes as long as the steps. */
    private static final List<int[]> TEXTS = ChildRun.texts().subList(0, 40);

    @TempDir
    Path folder;

    private List<Distillation.Step> run(Backend backend, DistillConfig config, String out) throws Exception {
        var steps = new ArrayList<Distillation.Step>();
        try (ModelFiles files = Models.open(folder.resolve("dense"))) {
            ChildRun.of(files, TEXTS, config, folder.resolve(out)).run(backend, new DistillRun.Listener() {
                @Override
                public void step(Distillation.Step step) {
                    steps.add(step);
                }
            });
        }
        return steps;
    }

    private void compare(DistillConfig config, Precision precision, double bound) throws Exception {
        TestModels.write(folder.resolve("dense"), precision == Precision.F32 ? TestModels.SMALL : WIDER);
        FakeControls controls = FakeDevice.start();
        try (Backend cpu = VectorBackend.open(2);
                Backend device = CudaBackend.open(precision)) {
            List<Distillation.Step> expected = run(cpu, config, "cpu");
            FakeCounts before = controls.counts();
            List<Distillation.Step> found = run(device, config, "device");
            FakeCounts after = controls.counts();
            if (LONG || precision == Precision.F32) {
                assertThat(run(device, config, "again")).isEqualTo(found);
                assertThat(Files.mismatch(weights("again"), weights("device"))).isEqualTo(-1);
            }
            double worst = 0;
            for (int i = 0; i < expected.size(); i++) {
                double wanted = expected.get(i).loss();
                worst = Math.max(worst, Math.abs(found.get(i).loss() - wanted) / wanted);
            }
            LOG.info(
                    "{}, {} steps: losses differ by {} of themselves at most; {} launches, {} waits, {} allocations",
                    precision,
                    expected.size(),
                    worst,
                    after.launches() - before.launches(),
                    after.synchronizations() - before.synchronizations(),
                    after.allocations() - before.allocations());
            assertThat(found).hasSameSizeAs(expected);
            assertThat(controls.kernels().stream()
                            .anyMatch(kernel -> kernel.name().startsWith("linear") && kernel.multiplyAdds() > 0))
                    .as("products by tensor instructions")
                    .isEqualTo(precision == Precision.BF16);
            for (int i = 0; i < expected.size(); i++) {
                Distillation.Step wanted = expected.get(i);
                assertThat(found.get(i).loss())
                        .as("step %d of %s", i, wanted.phase())
                        .isCloseTo(wanted.loss(), offset(bound * wanted.loss()));
                assertThat(found.get(i).budgetLoss())
                        .as("budgets, step %d", i)
                        .isCloseTo(wanted.budgetLoss(), offset(bound));
            }
        }
    }

    private Path weights(String out) {
        return folder.resolve(out).resolve("model.safetensors");
    }

    @Test
    void ofLearners() throws Exception {
        compare(ChildRun.config(STEPS, 5), Precision.F32, 1e-3);
    }

    @Test
    void ofTokensThatLeave() throws Exception {
        compare(ChildRun.Kind.LEAVING.config(STEPS, 5), Precision.F32, 1e-3);
    }

    /** Products round what goes in to 8 bits, and a gate that sees other last digits may choose otherwise; sums, losses and weights stay float32. */
    @Test
    void ofLearnersInBf16() throws Exception {
        compare(ChildRun.config(STEPS, 5), Precision.BF16, 5e-2);
    }

    @Test
    void ofTokensThatLeaveInBf16() throws Exception {
        // A token at the border may stay in one and leave in the other.
        compare(ChildRun.Kind.LEAVING.config(STEPS, 5), Precision.BF16, 0.15);
    }
}
