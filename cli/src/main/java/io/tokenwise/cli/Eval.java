package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.backend.Precision;
import io.tokenwise.cli.CommonOptions.BudgetConverter;
import io.tokenwise.io.BadFileException;
import io.tokenwise.testdata.StsPairs;
import io.tokenwise.testdata.StsPairs.Pair;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "eval",
        header = "Measure quality and cost at each budget.",
        synopsisSubcommandLabel = "TASK",
        description = "Runs a labelled task at each budget and prints quality, FLOPs and time side by side.",
        subcommands = Eval.Sts.class,
        footerHeading = "%nExamples:%n",
        footer = "  ./tokenwise eval sts sts-dev.csv --model my-model")
final class Eval implements Runnable {
    @Mixin
    private Tokenwise.Help help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no task given");
    }

    @Command(
            name = "sts",
            header = "Semantic textual similarity: Spearman's rank correlation with human scores.",
            description = {
                "For each budget: soft, as the gates decide; static, every token gets the same at equal FLOPs; random, the gates'"
                        + " numbers dealt to random tokens. A dense model has one row.",
                "FILE.csv holds lines of sentence1,sentence2,score, UTF-8, quoted as CSV is, without a header."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise eval sts sts-dev.csv --model my-model",
                "  ./tokenwise eval sts sts-dev.csv --model my-model --budget 0.25,0.5 --json"
            })
    static final class Sts implements Callable<Integer> {
        private static final List<Column<Json.EvalRow>> COLUMNS = List.of(
                new Column<>("mode", Json.EvalRow::mode),
                new Column<>("budget", row -> Column.fixed(row.budget(), 2)),
                new Column<>("spent", row -> Column.fixed(row.spent(), 3)),
                new Column<>(
                        "mean learners", row -> row.meanLearners() == null ? "-" : Column.fixed(row.meanLearners(), 2)),
                new Column<>("MFLOPs/token", row -> Column.fixed(row.flopsPerToken() / 1e6, 2)),
                new Column<>("ms/text", row -> Column.fixed(row.millisPerInput(), 2)),
                new Column<>("cosine to dense", row -> Column.fixed(row.teacherCosine(), 4)),
                new Column<>("Spearman", row -> Column.fixed(row.value(), 4)));

        @Mixin
        private CommonOptions options;

        @Spec
        private CommandSpec spec;

        @Option(
                names = "--teacher",
                paramLabel = "MODEL",
                description =
                        "The dense model that an adaptive one is compared with (default: the one that it was made of).")
        private String teacherName;

        @Parameters(paramLabel = "FILE.csv", description = "Pairs of sentences with a score.")
        private Path file;

        @Option(
                names = "--budget",
                paramLabel = "0..1",
                split = ",",
                defaultValue = "0.25,0.5,0.75,1",
                converter = BudgetConverter.class,
                description = "Budgets to measure (default: ${DEFAULT-VALUE}).")
        private List<Double> budgets;

        @Override
        public Integer call() throws IOException, InterruptedException {
            List<Pair> pairs = StsPairs.read(file);
            try (TextEncoder model = options.open(options.model())) {
                boolean dense = model.encoder().acms().isEmpty();
                try (TextEncoder teacher = dense ? model : openTeacher(model);
                        TextEncoder reference = openReference(teacher, dense ? options.model() : teacherName)) {
                    print(run(reference, teacher, model, pairs));
                }
            }
            return ExitCode.OK;
        }

        private TextEncoder openTeacher(TextEncoder model) throws IOException {
            if (teacherName != null) {
                return options.open(teacherName);
            }
            teacherName = model.encoder().teacher();
            try {
                return options.open(teacherName);
            } catch (BadFileException e) {
                throw new BadFileException(
                        teacherName,
                        "the dense model that " + options.model()
                                + " was made of cannot be opened; say by --teacher where" + " it is (" + e.getMessage()
                                + ")");
            }
        }

        /** The dense model in float32, with which vectors are compared. */
        private TextEncoder openReference(TextEncoder teacher, String name) throws IOException {
            return teacher.backend().precision() == Precision.F32
                    ? teacher
                    : TextEncoder.open(name, options.encoderOptions().withBackend(BackendChoice.FLOAT32));
        }

        private Json.Eval run(TextEncoder reference, TextEncoder teacher, TextEncoder model, List<Pair> pairs)
                throws InterruptedException {
            if (teacher.encoder().hidden() != model.encoder().hidden()) {
                throw new IllegalArgumentException("--teacher " + teacherName + " gives vectors of "
                        + teacher.encoder().hidden() + " values, " + options.model() + " of "
                        + model.encoder().hidden());
            }
            long texts = StsEvaluation.texts(model, pairs, budgets);
            try (var progress = new Progress(spec.commandLine().getErr(), "eval sts", "texts", texts)) {
                return new Json.Eval(
                        "sts",
                        options.model(),
                        model.backend().kind().label(),
                        model.backend().precision().label(),
                        options.threads(),
                        new StsEvaluation(reference, teacher, model, pairs, progress).run(budgets, options.seed()));
            }
        }

        private void print(Json.Eval eval) {
            var out = spec.commandLine().getOut();
            if (options.json()) {
                out.println(Json.line(eval));
            } else {
                out.print(TextTable.of(eval.rows(), COLUMNS));
            }
        }
    }
}
