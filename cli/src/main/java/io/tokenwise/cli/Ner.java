package io.tokenwise.cli;

import io.tokenwise.Aggregation;
import io.tokenwise.Entity;
import io.tokenwise.TokenClassifier;
import io.tokenwise.api.Budget;
import io.tokenwise.io.TextLines;
import java.io.IOException;
import java.io.InputStream;
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
        name = "ner",
        header = "Find names and the like in a text.",
        description = {
            "Prints for each named entity its label, the mean probability of that, where it begins and ends in the"
                    + " text, in chars, and the words, with tabs between.",
            "It needs a model that gives classes of tokens (...ForTokenClassification). Long texts are read in windows"
                    + " that overlap. With --lines each line is a text of its own, whose number, from 1 on, stands before each"
                    + " of its entities."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise ner 'Ada Lovelace met Charles Babbage in London.' --model my-ner",
            "  ./tokenwise ner --file report.txt --words --json --model my-ner",
            "  ./tokenwise ner --lines --flops 0.5 --model my-ner < texts.txt"
        })
final class Ner implements Callable<Integer> {
    /** Lines that are run through the model together when they are there already. */
    private static final int BATCH = 64;

    @ParentCommand
    private Tokenwise root;

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.TOKEN_CLASSIFIER);

    @Mixin
    private BudgetOptions budget;

    @Mixin
    private OneText text;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--words",
            description =
                    "A word has the label of its first token, so that no entity begins or ends within one (default:"
                            + " each token has its own).")
    private boolean words;

    @Option(names = "--lines", description = "Each line of --file or stdin is a text of its own.")
    private boolean lines;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Budget share = budget.asked(options.seed());
        String name = options.model("");
        if (name.isEmpty()) {
            throw options.mistake("--model must name a token classifier's directory: none comes with the build");
        }
        try (TokenClassifier classifier = TokenClassifier.open(name, options.engineOptions())) {
            budget.remark(
                    name,
                    classifier.model().encoder().modules(),
                    spec.commandLine().getErr());
            if (lines) {
                try (InputStream in = text.open(root.in(Tokenwise.LINES))) {
                    eachLine(classifier, share, text.lines(in));
                }
            } else {
                List<Entity> found = entities(classifier, share, List.of(text.read(root.in(OneText.WHAT))))
                        .getFirst();
                found.forEach(entity -> print("", entity, Json.line(entity)));
            }
        }
        return ExitCode.OK;
    }

    private List<List<Entity>> entities(TokenClassifier classifier, Budget share, List<String> texts) {
        Aggregation aggregation = words ? Aggregation.FIRST : Aggregation.SIMPLE;
        return classifier.entities(texts, aggregation, share);
    }

    private void eachLine(TokenClassifier classifier, Budget share, TextLines texts)
            throws IOException, InterruptedException {
        long number = 0;
        for (List<String> some = texts.next(BATCH); !some.isEmpty(); some = texts.next(BATCH)) {
            for (List<Entity> found : entities(classifier, share, some)) {
                number++;
                for (Entity entity : found) {
                    print(number + "\t", entity, Json.ofLine(number, entity));
                }
            }
            if (spec.commandLine().getOut().checkError()) {
                throw new IOException("the entities cannot be written to stdout");
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    private void print(String before, Entity entity, String json) {
        spec.commandLine()
                .getOut()
                .println(
                        options.json()
                                ? json
                                : before
                                        + String.format(
                                                Locale.ROOT,
                                                "%s\t%.4f\t%d\t%d\t%s",
                                                entity.label(),
                                                entity.score(),
                                                entity.startChar(),
                                                entity.endChar(),
                                                entity.text().replaceAll("\\s+", " ")));
    }
}
