package io.tokenwise.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "info",
        header = "Tell what a model holds and costs.",
        description = "Prints a model's layers, sizes, learners, parameters, and FLOPs per token at some budgets.",
        footerHeading = "%nExamples:%n",
        footer = {"  ./tokenwise info minilm", "  ./tokenwise info my-model --json"})
final class Info implements Callable<Integer> {
    @Mixin
    private Tokenwise.Help help;

    @Parameters(
            paramLabel = "MODEL",
            description = "A model directory in Hugging Face's layout, or the built-in minilm.")
    private String model;

    @Option(names = "--json", description = "Print one JSON object on stdout.")
    private boolean json;

    @Option(names = "--verbose", description = "Show where a failure happened.")
    private boolean verbose;

    @Override
    public Integer call() {
        throw new UnsupportedOperationException("info waits for the engine's models");
    }
}
