package io.tokenwise.distill;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a distillation has gone through: its steps, and now and then what the student was worth on held-out text. A checkpoint keeps it, so
 * that the history of a run that was killed is whole. Numbers have the precision of floats, before and after a kill. Not thread-safe.
 */
public final class History {
    private final List<Distillation.Step> steps = new ArrayList<>();
    private final List<Quality> qualities = new ArrayList<>();

    /**
     * What the student was worth at budget {@link DistillRun#SHOWN_BUDGET} on text that it was not trained on.
     *
     * @param step steps that were done before
     * @param agreement with the teacher ({@link Agreement#of})
     * @param spent share of the replaced layers' dense FLOPs that learners and gates cost; of a dense student, which is given shorter texts, the share of the tokens
     */
    public record Quality(int step, double agreement, double spent) {}

    /** All steps from 0 on. */
    public List<Distillation.Step> steps() {
        return Collections.unmodifiableList(steps);
    }

    /** In the order of their steps. */
    public List<Quality> qualities() {
        return Collections.unmodifiableList(qualities);
    }

    void add(Distillation.Step step) {
        steps.add(new Distillation.Step(
                step.step(), step.phase(), (float) step.loss(), (float) step.budgetLoss(), step.tokens()));
    }

    void add(Quality quality) {
        qualities.add(new Quality(quality.step(), (float) quality.agreement(), (float) quality.spent()));
    }
}
