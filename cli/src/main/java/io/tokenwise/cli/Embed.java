package io.tokenwise.cli;

import io.tokenwise.cli.CommonOptions.BudgetConverter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "embed",
        header = "Turn texts into vectors.",
        description =
                "Reads UTF-8 text from stdin, one text a line, and prints for each line one JSON array: the text's vector.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  echo 'how do I pay an invoice?' | ./tokenwise embed",
            "  ./tokenwise embed --model my-model --budget 0.5 < texts.txt > vectors.jsonl"
        })
final class Embed implements Callable<Integer> {
    @ParentCommand
    private Tokenwise root;

    @Mixin
    private CommonOptions options;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            defaultValue = "1",
            converter = BudgetConverter.class,
            description = "Share of the dense model's MLP FLOPs that may be spent (default: ${DEFAULT-VALUE}).")
    private double budget;

    @Override
    public Integer call() {
        throw new UnsupportedOperationException("embed waits for the engine's text encoder");
    }
}
