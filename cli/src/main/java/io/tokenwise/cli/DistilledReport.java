package io.tokenwise.cli;

import io.tokenwise.Classification;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.cli.BudgetMeasurements.Quality;
import io.tokenwise.cli.Report.ShadedImage;
import io.tokenwise.cli.Report.ShadedRecording;
import io.tokenwise.cli.Report.ShadedText;
import io.tokenwise.distill.Agreement;
import io.tokenwise.distill.History;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.OpenModel;
import io.tokenwise.tokenizer.TokenTypes;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Measures a distilled model beside its teacher and its controls, and makes the page of it.
 *
 * @param options how models run
 * @param teacher the dense model, or an adaptive one that went on learning from its own dense blocks
 * @param model the adaptive one: a folder or a built-in name
 * @param page the file to write
 * @param data what is measured on
 * @param shaded token sequences or images to show token by token
 */
record DistilledReport(
        CommonOptions options,
        String teacher,
        String model,
        Path page,
        BudgetMeasurements.Data data,
        List<int[]> shaded) {
    private static final double SHADED_BUDGET = 0.5;

    /**
     * Measures, writes the page and returns the figures.
     *
     * @param title of the page
     * @param origin of the model, in words
     * @param history of its training; empty if that is not known
     */
    Results write(String title, String origin, History history, PrintWriter err)
            throws IOException, InterruptedException {
        BudgetMeasurements measurements;
        List<Quality> qualities;
        ModuleLearners modules;
        Budget.Unit unit;
        try (OpenModel dense = openDense(options.engineOptions());
                OpenModel adaptive = open(options.engineOptions())) {
            unit = adaptive.encoder().budgetUnit();
            measurements = new BudgetMeasurements(data, unit, options.seed(), err);
            qualities = measurements.quality(dense, adaptive);
            modules = measurements.moduleLearners(adaptive);
        }
        Results results;
        ModelDescription description;
        var sentences = new ArrayList<ShadedText>();
        var images = new ArrayList<ShadedImage>();
        var recordings = new ArrayList<ShadedRecording>();
        EngineOptions oneThread = options.engineOptions().withThreads(1);
        try (OpenModel dense = openDense(oneThread);
                OpenModel adaptive = open(oneThread)) {
            results = measurements.results(qualities, dense, adaptive);
            description = adaptive.files().description();
            switch (description.reads()) {
                case TEXT -> shaded.forEach(ids -> sentences.add(shadeText(adaptive, ids)));
                case SOUND -> shaded.forEach(samples -> recordings.add(shadeSpeech(adaptive, samples)));
                case IMAGE -> shaded.forEach(pixels -> images.add(shadeImage(adaptive, pixels)));
            }
        }
        var report = new Report(
                title,
                origin,
                Machine.describe(),
                results,
                modules,
                history,
                sentences,
                images,
                recordings,
                shading(description.inputs(), unit),
                notes(description, unit, !history.steps().isEmpty()));
        AtomicFiles.write(page, ReportPage.of(report));
        return results;
    }

    private OpenModel openDense(EngineOptions how) throws IOException {
        return OpenModel.open(Models.open(teacher).dense(), how, files -> {});
    }

    private OpenModel open(EngineOptions how) throws IOException {
        return OpenModel.open(model, how, files -> {});
    }

    /** The origin of a model that was distilled by a command on some data. */
    static String distilled(History history, String data, String command) {
        return String.format(
                Locale.ROOT,
                "Distilled on %,d tokens of %s, without labels, by ./tokenwise %s",
                history.steps().stream().mapToLong(step -> step.tokens()).sum(),
                data,
                command);
    }

    /** The learners of each token in each module at the budget {@link #SHADED_BUDGET}. */
    private static ShadedText shadeText(OpenModel model, int[] ids) {
        var modules = new ArrayList<String>();
        var learners = new ArrayList<int[]>();
        model.sessions().rows(List.of(ids), model.encoder().budget(SHADED_BUDGET), (module, used, count, gated) -> {
            modules.add(ModuleName.of(module));
            learners.add(Arrays.copyOf(used, count));
        });
        int most = model.encoder().modules().getFirst().learners();
        int[] words = Arrays.stream(ids).map(TokenTypes::id).toArray();
        return new ShadedText(model.files().tokenizer().tokens(words), modules, learners.toArray(int[][]::new), most);
    }

    /** The mean share of learners of each patch at the budget {@link #SHADED_BUDGET}. */
    private static ShadedImage shadeImage(OpenModel model, int[] pixels) {
        Budget budget = model.encoder().budget(SHADED_BUDGET);
        ImageDescription classes = model.files().image();
        Classification found = Classification.of(
                model.encode(List.of(pixels), List.of(budget))[0], classes.labels(), classes.several());
        String caption = String.format(Locale.ROOT, "%s, %.0f %%", found.label(), 100 * found.probability());
        return new ShadedImage(caption, ShadedPatches.png(model, pixels, ShadedPatches.shares(model, pixels, budget)));
    }

    /** The words and the mean share of learners of each frame at the budget {@link #SHADED_BUDGET}. */
    private static ShadedRecording shadeSpeech(OpenModel model, int[] bits) {
        var learners = new FrameLearners(Acmizer.modules(model.encoder().tokenSlots()));
        WrittenWords words =
                WrittenWords.of(model, List.of(bits), model.encoder().budget(SHADED_BUDGET), learners);
        var samples = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            samples[i] = Float.intBitsToFloat(bits[i]);
        }
        var picture = new SpokenPicture(
                samples, learners.shares(), model.files().speech().sound());
        return new ShadedRecording(words.texts().getFirst(), picture.png());
    }

    private static String shading(String inputs, Budget.Unit unit) {
        if (unit == Budget.Unit.TIME) {
            return "Each token is shaded if it stays: the others go through no layer.";
        }
        return switch (inputs) {
            case "texts" -> "Each token is shaded by the learners that it used, each module below it.";
            case "recordings" ->
                "The words of each recording, its spectrogram, and under it, frame by frame, the share of all learners that the encoder used.";
            default -> "Each image beside itself, where each patch is shaded by the learners that it used.";
        };
    }

    private static String ofTexts(ModelDescription model) {
        return switch (model.objective()) {
            case VECTORS -> ".";
            case TOKEN_CLASSES -> "; same class is the share of tokens that get the dense model's.";
            default ->
                "; " + Agreement.keptName(model) + " is the share of "
                        + (model.outputs() == 1
                                ? "any two of them that stand in the dense model's."
                                : "them that get the dense model's.");
        };
    }

    private List<String> notes(ModelDescription model, Budget.Unit unit, boolean trainedHere) {
        String inputs = model.inputs();
        String kept = data.queries().isEmpty()
                ? switch (inputs) {
                    case "texts" -> ofTexts(model);
                    case "recordings" ->
                        " and the mean of its frames; words kept is the share of the words that the dense model writes that are written still, decoder and all."
                                + " FLOPs and times are the encoder's, for a frame and for a recording.";
                    default ->
                        "; same class is the share of images that get the dense model's class, which may have been trained on them.";
                }
                : String.format(
                        Locale.ROOT,
                        "; top 10 kept is the share of the dense model's ten nearest neighbours that are still among the ten, for"
                                + " %,d queries over %,d texts.",
                        data.queries().size(),
                        data.corpus().size());
        return List.of(
                String.format(
                                Locale.ROOT,
                                "Quality is the %s between what the adaptive model gives and what the dense model gives over %,d"
                                        + " %s%s",
                                Agreement.name(model).equals("cosine") ? "mean cosine" : Agreement.name(model),
                                data.heldOut().size(),
                                inputs,
                                trainedHere ? " that were kept from this training" : "")
                        + kept,
                (unit == Budget.Unit.TIME
                                ? "Budget is the share of the dense model's time that an input of its length may take, as this machine's cost model predicts;"
                                        + " tokens that stay is their share of all tokens."
                                : "Budget is the share of the adaptive layers' dense FLOPs that learners and gates may spend; all else always runs.")
                        + " A multiply-add counts as one FLOP. Times are medians of one input a call on one thread,"
                        + " all ways interleaved.",
                (unit == Budget.Unit.TIME
                                ? "Static and random are controls on the same weights at the same cost: the first tokens stay, or any. They are shaded at budget "
                                : "Static and random are controls on the same weights at the same cost: every token the same number of"
                                        + " learners, and the gates' numbers dealt to random tokens. They are shaded at budget ")
                        + SHADED_BUDGET + ". Losses of different phases are not comparable.");
    }
}
