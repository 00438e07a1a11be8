package io.tokenwise.cli;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.choice.CudaStatus;
import io.tokenwise.cost.CostModel;
import io.tokenwise.cost.CostTables;
import io.tokenwise.cost.Sizes;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.OpenModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "info",
        header = "Tell what a model holds and costs.",
        description =
                "Prints a model's layers, sizes, learners, parameters, FLOPs per token at some budgets, and how long the dense model is"
                        + " predicted to take on one thread: from a table that was measured on this machine, or else one that comes with the build for a CPU with"
                        + " such instructions.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise info minilm",
            "  ./tokenwise info my-model --json",
            "  ./tokenwise info minilm --measure"
        })
final class Info implements Callable<Integer> {
    /** Attention's share of the work grows with the text's length: FLOPs are given for a text of this many tokens. */
    private static final int TOKENS = 128;

    private static final int SHOWN_CLASSES = 10;

    /** Of the texts whose time is predicted. */
    private static final List<Integer> LENGTHS = List.of(16, 32, 64, 128, 256);

    private static final List<Double> TIMES = List.of(0.85, 0.7, 0.5, 0.35);

    private static final List<Double> BUDGETS = List.of(0.25, 0.5, 0.75, 1.0);

    @Mixin
    private Tokenwise.Help help;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "MODEL",
            description =
                    "A model directory in Hugging Face's layout, or a built-in one: minilm, minilm-acm, vit-cifar10, vit-cifar10-acm, or what"
                            + " fetch brings: bge-small, e5-small, bert-base, moonshine-tiny, moonshine-base.")
    private String model;

    @Option(
            names = "--measure",
            description =
                    "Measure this machine for the model's sizes first, which takes some seconds, and keep that for all later runs. Nothing else should"
                            + " run meanwhile.")
    private boolean measure;

    @Option(names = "--json", description = "Print one JSON object on stdout.")
    private boolean json;

    @Option(names = "--verbose", description = "Show where a failure happened.")
    private boolean verbose;

    @Override
    public Integer call() throws IOException {
        ModelFiles files = Models.open(model);
        List<String> stored = files.weights().names().stream()
                .map(files.weights()::type)
                .distinct()
                .sorted()
                .toList();
        try (OpenModel opened = OpenModel.open(files, EngineOptions.defaults(), any -> {})) {
            if (measure && opened.files().description().reads() == InputKind.SOUND) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--measure: " + model + " is for speech; the time of texts and images is predicted");
            }
            if (measure && opened.files().description().architecture().layers() == 0) {
                throw new ParameterException(
                        spec.commandLine(), "--measure: " + model + " has no layers whose time could be predicted");
            }
            Json.Info info = info(opened, stored);
            spec.commandLine().getOut().println(json ? Json.line(info) : text(info));
        }
        return ExitCode.OK;
    }

    private Json.Info info(OpenModel opened, List<String> stored) {
        Encoder network = opened.encoder();
        ModelDescription description = opened.files().description();
        int tokens = description.reads() == InputKind.IMAGE ? description.maxTokens() : TOKENS;
        List<Acm> acms = network.acms();
        Map<String, Double> flops = new LinkedHashMap<>();
        flops.put("dense", network.flopsPerToken(tokens, 1));
        if (network.isAdaptive()) {
            BUDGETS.forEach(budget -> flops.put(budget.toString(), network.flopsPerToken(tokens, budget)));
        }
        return new Json.Info(
                model,
                description.architecture().layers(),
                network.hidden(),
                acms.isEmpty() ? null : acms.getFirst().learners(),
                acms.stream()
                        .filter(acm -> acm.path().endsWith(".mlp"))
                        .map(Acm::trained)
                        .findFirst()
                        .orElse(null),
                network.parameterCount(),
                description.maxTokens(),
                stored,
                tokens,
                opened.backend().name(),
                opened.backend().precision().label(),
                CudaStatus.describe(),
                flops,
                description.inputs(),
                description.labels(),
                network.leaving().isPresent(),
                cost(network, description, opened.backend()));
    }

    private Json.Cost cost(Encoder network, ModelDescription description, Backend backend) {
        if (description.reads() == InputKind.SOUND || description.architecture().layers() == 0) {
            return null;
        }
        int most = description.maxTokens();
        var sizes = description.architecture().sizes();
        CostTables.Found found = measure ? measured(backend, sizes) : CostTables.find(backend);
        var model = new CostModel(found.table(), sizes, most);
        Map<Integer, Double> millis = new LinkedHashMap<>();
        List<Integer> lengths = description.reads() == InputKind.IMAGE ? List.of(most) : LENGTHS;
        lengths.stream()
                .filter(tokens -> tokens <= most)
                .forEach(tokens -> millis.put(tokens, Math.round(model.micros(tokens)) / 1e3));
        return new Json.Cost(found.label(), !found.shipped(), millis, plans(network, lengths));
    }

    /** What inputs get of a model whose tokens leave; empty of others. */
    private static List<Json.Plan> plans(Encoder network, List<Integer> lengths) {
        if (network.leaving().isEmpty()) {
            return List.of();
        }
        ShortPlans plans = network.leaving().get().plans();
        var shown = new ArrayList<Json.Plan>();
        for (int tokens : lengths) {
            for (double budget : TIMES) {
                ShortPlan plan = plans.plan(tokens, Budget.of(budget));
                shown.add(new Json.Plan(
                        tokens,
                        budget,
                        plan.rows(),
                        plan.narrowLayers(),
                        Math.round(plans.micros(tokens, plan)) / 1e3));
            }
        }
        return shown;
    }

    private static CostTables.Found measured(Backend backend, Sizes sizes) {
        try (Backend one = Backends.open(new BackendChoice(backend.kind(), backend.precision()), 1)) {
            return CostTables.measure(one, List.of(sizes, StayGate.SIZES));
        }
    }

    private static void flops(Json.Info info, String input, StringBuilder text) {
        text.append("MFLOPs per token of ")
                .append(input)
                .append(" of ")
                .append(info.flopsAtTokens())
                .append(info.inputs().equals("recordings") ? " tokens, without its text" : " tokens");
        info.flopsPerToken()
                .forEach((budget, flops) -> text.append(String.format(
                        Locale.ROOT,
                        "%n  %-16s%.2f",
                        budget.equals("dense") ? budget : "flops " + budget,
                        flops / 1e6)));
    }

    static String layers(int count) {
        return count == 0 ? "none: a table of tokens' vectors," : String.valueOf(count);
    }

    private static String learners(Json.Info info) {
        if (info.learners() == null) {
            return info.tokensLeave() ? "none: tokens leave before the first layer" : "none: a dense model";
        }
        String ofMlp = info.mlpLearners() == null ? "" : "; a token's MLP has up to " + info.mlpLearners() + ", or all";
        return info.learners() + " a module" + ofMlp;
    }

    private static String text(Json.Info info) {
        var text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%-18s%s%n", "model", info.model()));
        text.append(
                String.format(Locale.ROOT, "%-18s%s of width %d%n", "layers", layers(info.layers()), info.hidden()));
        text.append(String.format(Locale.ROOT, "%-18s%s%n", "learners", learners(info)));
        text.append(String.format(Locale.ROOT, "%-18s%,d%n", "parameters", info.parameters()));
        text.append(String.format(Locale.ROOT, "%-18s%s%n", "stored as", String.join(", ", info.stored())));
        boolean images = !info.labels().isEmpty();
        String input = info.inputs().substring(0, info.inputs().length() - 1);
        text.append(String.format(
                Locale.ROOT, "%-18s%d tokens%n", images ? "an image" : "longest " + input, info.maxTokens()));
        if (images) {
            text.append(String.format(Locale.ROOT, "%-18s%s%n", "classes", classes(info.labels())));
        }
        text.append(String.format(
                Locale.ROOT, "%-18s%s, precision %s%n", "backend here", info.backend(), info.precision()));
        text.append(String.format(Locale.ROOT, "%-18s%s%n", "cuda", info.cuda()));
        if (info.layers() > 0) {
            flops(info, images ? "an image" : "a " + input, text);
        }
        if (info.cost() != null) {
            text.append(String.format(
                    Locale.ROOT,
                    "%nms of the dense model on one thread, predicted; table %s",
                    info.cost().table()));
            info.cost()
                    .predictedMillis()
                    .forEach((tokens, millis) ->
                            text.append(String.format(Locale.ROOT, "%n  %-16s%.3f", tokens + " tokens", millis)));
            info.cost()
                    .plans()
                    .forEach(plan -> text.append(String.format(
                            Locale.ROOT,
                            "%n  %-16s%.3f   %d stay, %d narrow layers",
                            plan.tokens() + " at " + plan.budget(),
                            plan.predictedMillis(),
                            plan.rows(),
                            plan.narrowLayers())));
        }
        return text.toString().stripTrailing();
    }

    /** How many there are, and the first of them. */
    static String classes(List<String> labels) {
        String some = String.join(", ", labels.subList(0, Math.min(SHOWN_CLASSES, labels.size())));
        return labels.size() + ": " + some + (labels.size() > SHOWN_CLASSES ? ", ..." : "");
    }
}
