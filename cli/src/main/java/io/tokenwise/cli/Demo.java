package io.tokenwise.cli;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.ModelWriter;
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
import picocli.CommandLine.Spec;

@Command(
        name = "demo",
        header = "See the whole path in a few minutes.",
        description = {
            "Makes the built-in sentence encoder adaptive, on this CPU, with text that came with the build, and shows what a"
                    + " lower budget saves and costs: a table here, and a page with curves and shaded sentences.",
            "The adaptive model stays in a folder for the other commands."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  ./tokenwise demo", "  ./tokenwise demo --out my-demo --seed 7"})
final class Demo implements Callable<Integer> {
    private static final int CHECKPOINT_STEPS = 100;

    private static final List<String> SENTENCES = List.of(
            "The cat sat on the mat.",
            "How do I reset the password of my account?",
            "The committee postponed its decision on the new railway line until the autumn.",
            "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
            "Shipping is free for orders over 50 euros, and returns are accepted within 30 days.");

    @Mixin
    private CommonOptions options;

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
        PrintWriter err = spec.commandLine().getErr();
        BackendChoice training = options.training();
        Path model = out.resolve("model");
        Path page = out.resolve("report.html");
        Files.createDirectories(out);
        DistillConfig config = DistillConfig.forTokens(tokens, options.seed()).withLayers(adapt.layers());
        try (ModelFiles files = ModelFiles.open(options.model());
                Backend backend = training.open(options.threads())) {
            DemoTexts texts = DemoTexts.read(files.tokenizer(), tokens, options.seed());
            List<int[]> shaded = SENTENCES.stream()
                    .map(sentence -> files.tokenizer().encode(sentence).ids())
                    .toList();
            var report = new DistilledReport(options, model, page, "demo", "WordNet", texts.measured(), shaded);
            var run = new DistillRun(
                    files, texts.training(), config, model, ModelWriter.Existing.REPLACE, CHECKPOINT_STEPS);
            DistillProgress.run(run, backend, err, history -> print(report.write(history, err), model, page));
        }
        return ExitCode.OK;
    }

    private void print(Results results, Path model, Path page) {
        PrintWriter stdout = spec.commandLine().getOut();
        String next = "echo 'how do I pay an invoice?' | ./tokenwise embed --model " + model + " --budget 0.5";
        if (options.json()) {
            stdout.println(Json.line(new Json.Demo(
                    model.toString(),
                    page.toString(),
                    Machine.describe(),
                    next,
                    results.rows().stream().map(Json.DemoRow::of).toList())));
            return;
        }
        stdout.println();
        stdout.print(TextTable.of(results.rows(), results.columns()));
        stdout.println();
        stdout.println("static and random are controls on the same weights: what a budget buys without the gate.");
        stdout.println("Curves and sentences shaded by learners: " + page);
        stdout.println("The adaptive model: " + model);
        stdout.println("Next: " + next);
    }
}
