package io.tokenwise.cli;

import io.tokenwise.EncoderOptions;
import io.tokenwise.TextEncoder;
import io.tokenwise.cli.BudgetMeasurements.Quality;
import io.tokenwise.cli.Report.ShadedText;
import io.tokenwise.distill.History;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.nn.Budget;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
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
 * @param texts what is measured on
 * @param shaded token sequences to show token by token
 */
record DistilledReport(
        CommonOptions options,
        String teacher,
        String model,
        Path page,
        BudgetMeasurements.Texts texts,
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
        var measurements = new BudgetMeasurements(texts, options.seed(), err);
        List<Quality> qualities;
        ModuleLearners modules;
        try (TextEncoder dense = openDense(options.encoderOptions());
                TextEncoder adaptive = options.open(model)) {
            qualities = measurements.quality(dense, adaptive);
            modules = measurements.moduleLearners(adaptive);
        }
        Results results;
        List<ShadedText> sentences;
        EncoderOptions oneThread = options.encoderOptions().withThreads(1);
        try (TextEncoder dense = openDense(oneThread);
                TextEncoder adaptive = TextEncoder.open(model, oneThread)) {
            results = measurements.results(qualities, dense, adaptive);
            sentences = shaded.stream().map(ids -> shade(adaptive, ids)).toList();
        }
        var report = new Report(
                title,
                origin,
                Machine.describe(),
                results,
                modules,
                history,
                sentences,
                notes(!history.steps().isEmpty()));
        AtomicFiles.write(page, stream -> stream.write(ReportPage.of(report).getBytes(StandardCharsets.UTF_8)));
        return results;
    }

    private TextEncoder openDense(EncoderOptions how) throws IOException {
        return TextEncoder.open(ModelFiles.open(teacher).dense(), how);
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
    private static ShadedText shade(TextEncoder model, int[] ids) {
        var modules = new ArrayList<int[]>();
        model.sessions()
                .encode(
                        List.of(ids),
                        Budget.of(SHADED_BUDGET),
                        (module, used, count, gated) -> modules.add(Arrays.copyOf(used, count)));
        int most = model.encoder().acms().getFirst().learners();
        return new ShadedText(model.tokenizer().tokens(ids), modules.toArray(int[][]::new), most);
    }

    private List<String> notes(boolean trainedHere) {
        String kept = texts.queries().isEmpty()
                ? "."
                : String.format(
                        Locale.ROOT,
                        "; top 10 kept is the share of the dense model's ten nearest neighbours that are still among the ten, for"
                                + " %,d queries over %,d texts.",
                        texts.queries().size(),
                        texts.corpus().size());
        return List.of(
                String.format(
                                Locale.ROOT,
                                "Quality is the mean cosine between the adaptive model's vectors and the dense model's over %,d texts%s",
                                texts.heldOut().size(),
                                trainedHere ? " that were kept from this training" : "")
                        + kept,
                "Budget is the share of the adaptive layers' dense FLOPs that learners and gates may spend; all else always runs."
                        + " A multiply-add counts as one FLOP. Times are medians of one text a call on one thread,"
                        + " all ways interleaved.",
                "Static and random are controls on the same weights at the same cost: every token the same number of"
                        + " learners, and the gates' numbers dealt to random tokens. Sentences are shaded at budget "
                        + SHADED_BUDGET + ". Losses of different phases are not comparable.");
    }
}
