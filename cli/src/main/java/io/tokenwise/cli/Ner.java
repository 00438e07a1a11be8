package io.tokenwise.cli;

import io.tokenwise.Aggregation;
import io.tokenwise.Entity;
import io.tokenwise.TokenClassifier;
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
        name = "ner",
        header = "Find names and the like in a text.",
        description = {
            "Prints for each named entity its label, the mean probability of that, where it begins and ends in the"
                    + " text, in chars, and the words, with tabs between.",
            "It needs a model that gives classes of tokens (...ForTokenClassification). Long texts are read in windows"
                    + " that overlap."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise ner 'Ada Lovelace met Charles Babbage in London.' --model my-ner",
            "  ./tokenwise ner --file report.txt --words --json --model my-ner"
        })
final class Ner implements Callable<Integer> {
    @ParentCommand
    private Tokenwise root;

    @Mixin
    private CommonOptions options;

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

    @Override
    public Integer call() throws IOException {
        String name = options.model("");
        if (name.isEmpty()) {
            throw options.mistake("--model must name a token classifier's directory: none comes with the build");
        }
        try (TokenClassifier classifier = TokenClassifier.open(name, options.engineOptions())) {
            budget.remark(
                    name,
                    classifier.model().encoder().modules(),
                    spec.commandLine().getErr());
            Aggregation aggregation = words ? Aggregation.FIRST : Aggregation.SIMPLE;
            print(classifier
                    .entities(List.of(text.read(root.in())), aggregation, budget.asked(options.seed()))
                    .getFirst());
        }
        return ExitCode.OK;
    }

    private void print(List<Entity> entities) {
        PrintWriter out = spec.commandLine().getOut();
        for (Entity entity : entities) {
            out.println(
                    options.json()
                            ? Json.line(entity)
                            : String.format(
                                    Locale.ROOT,
                                    "%s\t%.4f\t%d\t%d\t%s",
                                    entity.label(),
                                    entity.score(),
                                    entity.startChar(),
                                    entity.endChar(),
                                    entity.text().replaceAll("\\s+", " ")));
        }
    }
}
