package io.tokenwise.cli;

import io.tokenwise.api.Budget;
import io.tokenwise.cli.CommonOptions.BudgetConverter;
import io.tokenwise.cli.CommonOptions.CountConverter;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that all tasks of {@code eval} share. */
final class EvalOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--teacher",
            paramLabel = "MODEL",
            description =
                    "The dense model that an adaptive one is compared with (default: the one that it was made of).")
    private String teacher;

    private static final List<Double> TIMES = List.of(0.35, 0.5, 0.7, 0.85, 1.0);

    private static final List<Double> FLOPS = List.of(0.25, 0.5, 0.75, 1.0);

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            split = ",",
            converter = BudgetConverter.class,
            description =
                    "Budgets to measure, as shares of the dense model's time (default: 0.35,0.5,0.7,0.85,1, for models whose tokens leave).")
    private List<Double> times;

    @Option(
            names = "--flops",
            paramLabel = "0..1",
            split = ",",
            converter = BudgetConverter.class,
            description =
                    "Instead: budgets as shares of the adaptive layers' dense FLOPs (default for other models: 0.25,0.5,0.75,1).")
    private List<Double> flops;

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

    /** Each once, in the order in which they were asked for, as shares of {@link #unit}. */
    List<Double> budgets(boolean tokensLeave) {
        List<Double> usual = tokensLeave ? TIMES : FLOPS;
        List<Double> asked = times != null ? times : flops != null ? flops : usual;
        return asked.stream().distinct().toList();
    }

    /** @throws ParameterException if budgets of both kinds were asked for, of dense models too */
    void check() {
        if (times != null && flops != null) {
            throw new ParameterException(
                    spec.commandLine(), "--budget is a share of time, --flops one of FLOPs: give one of them");
        }
    }

    Budget.Unit unit(boolean tokensLeave) {
        return times != null || flops == null && tokensLeave ? Budget.Unit.TIME : Budget.Unit.FLOPS;
    }

    int seeds() {
        return seeds;
    }
}
