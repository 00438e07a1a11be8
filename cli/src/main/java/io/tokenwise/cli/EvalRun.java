package io.tokenwise.cli;

import io.tokenwise.api.Budget;
import io.tokenwise.session.OpenModel;
import java.util.List;

/** One way to run a model that gives vectors, and what it has given and cost so far. For one thread. */
final class EvalRun extends MeasuredRun {
    private double cosines;
    private long compared;

    /** Time before and after the model. */
    private long nanosAround;

    EvalRun(EvalWay way, OpenModel model) {
        super(way, model);
    }

    /** What the model gives for inputs, measured. */
    float[][] measure(EvalInputs inputs) throws InterruptedException {
        long start = System.nanoTime();
        List<int[]> read = inputs.of(model());
        nanosAround += System.nanoTime() - start;
        return measurement().encode(read);
    }

    /** What the model gives for inputs at full budget, without measuring. */
    float[][] fullVectors(EvalInputs inputs) {
        return model().sessions().encode(inputs.of(model()), Budget.FULL, null);
    }

    /** The same, without measuring. */
    float[][] vectors(EvalInputs inputs) {
        return model().sessions().encode(inputs.of(model()), how(), null);
    }

    /** Does with the vectors what the task does with them: part of the time from end to end. */
    void use(Runnable work) {
        long start = System.nanoTime();
        work.run();
        nanosAround += System.nanoTime() - start;
    }

    void compare(float[][] vectors, float[][] reference) {
        cosines += reference.length * Measurement.meanCosine(vectors, reference);
        compared += reference.length;
    }

    @Override
    public Double meanCosine() {
        return cosines / compared;
    }

    /** From inputs to the task's result: tokens or pixels, vectors and what is done with them. */
    @Override
    public double seconds() {
        return nanosAround / 1e9 + measurement().millis() / 1e3;
    }
}
