package io.tokenwise.cli;

import io.tokenwise.EncoderOptions;
import io.tokenwise.TextEncoder;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.cli.DemoMeasurements.Quality;
import io.tokenwise.cli.Report.ShadedText;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.ModelWriter;
import io.tokenwise.nn.Budget;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
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
    private static final double SHADED_BUDGET = 0.5;

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

    @Option(
            names = "--learners",
            paramLabel = "N",
            defaultValue = "4",
            converter = CommonOptions.CountConverter.class,
            description = "Learners of each module (default: ${DEFAULT-VALUE}).")
    private int learners;

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
        DemoTexts texts = distill(training, model, err);
        var measurements = new DemoMeasurements(texts, options.seed(), err);
        List<Quality> qualities;
        try (TextEncoder teacher = options.open(options.model());
                TextEncoder adaptive = options.open(model.toString())) {
            qualities = measurements.quality(teacher, adaptive);
        }
        Results results;
        List<ShadedText> shaded;
        EncoderOptions oneThread = options.encoderOptions().withThreads(1);
        try (TextEncoder teacher = TextEncoder.open(options.model(), oneThread);
                TextEncoder adaptive = TextEncoder.open(model.toString(), oneThread)) {
            results = measurements.results(qualities, teacher, adaptive);
            shaded = SENTENCES.stream()
                    .map(sentence -> shade(adaptive, sentence))
                    .toList();
        }
        Report report = report(results, shaded);
        AtomicFiles.write(page, stream -> stream.write(ReportPage.of(report).getBytes(StandardCharsets.UTF_8)));
        print(results, model, page);
        return ExitCode.OK;
    }

    private DemoTexts distill(BackendChoice training, Path model, PrintWriter err)
            throws IOException, InterruptedException {
        DistillConfig config = DistillConfig.forTokens(tokens, options.seed()).withLearners(learners);
        try (ModelFiles files = ModelFiles.open(options.model());
                Backend backend = training.open(options.threads())) {
            DemoTexts texts = DemoTexts.read(files.tokenizer(), tokens, options.seed());
            var run = new DistillRun(
                    files, texts.training(), config, model, ModelWriter.Existing.REPLACE, CHECKPOINT_STEPS);
            DistillProgress.run(run, backend, err);
            return texts;
        }
    }

    /** The learners of each token in each layer at the budget {@link #SHADED_BUDGET}. */
    private static ShadedText shade(TextEncoder model, String sentence) {
        int[] ids = model.tokenizer().encode(sentence).ids();
        var layers = new ArrayList<int[]>();
        model.sessions()
                .encode(
                        List.of(ids),
                        Budget.of(SHADED_BUDGET),
                        (module, used, count) -> layers.add(Arrays.copyOf(used, count)));
        int most = model.encoder().acms().getFirst().learners();
        return new ShadedText(model.tokenizer().tokens(ids), layers.toArray(int[][]::new), most);
    }

    private Report report(Results results, List<ShadedText> shaded) {
        return new Report(
                options.model() + " made adaptive",
                "Distilled on " + String.format(Locale.ROOT, "%,d", tokens)
                        + " tokens of WordNet, without labels, by ./tokenwise demo",
                Machine.describe(),
                results,
                shaded,
                List.of(
                        "Quality is the mean cosine between the adaptive model's vectors and the dense model's over 1,000 texts"
                                + " that were not trained on; top 10 kept is the share of the dense model's ten nearest"
                                + " neighbours that are still among the ten, for 200 queries over 1,000 texts.",
                        "Budget is the share of the MLPs' dense FLOPs that learners and gates may spend; attention always runs."
                                + " A multiply-add counts as one FLOP. Times are medians of one text a call on one thread,"
                                + " all ways interleaved.",
                        "Static and random are controls on the same weights at the same cost: every token the same number of"
                                + " learners, and the gates' numbers dealt to random tokens. Sentences are shaded at budget "
                                + SHADED_BUDGET + "."));
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
