package io.tokenwise.backend.cuda;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.Precision;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.Distillation;
import io.tokenwise.distill.Student;
import io.tokenwise.distill.TrainingInputs;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** A distillation of a dense model to an adaptive student, on a simulated device of its own. */
final class TinyTraining implements AutoCloseable {
    final Distillation distillation;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    TinyTraining(ModelFiles dense, DistillConfig config, List<int[]> texts) throws CudaUnavailableException {
        try {
            CudaBackend device = open(CudaBackend.open(Precision.F32));
            Encoder teacher = open(Encoder.load(dense, device));
            Encoder student = open(Student.of(dense, device, config, texts));
            var inputs = TrainingInputs.texts(texts, 1);
            distillation = open(Distillation.of(teacher, student, inputs, config, device));
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** The error's, or null if the step was done. */
    String messageOfStep() {
        try {
            distillation.step();
            return null;
        } catch (CudaException | IllegalStateException | IllegalArgumentException | ArithmeticException e) {
            return e.getMessage();
        }
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.push(resource);
        return resource;
    }

    @Override
    public void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                throw new AssertionError("closing does not fail", e);
            }
        }
    }

    /** Adaptive MLPs and attention, of so many steps of each phase. */
    static DistillConfig config(int learnerSteps, int gateSteps, int endToEndSteps, int tokensPerStep) {
        return new DistillConfig(
                AdaptiveLayers.parse("mlp,qk,vo", 2),
                learnerSteps,
                gateSteps,
                endToEndSteps,
                tokensPerStep,
                1e-3,
                1e-2,
                0.8,
                1,
                1,
                0.15,
                3,
                true,
                Map.of(),
                5);
    }
}
