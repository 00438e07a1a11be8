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
    private CommonOptions options;

    @Mixin
    private EvalOptions eval;

    @Spec
    private CommandSpec spec;

    /** Reads the task's data, so that what is wrong with them is told before a model is opened. */
    abstract EvalTask read(CommonOptions common) throws IOException;

    @Override
    public Integer call() throws IOException, InterruptedException {
        EvalTask task = read(options);
        try (EvalModels models = EvalModels.open(options, eval)) {
            var runs = new EvalRuns(models, eval, options.seed());
            print(new Json.Eval(
                    task.name(),
                    task.data(),
                    options.model(),
                    models.model().backend().kind().label(),
                    models.model().backend().precision().label(),
                    options.threads(),
                    rows(task, runs)));
        }
        return ExitCode.OK;
    }

    private List<Json.EvalRow> rows(EvalTask task, EvalRuns runs) throws IOException, InterruptedException {
        long texts = task.texts() * runs.all().size() + task.preparation(runs);
        try (var progress = new Progress(spec.commandLine().getErr(), "eval " + task.name(), "texts", texts)) {
            return task.rows(runs, progress);
        }
    }

    private void print(Json.Eval result) {
        var out = spec.commandLine().getOut();
        if (options.json()) {
            out.println(Json.line(result));
        } else {
            out.println(result.data());
            out.print(EvalRows.table(result.rows()));
        }
    }
}
