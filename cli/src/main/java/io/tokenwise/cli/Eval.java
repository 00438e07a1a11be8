package io.tokenwise.cli;

import io.tokenwise.cli.CommonOptions.BudgetConverter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
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
            description =
                    "FILE.csv holds lines of sentence1,sentence2,score, UTF-8, quoted as CSV is, without a header.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise eval sts sts-dev.csv --model my-model",
                "  ./tokenwise eval sts sts-dev.csv --model my-model --budget 0.25,0.5 --json"
            })
    static final class Sts implements Callable<Integer> {
        @Mixin
        private CommonOptions options;

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
        public Integer call() {
            throw new UnsupportedOperationException("eval sts waits for the engine's text encoder");
        }
    }
}
