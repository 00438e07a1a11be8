package io.tokenwise.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A task of {@code eval}: opens the models, runs the task at each budget and prints its rows. */
abstract class EvalCommand implements Callable<Integer> {
    @Mixin
    private final CommonOptions options;

    @Mixin
    private EvalOptions eval;

    @Spec
    private CommandSpec spec;

    EvalCommand(WantedModel wanted) {
        options = new CommonOptions(wanted);
    }

    /** Reads the task's data, so that what is wrong with them is told before a model is opened. */
    abstract EvalTask read(CommonOptions common) throws IOException, InterruptedException;

    @Override
    public Integer call() throws IOException, InterruptedException {
        eval.check();
        EvalTask task = read(options);
        String model = options.model(task.defaultModel());
        try (EvalModels models = EvalModels.open(model, options, eval, task::check)) {
            var runs = new EvalRuns(models, eval, options.seed());
            print(
                    task,
                    new Json.Eval(
                            task.name(),
                            task.data(),
                            model,
                            models.model().backend().kind().label(),
                            models.model().backend().precision().label(),
                            options.threads(),
                            rows(task, runs)),
                    Measurement.learnersTitle(models.model()));
        }
        return ExitCode.OK;
    }

    private List<Json.EvalRow> rows(EvalTask task, EvalRuns runs) throws IOException, InterruptedException {
        long inputs = task.inputs() * runs.all().size() + task.preparation(runs);
        try (var progress =
                new Progress(spec.commandLine().getErr(), "eval " + task.name(), task.input() + "s", inputs)) {
            return task.rows(runs, progress);
        }
    }

    private void print(EvalTask task, Json.Eval result, String learners) {
        var out = spec.commandLine().getOut();
        if (options.json()) {
            out.println(Json.line(result));
        } else {
            out.println(result.data());
            out.print(EvalRows.table(result.rows(), task.input(), learners));
        }
    }
}
