package io.tokenwise.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "distill",
        header = "Make a model adaptive.",
        description = {
            "Replaces the MLPs of --model by learners with a gate and trains them to give the vectors that the model gives.",
            "Training needs texts only, no labels. It can be stopped at any time; the same command goes on from there."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise distill --data texts.txt --out my-model",
            "  ./tokenwise embed --model my-model --budget 0.5 < texts.txt"
        })
final class Distill implements Callable<Integer> {
    @Mixin
    private CommonOptions options;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            required = true,
            description = "Texts like those that the model will see, UTF-8, one a line.")
    private Path data;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Folder for the adaptive model; new, or that of a distillation that was stopped.")
    private Path out;

    @Override
    public Integer call() {
        throw new UnsupportedOperationException("distill waits for the engine's distillation");
    }
}
