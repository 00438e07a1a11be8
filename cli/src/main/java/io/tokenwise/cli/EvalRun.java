package io.tokenwise.cli;

import io.tokenwise.OpenModel;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.nn.Budget;
import java.util.List;

/** One way to run a model over the inputs of a task, and what it has given and cost so far. For one thread. */
final class EvalRun implements EvalRows.Run {
    private final EvalWay way;
    private final OpenModel model;
    private final Budget how;
    private final Measurement measurement;
    private double cosines;
    private long compared;

    /** Time before and after the model. */
    private long nanosAround;

    EvalRun(EvalWay way, OpenModel model) {
        this.way = way;
        this.model = model;
        how = way.how();
        measurement = new Measurement(model, how);
    }

    @Override
    public Mode mode() {
        return way.mode();
    }

    @Override
    public double budget() {
        return way.budget();
    }

    @Override
    public double meanLearners() {
        return measurement.meanLearners();
    }

    @Override
    public double spent() {
        return measurement.spent();
    }

    @Override
    public double flopsPerToken() {
        return measurement.flopsPerToken();
    }

    @Override
    public double millisPerInput() {
        return measurement.millisPerInput();
    }

    /** What the model gives for inputs, measured. */
    float[][] measure(EvalInputs inputs) throws InterruptedException {
        long start = System.nanoTime();
        List<int[]> read = inputs.of(model);
        nanosAround += System.nanoTime() - start;
        return measurement.encode(read);
    }

    /** The same, without measuring. */
    float[][] vectors(EvalInputs inputs) {
        return model.sessions().encode(inputs.of(model), how, null);
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
        return nanosAround / 1e9 + measurement.millis() / 1e3;
    }
}
