package io.tokenwise.cli;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.api.Budget;
import io.tokenwise.cli.CommonOptions.BudgetConverter;
import io.tokenwise.cli.Row.Mode;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How much a call may cost, and how that is kept. */
final class BudgetOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            converter = BudgetConverter.class,
            description =
                    "Share of the dense model's time that an input may take, by this machine's cost model (default: 1). Needs a model whose tokens leave.")
    private Double time;

    @Option(
            names = "--flops",
            paramLabel = "0..1",
            converter = BudgetConverter.class,
            description =
                    "Instead of --budget: share of the dense FLOPs of the adaptive layers that may be spent, the same on every machine.")
    private Double flops;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "soft",
            converter = ModeConverter.class,
            description =
                    "How the budget is kept: soft (on average over texts, images or speech), hard (never more FLOPs, not for one of them; of speech, not for a segment's frames nor for its text) or static"
                            + " (a control: every token gets the same; where tokens leave, the first ones stay) (default: ${DEFAULT-VALUE}).")
    private Mode mode;

    /** Reads who decides about a token's learners. */
    static final class ModeConverter implements ITypeConverter<Mode> {
        private static final Mode[] MODES = {Mode.LEARNED, Mode.HARD, Mode.STATIC};

        @Override
        public Mode convert(String text) {
            return CommonOptions.constant(MODES, Mode::inJson, text, "soft, hard or static");
        }
    }

    /** @throws ParameterException if the options do not go together */
    Budget asked(long seed) {
        if (time != null && flops != null) {
            throw new ParameterException(
                    spec.commandLine(), "--budget is a share of time, --flops one of FLOPs: give one of them");
        }
        if (time != null && mode == Mode.HARD) {
            throw new ParameterException(
                    spec.commandLine(), "--mode hard bounds FLOPs, by construction: give --flops, not --budget");
        }
        return mode.budget(share(), flops == null ? Budget.Unit.TIME : Budget.Unit.FLOPS, seed);
    }

    private double share() {
        return flops != null ? flops : time != null ? time : 1;
    }

    /** Tells if the model cannot do what is asked for. */
    void remark(String model, List<? extends AdaptiveModule> modules, PrintWriter err) {
        if (share() < 1 && modules.isEmpty()) {
            err.println(model + " is a dense model: a budget changes nothing");
        }
        if (mode == Mode.LEARNED
                && !modules.isEmpty()
                && modules.getFirst() instanceof Acm acm
                && flops != null
                && flops < acm.calibration().leastSpent()) {
            err.println(String.format(
                    Locale.ROOT,
                    "%s spends %.2f at the least: its gates were not trained for --flops %s",
                    model,
                    acm.calibration().leastSpent(),
                    flops));
        }
    }
}
