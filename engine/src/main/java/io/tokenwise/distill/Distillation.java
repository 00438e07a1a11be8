package io.tokenwise.distill;

import io.tokenwise.autograd.AdamW;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import java.util.List;

/**
 * Trains a student to be like its teacher with less work, one {@link #step} at a time. Everything random depends on the seed and the step's number alone, so that
 * a run that goes on from a {@link Checkpoint} ends as an unbroken one. Not thread-safe.
 */
public sealed interface Distillation extends AutoCloseable permits StepwiseDistillation {
    /** The phases in their order. */
    enum Phase {
        LEARNERS,
        GATES,
        END_TO_END,
        DONE
    }

    /**
     * What one step did.
     *
     * @param step its number, from 0
     * @param loss the task's loss of the phase: relative squared error, cross-entropy (of the gate of tokens that leave squared error), or distance of the result to the teacher's
     * @param budgetLoss mean distance of spend and budget, relative to the budget; 0 before phase 3, and where budgets are kept by construction
     * @param tokens in the batch
     */
    record Step(int step, Phase phase, double loss, double budgetLoss, int tokens) {}

    /** Of the kind that the student needs. */
    static Distillation of(
            Encoder teacher, Encoder student, TrainingInputs inputs, DistillConfig config, Backend backend) {
        return student.leaving().isPresent()
                ? LeavingDistillation.of(teacher, student, inputs, config, backend)
                : new LearnerDistillation(teacher, student, inputs, config, backend);
    }

    DistillConfig config();

    Encoder student();

    TrainingInputs inputs();

    /** What updates the student's weights, always in the same order. */
    List<AdamW> optimizers();

    /** The number of the next step. */
    int nextStep();

    /** Goes on with that step, as a checkpoint says. */
    void resumeAt(int nextStep);

    /**
     * Does the next step.
     *
     * @throws io.tokenwise.autograd.GradientNotFiniteException if training diverged
     */
    Step step();

    /** After the last step: makes what the student needs besides, and a run that was resumed late has not made yet. */
    default void finish() {}

    default Phase phase() {
        int step = nextStep();
        if (step < config().learnerSteps()) {
            return Phase.LEARNERS;
        }
        if (step < config().learnerSteps() + config().gateSteps()) {
            return Phase.GATES;
        }
        return step < config().steps() ? Phase.END_TO_END : Phase.DONE;
    }

    @Override
    void close();
}
