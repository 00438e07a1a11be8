package io.tokenwise.cli;

import io.tokenwise.model.ModelWriter;
import io.tokenwise.train.TrainingOutput;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that every command has that trains a model from random weights. */
final class NewModelOptions {
    /** Steps that a kill costs at most: a minute or two. */
    static final int STEPS_PER_CHECKPOINT = 100;

    private static final String COUNT = "N";

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--hidden",
            paramLabel = COUNT,
            converter = CommonOptions.CountConverter.class,
            description = "Width of the layers; MLPs have four times as many units (default: ${DEFAULT-VALUE}).")
    private int hidden = 192;

    @Option(
            names = "--layers",
            paramLabel = COUNT,
            converter = CommonOptions.CountConverter.class,
            description = "Layers (default: ${DEFAULT-VALUE}).")
    private int layers;

    @Option(
            names = "--heads",
            paramLabel = COUNT,
            converter = CommonOptions.CountConverter.class,
            description = "Attention heads; divides --hidden (default: ${DEFAULT-VALUE}).")
    private int heads = 6;

    @Option(
            names = "--epochs",
            paramLabel = COUNT,
            converter = CommonOptions.CountConverter.class,
            description = "How often each example is learnt from (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Mixin
    private StoreOption store;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Folder for the model; new, or that of a training that was stopped.")
    private Path out;

    /** With what most want of such a model. */
    NewModelOptions(int layers, int epochs) {
        this.layers = layers;
        this.epochs = epochs;
    }

    /** Before data are read, which takes a while. */
    void check() throws IOException {
        if (spec.commandLine().getParseResult().hasMatchedOption("--model")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--model is for models that are there; train " + spec.name() + " makes a new one");
        }
        TrainingOutput.check(out, ModelWriter.Existing.KEEP);
    }

    int hidden() {
        return hidden;
    }

    int layers() {
        return layers;
    }

    int heads() {
        return heads;
    }

    int epochs() {
        return epochs;
    }

    StoreOption store() {
        return store;
    }

    Path out() {
        return out;
    }
}
