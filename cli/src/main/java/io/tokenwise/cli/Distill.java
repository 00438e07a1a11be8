package io.tokenwise.cli;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.ModelWriter.Existing;
import io.tokenwise.io.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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
    /** Steps that a kill costs at most: a minute or less. */
    private static final int STEPS_PER_CHECKPOINT = 25;

    @Mixin
    private CommonOptions options;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--learners",
            paramLabel = "N",
            defaultValue = "4",
            converter = CommonOptions.CountConverter.class,
            description = "Learners in place of each MLP; divides its hidden units (default: ${DEFAULT-VALUE}).")
    private int learners;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "800000",
            converter = CommonOptions.CountConverter.class,
            description =
                    "Tokens to train on in all; texts come again when they are fewer (default: ${DEFAULT-VALUE}).")
    private int tokens;

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
    public Integer call() throws IOException, InterruptedException {
        BackendChoice training = options.training();
        try (ModelFiles files = ModelFiles.open(options.model());
                Backend backend = training.open(options.threads())) {
            DistillConfig config =
                    DistillConfig.forTokens(tokens, options.seed()).withLearners(learners);
            List<int[]> texts = sequences(files.tokenizer());
            var run = new DistillRun(files, texts, config, out, Existing.KEEP, STEPS_PER_CHECKPOINT);
            DistillProgress.run(run, backend, spec.commandLine().getErr());
        }
        spec.commandLine()
                .getOut()
                .println(
                        options.json()
                                ? Json.line(new Json.Distilled(options.model(), out.toString(), learners))
                                : "the adaptive model is in " + out + "; next: ./tokenwise info " + out);
        return ExitCode.OK;
    }

    private List<int[]> sequences(Tokenizer tokenizer) throws IOException {
        List<int[]> sequences = new ArrayList<>();
        try (var in = Files.newInputStream(data)) {
            var lines = new TextLines(in);
            for (List<String> texts = lines.next(1000); !texts.isEmpty(); texts = lines.next(1000)) {
                texts.stream()
                        .filter(text -> !text.isBlank())
                        .forEach(text -> sequences.add(tokenizer.encode(text).ids()));
            }
        }
        // Held-out text and the sample that orders units come from the front: a sorted file must not decide which.
        Collections.shuffle(sequences, new Random(options.seed()));
        return sequences;
    }
}
