package io.tokenwise.train;

/** Told what happens in a training from random weights; called on the thread that runs it. */
public interface TrainingListener {
    /**
     * Before the first step: what nothing can be learnt from.
     *
     * @param count of so many that are left out
     * @param all of them, those that are learnt from included
     * @param example why one of them is, by its name
     */
    default void leftOut(int count, int all, String example) {}

    /** The run goes on from a checkpoint. */
    default void resumed(int nextStep, int steps) {}

    /** After each step; {@code done} counts it. */
    default void step(int done, int steps, double loss) {}

    /** After each epoch: the share of what was held out that the model has right. */
    default void accuracy(int done, double right) {}
}
