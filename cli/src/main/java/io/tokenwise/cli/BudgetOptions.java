package io.tokenwise.cli;

import io.tokenwise.acm.Acm;
import io.tokenwise.acm.AdaptiveModule;
import io.tokenwise.cli.CommonOptions.BudgetConverter;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.nn.Budget;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** How much a call may cost, and how that is kept. */
final class BudgetOptions {
    @Option(
            names = "--budget",
            paramLabel = "0..1",
            defaultValue = "1",
            converter = BudgetConverter.class,
            description =
                    "Share of the dense FLOPs of the adaptive layers that may be spent (default: ${DEFAULT-VALUE}).")
    private double budget;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "soft",
            converter = ModeConverter.class,
            description =
                    "How the budget is kept: soft (on average over texts, images or speech), hard (never more, not for one of them; of speech, not for a segment's frames nor for its text) or static"
                            + " (every token gets the same; never more) (default: ${DEFAULT-VALUE}).")
    private Mode mode;

    /** Reads who decides about a token's learners. */
    static final class ModeConverter implements ITypeConverter<Mode> {
        private static final Mode[] MODES = {Mode.LEARNED, Mode.HARD, Mode.STATIC};

        @Override
        public Mode convert(String text) {
            return CommonOptions.constant(MODES, Mode::inJson, text, "soft, hard or static");
        }
    }

    Budget asked(long seed) {
        return mode.budget(budget, seed);
    }

    /** Tells if the model cannot do what is asked for. */
    void remark(String model, List<? extends AdaptiveModule> modules, PrintWriter err) {
        if (budget < 1 && modules.isEmpty()) {
            err.println(model + " is a dense model: --budget changes nothing");
        }
        if (mode == Mode.LEARNED
                && !modules.isEmpty()
                && modules.getFirst() instanceof Acm acm
                && budget < acm.calibration().leastSpent()) {
            err.println(String.format(
                    Locale.ROOT,
                    "%s spends %.2f at the least: its gates were not trained for --budget %s",
                    model,
                    acm.calibration().leastSpent(),
                    budget));
        }
    }
}
