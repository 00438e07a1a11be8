package io.tokenwise.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        header = "See the whole path in a few minutes.",
        description = {
            "Makes the built-in sentence encoder adaptive, on this CPU, with text that came with the build, and shows what a"
                    + " lower budget saves and costs: a table here, and a page with curves and shaded sentences.",
            "The adaptive model stays in a folder for the other commands."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  ./tokenwise demo", "  ./tokenwise demo --out /tmp/demo --seed 7"})
final class Demo implements Callable<Integer> {
    @Mixin
    private CommonOptions options;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "tokenwise-demo",
            description = "Folder for the model and the page (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Override
    public Integer call() {
        throw new UnsupportedOperationException("demo waits for the engine's distillation");
    }
}
