package io.tokenwise.cli;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.History;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

@Command(
        name = "demo",
        header = "See what a budget saves and costs.",
        description = {
            "Shows what a lower budget saves and costs, measured on this CPU with text that came with the build: a table here, and a page"
                    + " with curves and shaded sentences.",
            "The model is minilm-acm if it came with the build. With --train, or options that only training has, the demo makes the built-in"
                    + " sentence encoder adaptive first, in a few minutes; that model stays in a folder for the other commands."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  ./tokenwise demo", "  ./tokenwise demo --train --out my-demo --seed 7"})
final class Demo implements Callable<Integer> {
    private static final int CHECKPOINT_STEPS = 100;

    private static final List<String> SENTENCES = List.of(
            "The cat sat on the mat.",
            "How do I reset the password of my account?",
            "The committee postponed its decision on the new railway line until the autumn.",
            "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
            "Shipping is free for orders over 50 euros, and returns are accepted within 30 days.");

    /** Options that mean training. */
    private static final List<String> TRAINING =
            List.of("--model", "--adapt", "--learners", "--mlp-learners", "--store", "--tokens");

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.DENSE_TEXT_ENCODER);

    @Option(names = "--train", description = "Train a model, even if one came with the build.")
    private boolean train;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "tokenwise-demo",
            description = "Folder for the model and the page (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Mixin
    private AdaptOptions adapt;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "400000",
            converter = CommonOptions.CountConverter.class,
            description = "How many tokens to train on (default: ${DEFAULT-VALUE}).")
    private int tokens;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (trains()) {
            train();
        } else {
            show();
        }
        return ExitCode.OK;
    }

    private boolean trains() {
        ParseResult given = spec.commandLine().getParseResult();
        return train
                || TRAINING.stream().anyMatch(given::hasMatchedOption)
                || Models.defaultName().equals(options.teacher());
    }

    /** Measures the model that came with the build. */
    private void show() throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        String model = options.model();
        Files.createDirectories(out);
        DistilledReport report;
        String half;
        try (ModelFiles files = Models.open(model)) {
            half = half(AdaptiveConfig.of(files.description()).shortPath().isPresent());
            report = report(model, files.tokenizer(), DemoTexts.read(files.tokenizer(), 0, options.seed()));
        }
        Results results = report.write(
                options.teacher() + " made adaptive",
                "The model " + model + ", which comes with the build",
                new History(),
                err);
        print(results, model, "./tokenwise embed " + half);
        if (!options.json()) {
            spec.commandLine()
                    .getOut()
                    .println(
                            "Measured on WordNet, on part of which it was trained; docs/quality.md has texts that it never saw.");
        }
    }

    private void train() throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        BackendChoice training = options.training();
        Path model = out.resolve("model");
        Files.createDirectories(out);
        try (ModelFiles files = Models.open(options.teacher());
                Backend backend = Backends.open(training, options.threads())) {
            DistillConfig config =
                    DistillConfig.forTokens(tokens, options.seed()).withLayers(adapt.layers(files.description()));
            if (files.description().acm().isPresent()) {
                throw new ParameterException(
                        spec.commandLine(),
                        "demo trains a dense model, and " + options.teacher()
                                + " is adaptive: distill --model lets it go on learning");
            }
            DemoTexts texts = DemoTexts.read(files.tokenizer(), tokens, options.seed());
            DistilledReport report = report(model.toString(), files.tokenizer(), texts);
            var run = new DistillRun(
                    files,
                    texts.training(),
                    config,
                    model,
                    ModelWriter.Existing.REPLACE,
                    CHECKPOINT_STEPS,
                    adapt.stored());
            DistillProgress.run(run, backend, err, history -> {
                String origin = DistilledReport.distilled(history, "WordNet", "demo");
                Results results = report.write(options.teacher() + " made adaptive", origin, history, err);
                print(
                        results,
                        model.toString(),
                        "./tokenwise embed --model " + model + " "
                                + half(config.layers().tokens()));
            });
        }
    }

    /** The option for half a budget: of time where tokens leave, else of FLOPs. */
    private static String half(boolean tokensLeave) {
        return tokensLeave ? "--budget 0.5" : "--flops 0.5";
    }

    private DistilledReport report(String model, Tokenizer tokenizer, DemoTexts texts) {
        List<int[]> shaded = SENTENCES.stream()
                .map(sentence -> tokenizer.encode(sentence).ids())
                .toList();
        return new DistilledReport(options, options.teacher(), model, page(), texts.measured(), shaded);
    }

    private Path page() {
        return out.resolve("report.html");
    }

    private void print(Results results, String model, String embed) {
        PrintWriter stdout = spec.commandLine().getOut();
        String next = "echo 'how do I pay an invoice?' | " + embed;
        if (options.json()) {
            stdout.println(
                    Json.line(new Json.Demo(model, page().toString(), Machine.describe(), next, results.inJson())));
            return;
        }
        stdout.println();
        stdout.print(TextTable.of(results.rows(), results.columns()));
        stdout.println();
        stdout.println(
                "static and random are controls on the same weights: what a budget buys without the gate. Where all tokens stay they hardly differ: what is saved there is narrow layers.");
        stdout.println("Curves, and sentences shaded by what their tokens got: " + page());
        stdout.println("The adaptive model: " + model);
        stdout.println("Next: " + next);
    }
}
