package io.tokenwise.cli;

import io.tokenwise.api.Budget;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.session.OpenModel;

/** One way to run a model over the inputs of a task, and what it has cost so far. For one thread. */
abstract class MeasuredRun implements EvalRows.Run {
    private final EvalWay way;
    private final OpenModel model;
    private final Budget how;
    private final Measurement measurement;

    MeasuredRun(EvalWay way, OpenModel model) {
        this.way = way;
        this.model = model;
        how = way.how();
        measurement = new Measurement(model, how);
    }

    final OpenModel model() {
        return model;
    }

    final Budget how() {
        return how;
    }

    final Measurement measurement() {
        return measurement;
    }

    @Override
    public final Mode mode() {
        return way.mode();
    }

    @Override
    public final double budget() {
        return way.budget();
    }

    @Override
    public final Budget.Unit unit() {
        return way.unit();
    }

    @Override
    public final double meanLearners() {
        return measurement.meanLearners();
    }

    @Override
    public final double spent() {
        return measurement.spent();
    }

    @Override
    public final double flopsPerToken() {
        return measurement.flopsPerToken();
    }

    @Override
    public final double millisPerInput() {
        return measurement.millisPerInput();
    }
}
