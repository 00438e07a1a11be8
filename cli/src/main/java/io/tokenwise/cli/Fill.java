package io.tokenwise.cli;

import io.tokenwise.MaskFiller;
import io.tokenwise.MaskFiller.Guess;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "fill",
        header = "Guess hidden words of a text.",
        description = {
            "Prints for each [MASK] of a text its number from 1 on and the likeliest tokens with their probabilities, one a line, with tabs between, the likeliest first.",
            "It needs a model with its masked-LM head; without --model it is bert-base, which fetch brings."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise fetch bert-base",
            "  ./tokenwise fill 'Paris is the [MASK] of France.'",
            "  ./tokenwise fill 'A [MASK] in the [MASK].' --top 3 --json --model my-bert"
        })
final class Fill implements Callable<Integer> {
    private static final String DEFAULT_MODEL = "bert-base";

    @ParentCommand
    private Tokenwise root;

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.MASKED_LANGUAGE_MODEL);

    @Mixin
    private BudgetOptions budget;

    @Mixin
    private OneText text;

    @Spec
    private CommandSpec spec;

    private int top = 5;

    @Option(
            names = "--top",
            paramLabel = "N",
            defaultValue = "5",
            description = "How many tokens of each (default: ${DEFAULT-VALUE}).")
    void setTop(int count) {
        if (count < 1) {
            throw options.mistake("--top must be 1 or more, not " + count);
        }
        top = count;
    }

    /** One line of JSON. */
    private record Line(int mask, int id, String token, double probability) {}

    @Override
    public Integer call() throws IOException {
        Budget share = budget.asked(options.seed());
        String name = options.model(DEFAULT_MODEL);
        try (MaskFiller filler = MaskFiller.open(name, options.engineOptions())) {
            budget.remark(
                    name, filler.model().encoder().modules(), spec.commandLine().getErr());
            String given = text.read(root.in(OneText.WHAT));
            List<List<Guess>> masks =
                    filler.fill(List.of(given), top, share, Deadline.NONE).getFirst();
            print(masks);
            int unread = filler.countHidden(given) - masks.size();
            if (unread > 0) {
                spec.commandLine()
                        .getErr()
                        .println("hidden words beyond the " + filler.maxTokens() + " tokens that the model reads: "
                                + unread);
            }
        }
        return ExitCode.OK;
    }

    private void print(List<List<Guess>> masks) {
        PrintWriter out = spec.commandLine().getOut();
        for (int mask = 1; mask <= masks.size(); mask++) {
            for (Guess guess : masks.get(mask - 1)) {
                out.println(
                        options.json()
                                ? Json.line(new Line(mask, guess.id(), guess.token(), guess.probability()))
                                : String.format(Locale.ROOT, "%d\t%s\t%.4f", mask, guess.token(), guess.probability()));
            }
        }
    }
}
