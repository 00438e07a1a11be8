package io.tokenwise.cli;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.History;
import io.tokenwise.distill.ShorterTexts;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter.Existing;
import io.tokenwise.model.Objective;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "distill",
        header = "Make a model adaptive.",
        description = {
            "Makes of --model one whose inputs may each cost less, and trains it to give what the model gives: vectors,"
                    + " classes, scores of pairs, classes of tokens, transcripts.",
            "A --model that is adaptive goes on learning, from what it is at full budget: so a model learns texts of"
                    + " another kind in minutes.",
            "Training needs texts only (of a cross-encoder pairs: a query, a tab, a text), or the images or recordings that the model reads, no labels. It can be stopped"
                    + " at any time; the same command goes on from there.",
            "A tenth of them, 500 with 20,000 tokens at most, is not trained on: it shows the quality on the way,"
                    + " calibrates budgets, and gives the figures of the page DIR/report.html."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise distill --data texts.txt --out my-model",
            "  ./tokenwise distill --model minilm-acm --data more.txt --tokens 400000 --out my-model",
            "  ./tokenwise distill --model bge-small --data docs.jsonl.gz more.csv --field body --out my-model",
            "  ./tokenwise distill --data texts.txt --control modules --like my-model --budget 0.5 --out my-control",
            "  ./tokenwise distill --data texts.txt --control words --out my-list",
            "  ./tokenwise distill --model my-cross-encoder --data queries-with-texts.txt --out my-reranker",
            "  ./tokenwise distill --model my-vit --data cifar10.tar --out my-vit-acm",
            "  ./tokenwise distill --model moonshine-tiny --data recordings --out my-moonshine",
            "  ./tokenwise embed --model my-model --budget 0.5 < texts.txt"
        })
final class Distill implements Callable<Integer> {
    /** Steps that a kill costs at most: a minute or less. */
    private static final int STEPS_PER_CHECKPOINT = 25;

    /** So that a request for .25 is well within what was learnt; texts would lose a little at half by it (docs/lab/tried.md, Low budgets). */
    private static final double IMAGES_LOWEST_BUDGET = 0.15;

    private static final int SHADED_TEXTS = 5;
    private static final int SHADED_IMAGES = 12;
    private static final int SHADED_RECORDINGS = 8;
    private static final int MOST_SHADED_TOKENS = 40;

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.ADAPTABLE);

    @Spec
    private CommandSpec spec;

    @Mixin
    private AdaptOptions adapt;

    @Mixin
    private ControlOptions control;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "800000",
            converter = CommonOptions.CountConverter.class,
            description =
                    "Tokens to train on in all, of an image a token for each patch, of speech a frame, 41.7 a second"
                            + " (Moonshine) or 50 (wav2vec 2.0); texts, images or recordings come again when they are"
                            + " fewer (default: ${DEFAULT-VALUE}).")
    private int tokens;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            description = {
                "Texts like those that the model will see, UTF-8: one a line, or a field of .csv, .tsv (plain tabs, no"
                        + " quotes), both with a header, or .jsonl. Each may be .gz. For a model that reads images, a"
                        + " folder with a folder of images for each class, a .tar of one, or a folder with MNIST's files."
                        + " For a speech recogniser, WAV files, and folders with such."
            })
    private List<Path> data;

    @Option(
            names = "--field",
            paramLabel = "NAME",
            description = "Column or field that holds the text (default: " + DistillTexts.USUAL_FIELD
                    + "), or both of a pair's (default: " + DistillTexts.USUAL_PAIR + ").")
    private String field;

    @Option(
            names = "--pairs",
            description =
                    "Texts come in pairs, with a tab between them or in two fields: of cross-encoders always, of classifiers of texts where they were trained on pairs.")
    private boolean pairs;

    @Mixin
    private SplitOption split;

    @Mixin
    private MirrorOption mirror;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Folder for the adaptive model; new, or that of a distillation that was stopped.")
    private Path out;

    @Override
    public Integer call() throws IOException, InterruptedException {
        boolean wantsControl = control.wanted();
        PrintWriter err = spec.commandLine().getErr();
        BackendChoice training = options.training();
        try (ModelFiles files = Models.open(options.teacher());
                Backend backend = Backends.open(training, options.threads())) {
            DistillRun.check(files);
            DistillConfig config = config(files, wantsControl);
            var remarks = new ArrayList<String>();
            var words = new ArrayList<String>();
            List<int[]> inputs = switch (files.description().reads()) {
                case TEXT -> texts(files, remarks, words);
                case IMAGE -> images(files.image());
                case SOUND -> recordings(files.speech(), remarks);
            };
            var run = new DistillRun(files, inputs, config, out, Existing.KEEP, STEPS_PER_CHECKPOINT, adapt.stored());
            remarks.forEach(err::println);
            if (wantsControl) {
                DistillRun ofControl = control.ofWords()
                        ? run.withShorterTexts(new ShorterTexts(words, files.tokenizer()))
                        : run.withConfig(config.withFixed(
                                control.widths(options, files.description(), config.layers(), run.heldOut())));
                DistillProgress.run(
                        ofControl,
                        backend,
                        err,
                        history -> control.report(options, ofControl, data.getFirst(), history));
            } else {
                DistillProgress.run(run, backend, err, history -> report(run, history, err));
            }
        }
        return ExitCode.OK;
    }

    /** @param words get the texts themselves where the control needs them */
    private List<int[]> texts(ModelFiles files, List<String> remarks, List<String> words)
            throws IOException, InterruptedException {
        if (split.given() || mirror.given()) {
            throw new ParameterException(
                    spec.commandLine(), imageOption() + " is for images; " + options.teacher() + " reads texts");
        }
        if (field != null && data.stream().noneMatch(FieldFile::is)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--field is for .csv, .tsv and .jsonl; " + data.getFirst() + " has a text a line");
        }
        boolean two = readsPairs(files);
        String usual = two ? DistillTexts.USUAL_PAIR : DistillTexts.USUAL_FIELD;
        if (field != null && two && field.split(",", -1).length != 2) {
            throw new ParameterException(
                    spec.commandLine(), "--field is " + field + "; of pairs it names two, such as " + usual);
        }
        var texts = new DistillTexts(files, two, options.seed(), control.ofWords());
        for (Path file : data) {
            texts.read(file, field == null ? usual : field);
        }
        remarks.addAll(texts.remarks(tokens));
        if (control.ofWords()) {
            words.addAll(texts.all().words());
        }
        return texts.all().sequences();
    }

    private boolean readsPairs(ModelFiles files) {
        var model = (TextDescription) files.description();
        if (model.output().isScore()) {
            files.scores();
        }
        boolean can = DistillTexts.readsPairs(model)
                && (model.output() instanceof TextOutput.Answer
                        || files.tokenizer().frame().pair().isPresent());
        if (pairs && !can) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--pairs is for models that read two texts at once; " + options.teacher() + " is " + model.kind()
                            + (DistillTexts.readsPairs(model) ? " whose tokenizer.json has no form for pairs" : ""));
        }
        return can && (pairs || model.output().isScore());
    }

    private List<int[]> images(ImageDescription description) throws IOException, InterruptedException {
        if (ofTexts() || data.size() > 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    (ofTexts() ? textOption() + " is for texts" : "--data names " + data.size() + " files") + "; "
                            + options.teacher() + " reads images, from one folder or .tar");
        }
        return description
                .reader()
                .read(data.getFirst(), split.orUsual("train"))
                .shuffled(options.seed())
                .pixels();
    }

    private List<int[]> recordings(SpeechDescription description, List<String> remarks) throws IOException {
        if (ofTexts() || split.given() || mirror.given()) {
            throw new ParameterException(
                    spec.commandLine(),
                    (ofTexts() ? textOption() + " is for texts" : imageOption() + " is for images") + "; "
                            + options.teacher() + " hears recordings");
        }
        return DistillRecordings.read(data, description.sound(), options.seed(), remarks);
    }

    private boolean ofTexts() {
        return field != null || pairs;
    }

    private String textOption() {
        return field != null ? "--field" : "--pairs";
    }

    private String imageOption() {
        return split.given() ? "--split" : "--no-mirror";
    }

    private DistillConfig config(ModelFiles files, boolean wantsControl) {
        DistillConfig usual = DistillConfig.forTokens(tokens, options.seed()).withMirrored(mirror.mirrored());
        if (files.description().reads() == InputKind.IMAGE) {
            usual = usual.withLowestBudget(IMAGES_LOWEST_BUDGET);
        }
        AdaptiveConfig known = AdaptiveConfig.of(files.description());
        Optional<AcmConfig> acm = known.acm();
        boolean tokensLeave = known.shortPath().isPresent();
        if (control.ofWords()) {
            checkWords(files.description());
        }
        if (acm.isEmpty() && !tokensLeave) {
            if (control.ofWords()) {
                return usual;
            }
            return usual.withLayers(
                    wantsControl ? adapt.layersOfControl(files.description()) : adapt.layers(files.description()));
        }
        for (String option : List.of("--control", "--adapt", "--learners", "--mlp-learners")) {
            if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
                throw new ParameterException(
                        spec.commandLine(),
                        option + " is for dense models: " + options.teacher() + " is adaptive ("
                                + (tokensLeave
                                        ? AdaptiveLayers.LEAVING
                                        : acm.get().layers())
                                + ") and goes on learning as it is");
            }
        }
        return usual.suiting(files.description());
    }

    private void checkWords(ModelDescription model) {
        if (model.objective() != Objective.VECTORS) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--control words is for text encoders; " + options.teacher() + " is " + model.kind());
        }
        for (String option : List.of("--adapt", "--learners", "--mlp-learners")) {
            if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
                throw new ParameterException(
                        spec.commandLine(),
                        option + " is for models with learners: --control words trains a dense one");
            }
        }
    }

    private void report(DistillRun run, History history, PrintWriter err) throws IOException, InterruptedException {
        Path page = out.resolve("report.html");
        List<int[]> heldOut = run.heldOut();
        List<int[]> shaded = switch (run.files().description().reads()) {
            case TEXT ->
                heldOut.stream()
                        .filter(input -> input.length <= MOST_SHADED_TOKENS)
                        .limit(SHADED_TEXTS)
                        .toList();
            case IMAGE -> heldOut.stream().limit(SHADED_IMAGES).toList();
            case SOUND -> heldOut.stream().limit(SHADED_RECORDINGS).toList();
        };
        var measured = run.files().description().reads() == InputKind.TEXT
                ? BudgetMeasurements.Data.of(heldOut, run.files().description())
                : new BudgetMeasurements.Data(heldOut, List.of(), List.of());
        boolean wasAdaptive = run.files().description().acm().isPresent();
        String title = options.teacher() + (wasAdaptive ? ", after more learning" : " made adaptive");
        String source = data.size() == 1 ? data.getFirst().getFileName().toString() : data.size() + " files";
        Results results = new DistilledReport(options, options.teacher(), out.toString(), page, measured, shaded)
                .write(title, DistilledReport.distilled(history, source, "distill"), history, err);
        PrintWriter stdout = spec.commandLine().getOut();
        History.Quality quality = history.qualities().getLast();
        if (options.json()) {
            stdout.println(Json.line(new Json.Distilled(
                    options.teacher(),
                    out.toString(),
                    run.config().layers().learners(),
                    page.toString(),
                    new Json.HeldOut(
                            heldOut.size(),
                            DistillRun.SHOWN_BUDGET,
                            results.ofScores() ? null : quality.agreement(),
                            quality.spent(),
                            results.ofScores() ? quality.agreement() : null),
                    results.inJson())));
            return;
        }
        stdout.print(TextTable.of(results.rows(), results.columns()));
        stdout.println("The adaptive model is in " + out + ", curves and losses in " + page);
        stdout.println("Next: ./tokenwise info " + out);
    }
}
