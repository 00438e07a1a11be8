package io.tokenwise.cli;

import io.tokenwise.cli.CommonOptions.BudgetConverter;
import io.tokenwise.cli.CommonOptions.CountConverter;
import java.util.List;
import picocli.CommandLine.Option;

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
}
