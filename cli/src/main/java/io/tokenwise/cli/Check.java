package io.tokenwise.cli;

import io.tokenwise.Reranker;
import io.tokenwise.SparseEncoder;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.open.ConfigFields;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.OpenModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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
        name = "check",
        header = "Tell whether a model is understood and gives what it should.",
        description = {
            "Opens a model and says what it is, which fields of its config.json are used, and which are not"
                    + " understood. Where somebody has published numbers of the model's vectors, or scores of its pairs,"
                    + " they are compared, each with its source.",
            "The exit code is 1 if a number differs by more than the tolerance, or if a field is not understood and no"
                    + " numbers are known."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise check minilm",
            "  ./tokenwise check my-model --as BAAI/bge-base-en-v1.5",
            "  ./tokenwise check my-model --json"
        })
final class Check implements Callable<Integer> {
    @Mixin
    private Tokenwise.Help help;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "A model directory in Hugging Face's layout, or a built-in one.")
    private String model;

    @Option(
            names = "--as",
            paramLabel = "NAME",
            description = "Whose numbers to compare with; without it they are found by the folder's name and by"
                    + " _name_or_path in config.json.")
    private String as;

    @Option(names = "--json", description = "Print one JSON object on stdout.")
    private boolean json;

    @Option(names = "--verbose", description = "Show where a failure happened.")
    private boolean verbose;

    @Override
    public Integer call() throws IOException {
        KnownModels table = KnownModels.load();
        Optional<ConfigFields> fields = isFolder() ? ConfigFields.of(Path.of(model)) : Optional.empty();
        Optional<KnownModels.Known> named = known(table, fields);
        ModelFiles files = Models.open(model);
        ModelDescription description = files.description();
        Optional<KnownModels.Known> known = named.filter(some -> Comparison.isOf(some, description));
        if (as != null && known.isEmpty()) {
            files.close();
            throw new ParameterException(
                    spec.commandLine(),
                    "--as: what is known of '" + as + "' is not what " + description.kind() + " gives, as " + model
                            + " is one");
        }
        Json.Check result = result(files, fields, known);
        spec.commandLine().getOut().println(json ? Json.line(result) : text(result, description));
        return result.right() ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private boolean isFolder() {
        return !Models.builtInNames().contains(model) && Files.isDirectory(Path.of(model));
    }

    private Optional<KnownModels.Known> known(KnownModels table, Optional<ConfigFields> fields) {
        if (as != null) {
            return Optional.of(table.find(as)
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(),
                            "--as: nothing is known of '" + as + "'; there are numbers of "
                                    + String.join(", ", table.names()))));
        }
        Optional<KnownModels.Known> byName = table.find(model);
        return byName.isPresent() ? byName : fields.flatMap(some -> table.find(some.nameOrPath()));
    }

    /** Closes the files. */
    private Json.Check result(ModelFiles files, Optional<ConfigFields> fields, Optional<KnownModels.Known> known)
            throws IOException {
        // What others published was computed in float32, or is rounded to less.
        EngineOptions options = EngineOptions.defaults().withBackend(BackendChoice.FLOAT32);
        ModelDescription description = files.description();
        if (!(description instanceof TextDescription text)) {
            try (files) {
                return result(description, null, fields, Optional.empty(), List.of());
            }
        }
        if (text.output() instanceof TextOutput.Vectors) {
            boolean masked = files.hasMaskedHead();
            List<String> besides = closingIfItFails(files, () -> besides(files));
            List<Json.Compared> ofLayer = closingIfItFails(files, () -> ofSparseLayer(files, known, options));
            try (TextEncoder encoder = TextEncoder.open(files, options)) {
                List<Json.Compared> compared = new ArrayList<>();
                known.ifPresent(some -> compared.addAll(Comparison.compare(encoder, some)));
                compared.addAll(ofLayer);
                return result(text, CheckedTexts.of(encoder.model(), masked, besides), fields, known, compared);
            }
        }
        if (text.output().isScore()) {
            try (Reranker reranker = Reranker.open(files, options)) {
                List<Json.Compared> compared =
                        known.map(some -> Comparison.compare(reranker, some)).orElse(List.of());
                return result(text, CheckedTexts.of(reranker.model()), fields, known, compared);
            }
        }
        if (text.output() instanceof TextOutput.Sparse) {
            try (SparseEncoder encoder = SparseEncoder.open(files, options)) {
                List<Json.Compared> compared =
                        known.map(some -> Comparison.compare(encoder, some)).orElse(List.of());
                return result(text, CheckedTexts.of(encoder.model()), fields, known, compared);
            }
        }
        try (OpenModel opened = OpenModel.open(files, options, _ -> {})) {
            return result(text, CheckedTexts.of(opened), fields, Optional.empty(), List.of());
        }
    }

    /** As what a text encoder can be opened too, by layers beside it. */
    private static List<String> besides(ModelFiles files) {
        List<String> besides = new ArrayList<>();
        if (files.sparseLayer() > 0) {
            besides.add("a sparse encoder, a weight for each token");
        }
        int vectors = files.tokenVectorLayer();
        if (vectors > 0) {
            besides.add("a late-interaction encoder, " + vectors + " numbers for each token");
        }
        return besides;
    }

    /** Opened for itself, and closed before the model is opened for vectors. */
    private List<Json.Compared> ofSparseLayer(
            ModelFiles files, Optional<KnownModels.Known> known, EngineOptions options) throws IOException {
        if (known.isEmpty() || known.get().products().isEmpty() || files.sparseLayer() == 0) {
            return List.of();
        }
        try (SparseEncoder encoder = SparseEncoder.open(model, options)) {
            return Comparison.compare(encoder, known.get());
        }
    }

    /** What is found out before the files are another's to close. */
    @FunctionalInterface
    private interface Finding<T> {
        T find() throws IOException;
    }

    private static <T> T closingIfItFails(ModelFiles files, Finding<T> finding) throws IOException {
        try {
            return finding.find();
        } catch (Throwable e) {
            files.close();
            throw e;
        }
    }

    private Json.Check result(
            ModelDescription description,
            Json.CheckedText text,
            Optional<ConfigFields> fields,
            Optional<KnownModels.Known> known,
            List<Json.Compared> compared) {
        List<String> unknown = fields.map(ConfigFields::unknown).orElse(List.of());
        boolean agrees = compared.stream().allMatch(Json.Compared::within);
        return new Json.Check(
                model,
                description.inputs(),
                description.architecture().layers(),
                description.architecture().hiddenSize(),
                description.maxTokens(),
                fields.map(ConfigFields::longest).orElse(0),
                description.outputs(),
                text,
                fields.map(ConfigFields::used).orElse(List.of()),
                fields.map(ConfigFields::harmless).orElse(List.of()),
                unknown,
                known.map(KnownModels.Known::name).orElse(null),
                compared,
                agrees && (unknown.isEmpty() || !compared.isEmpty()));
    }

    private static String text(Json.Check check, ModelDescription description) {
        var text = new StringBuilder();
        row(text, "model", check.model());
        row(text, "reads", check.inputs() + " of up to " + check.maxTokens() + " tokens" + cut(check));
        row(text, "layers", Info.layers(check.layers()) + " of width " + check.hidden());
        if (description instanceof TextDescription texts) {
            CheckedTexts.rows(check, texts).forEach((name, fact) -> row(text, name, fact));
        }
        if (!check.used().isEmpty()) {
            row(
                    text,
                    "config.json",
                    check.used().size() + " fields are used, "
                            + check.harmless().size() + " change no number");
            row(text, "not understood", check.unknown().isEmpty() ? "none" : String.join(", ", check.unknown()));
        }
        row(
                text,
                "known as",
                check.known() == null ? "none of those of which numbers are known; --as NAME" : check.known());
        for (Json.Compared compared : check.compared()) {
            row(
                    text,
                    compared.within() ? "  equal" : "  WRONG",
                    String.format(
                            Locale.ROOT,
                            "%s: at most %.1e apart, %.0e is allowed; %s",
                            compared.what(),
                            compared.largest(),
                            compared.tolerance(),
                            compared.source()));
        }
        return text.append(verdict(check)).toString();
    }

    private static String cut(Json.Check check) {
        return check.longest() == 0
                ? ""
                : "; config.json speaks of " + check.longest() + ", which is not supported: longer texts are cut";
    }

    private static String verdict(Json.Check check) {
        if (!check.compared().stream().allMatch(Json.Compared::within)) {
            return "The model does not give what it should.";
        }
        if (!check.compared().isEmpty()) {
            return "The model gives what it should.";
        }
        return check.unknown().isEmpty()
                ? "All is understood; no numbers are known to compare with."
                : "Some of it is not understood, and no numbers are known to compare with.";
    }

    private static void row(StringBuilder text, String name, String fact) {
        text.append(String.format(Locale.ROOT, "%-18s%s%n", name, fact));
    }
}
