package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.Acm;
import io.tokenwise.acm.AdaptiveLayers;
import io.tokenwise.cli.CommonOptions.BudgetConverter;
import io.tokenwise.distill.ControlWidths;
import io.tokenwise.nn.Budget;
import java.io.IOException;
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
    private static final String KINDS = "width, modules or layers";

    /** What of the model each token gets. */
    enum Kind {
        WIDTH,
        MODULES,
        LAYERS;

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
                        + " each module what the gates of --like spend there on average; layers, a share of the layers."
            })
    private Kind kind;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            converter = BudgetConverter.class,
            description = "Share of the dense FLOPs that the control costs (default: " + USUAL_BUDGET + ").")
    private Double budget;

    @Option(
            names = "--like",
            paramLabel = "MODEL",
            description = "The adaptive model whose spending --control modules takes over (default: minilm-acm).")
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
        return kind != null;
    }

    private double share() {
        return budget == null ? USUAL_BUDGET : budget;
    }

    /** How many learners each module gives every token. */
    Map<String, Integer> widths(CommonOptions options, int layers, AdaptiveLayers adapt, List<int[]> texts)
            throws IOException {
        return switch (kind) {
            case WIDTH -> ControlWidths.even(layers, adapt, share());
            case LAYERS -> ControlWidths.layers(layers, adapt, share());
            case MODULES -> ControlWidths.like(layers, adapt, spending(options, texts));
        };
    }

    /** What each module of the adaptive model spends on texts, gate included, as a share of its dense FLOPs. */
    private Map<String, Double> spending(CommonOptions options, List<int[]> texts) throws IOException {
        try (TextEncoder model = options.open(like == null ? "minilm-acm" : like)) {
            Map<String, Acm> modules = new LinkedHashMap<>();
            model.encoder().acms().forEach(acm -> modules.put(acm.path(), acm));
            Map<String, double[]> spentAndDense = new LinkedHashMap<>();
            model.sessions().encode(texts, Budget.of(share()), (path, learners, tokens, gated) -> {
                Acm acm = modules.get(path);
                double[] sums = spentAndDense.computeIfAbsent(path, _ -> new double[2]);
                for (int token = 0; token < tokens; token++) {
                    sums[0] += (double) learners[token] * acm.learnerFlops();
                }
                sums[0] += (double) gated * acm.gateFlops();
                sums[1] += (double) tokens * acm.denseFlops();
            });
            Map<String, Double> shares = new LinkedHashMap<>();
            spentAndDense.forEach((path, sums) -> shares.put(path, sums[0] / sums[1]));
            return shares;
        }
    }
}
