package io.tokenwise.cli;

import io.tokenwise.cli.CommonOptions.BudgetConverter;
import io.tokenwise.cli.CommonOptions.CountConverter;
import io.tokenwise.io.Tokenizer;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that all tasks of {@code eval} share. */
final class EvalOptions {
    @Option(
            names = "--teacher",
            paramLabel = "MODEL",
            description =
                    "The dense model that an adaptive one is compared with (default: the one that it was made of).")
    private String teacher;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            split = ",",
            defaultValue = "0.25,0.5,0.75,1",
            converter = BudgetConverter.class,
            description = "Budgets to measure (default: ${DEFAULT-VALUE}).")
    private List<Double> budgets;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "1",
            converter = CountConverter.class,
            description = "Seeds of the random control, from --seed on; its rows are means over them (default:"
                    + " ${DEFAULT-VALUE}).")
    private int seeds;

    private int maxTokens;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "256",
            description =
                    "Longer texts are cut to this many tokens, or to what the model reads if that is less (default:"
                            + " ${DEFAULT-VALUE}).")
    void setMaxTokens(int count) {
        if (count < Tokenizer.LEAST_MAX_TOKENS) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--max-tokens must be " + Tokenizer.LEAST_MAX_TOKENS + " or more, not " + count);
        }
        maxTokens = count;
    }

    /** Null if none was named. */
    String teacher() {
        return teacher;
    }

    /** Each once, in the order in which they were asked for. */
    List<Double> budgets() {
        return budgets.stream().distinct().toList();
    }

    int seeds() {
        return seeds;
    }

    int maxTokens() {
        return maxTokens;
    }
}
