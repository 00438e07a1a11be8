package io.tokenwise.cli;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.cli.CommonOptions.BudgetConverter;
import io.tokenwise.distill.Agreement;
import io.tokenwise.distill.ControlWidths;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.History;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelShapes;
import io.tokenwise.model.Objective;
import io.tokenwise.session.OpenModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Asks for a control instead of an adaptive model: a student without gates that costs the same. */
final class ControlOptions {
    private static final double USUAL_BUDGET = 0.5;
    private static final String KINDS = "width, modules, layers or words";

    /** What of the model each token gets. */
    enum Kind {
        WIDTH,
        MODULES,
        LAYERS,
        WORDS;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Reads the name of a kind. */
    static final class KindConverter implements ITypeConverter<Kind> {
        @Override
        public Kind convert(String text) {
            return CommonOptions.constant(Kind.values(), Kind::label, text, KINDS);
        }
    }

    @Option(
            names = "--control",
            paramLabel = "KIND",
            converter = KindConverter.class,
            description = {
                "Train a control instead, without gates and for one budget: width, every token gets the same share of every module; modules, of"
                        + " each module what the gates of --like spend there on average; layers, a share of the layers. Or words, for all"
                        + " budgets: a dense model that is given texts without their most frequent words."
            })
    private Kind kind;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            converter = BudgetConverter.class,
            description =
                    "Share of the dense FLOPs that the control costs; not of words (default: " + USUAL_BUDGET + ").")
    private Double budget;

    @Option(
            names = "--like",
            paramLabel = "MODEL",
            description = "The adaptive model whose learners' spending --control modules takes over.")
    private String like;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** @throws ParameterException if other options make no sense */
    boolean wanted() {
        if (kind == null && budget != null || kind != Kind.MODULES && like != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    budget != null && kind == null
                            ? "--budget is for --control: an adaptive model is trained for all budgets"
                            : "--like is for --control modules");
        }
        if (ofWords() && budget != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--budget is for other controls: --control words is trained for any share of the words");
        }
        return kind != null;
    }

    /** Whether it is the control that is dense and given fewer words. */
    boolean ofWords() {
        return kind == Kind.WORDS;
    }

    private double share() {
        return budget == null ? USUAL_BUDGET : budget;
    }

    /**
     * How many learners each module gives every token, unless the control is one of words.
     *
     * @param dense the model that the control is made of
     * @param inputs on which the spending of an adaptive model is measured
     */
    Map<String, Integer> widths(CommonOptions options, ModelDescription dense, AdaptiveLayers adapt, List<int[]> inputs)
            throws IOException {
        List<List<String>> layers = ModelShapes.of(dense).layerPaths();
        return switch (kind) {
            case WIDTH -> ControlWidths.even(layers, adapt, share());
            case LAYERS -> ControlWidths.layers(layers, adapt, share());
            case WORDS -> throw new IllegalStateException("a dense control has no learners");
            case MODULES -> ControlWidths.like(layers, adapt, spending(options, like(dense), dense, inputs));
        };
    }

    /**
     * Prints what the control is worth.
     *
     * @param data the first file that it learnt from
     */
    void report(CommonOptions options, DistillRun run, Path data, History history) {
        ModelDescription model = run.files().description();
        History.Quality quality = history.qualities().getLast();
        PrintWriter stdout = spec.commandLine().getOut();
        if (options.json()) {
            boolean ofScores = model.objective() == Objective.SCORES;
            stdout.println(Json.line(new Json.Control(
                    options.teacher(),
                    run.out().toString(),
                    kind.label(),
                    new Json.HeldOut(
                            run.heldOut().size(),
                            ofWords() ? DistillRun.SHOWN_BUDGET : share(),
                            ofScores ? null : quality.agreement(),
                            quality.spent(),
                            ofScores ? quality.agreement() : null))));
        } else if (ofWords()) {
            reportWords(stdout, run.out(), quality);
        } else {
            reportWidths(stdout, run.out(), model, data, quality);
        }
    }

    private static void reportWords(PrintWriter stdout, Path out, History.Quality quality) {
        stdout.printf(
                Locale.ROOT,
                "The control is in %s: with half of the words, %.3f of the tokens, cosine to the teacher on"
                        + " held-out texts %.4f%nNext: ./tokenwise bench frontier --rival list=%s@0.7 --rival"
                        + " list=%s@0.5%n",
                out,
                quality.spent(),
                quality.agreement(),
                out,
                out);
    }

    private static void reportWidths(
            PrintWriter stdout, Path out, ModelDescription model, Path data, History.Quality quality) {
        String next = switch (model.reads()) {
            case TEXT -> model.objective() == Objective.VECTORS ? "eval sts FILE.csv --model" : "info";
            case IMAGE -> "eval vit " + data + " --model";
            case SOUND -> "eval asr FILE.csv --model";
        };
        stdout.printf(
                Locale.ROOT,
                "The control is in %s: it spends %.3f, %s to the teacher on held-out %s %.4f%n"
                        + "Next: ./tokenwise %s %s%n",
                out,
                quality.spent(),
                Agreement.name(model),
                model.inputs(),
                quality.agreement(),
                next,
                out);
    }

    private String like(ModelDescription dense) {
        if (like == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--control modules needs --like, an adaptive model with learners (distill --adapt mlp) that was made of "
                            + dense.name());
        }
        return like;
    }

    /** What each module of the adaptive model spends on inputs, gate included, as a share of its dense FLOPs. */
    private Map<String, Double> spending(
            CommonOptions options, String adaptive, ModelDescription dense, List<int[]> inputs) throws IOException {
        try (OpenModel model = OpenModel.open(adaptive, options.engineOptions(), files -> check(files, dense))) {
            var spending = new Spending(model.encoder().acms());
            BudgetMeasurements.run(model, inputs, Budget.flops(share()), spending);
            Map<String, Double> shares = new LinkedHashMap<>();
            model.encoder().acms().forEach(acm -> shares.put(acm.path(), spending.share(acm.path())));
            return shares;
        }
    }

    private static void check(ModelFiles adaptive, ModelDescription dense) {
        if (!adaptive.description().inputs().equals(dense.inputs())) {
            throw new BadFileException(
                    adaptive.description().name(),
                    "reads " + adaptive.description().inputs() + ", where --like must read " + dense.inputs());
        }
        if (AdaptiveConfig.of(adaptive.description()).acm().isEmpty()) {
            throw new BadFileException(
                    adaptive.description().name(),
                    "has no learners, whose spending --control modules could take over: distill --adapt mlp makes such a model");
        }
    }
}
