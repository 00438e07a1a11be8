package io.tokenwise.cli;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import picocli.CommandLine.TypeConversionException;

/** The options that every command with a model has, checked as they are read. */
final class CommonOptions {
    private static final String DENSE = "minilm";

    private static final String MODEL = "--model";

    /** By which the description of an option is found. */
    private static final String MODELS = "models";

    /** The built-in model for images. */
    static final String IMAGE_MODEL = "vit-cifar10-acm";

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Mixin
    private Tokenwise.Help help;

    private final WantedModel wanted;

    /** Null for a built-in one. */
    @Option(names = MODEL, paramLabel = "MODEL", descriptionKey = MODELS)
    private String model;

    private Kind backend = Kind.AUTO;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of all that is random (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--json", description = "Print JSON on stdout; everything else goes to stderr.")
    private boolean json;

    @Option(names = "--verbose", description = "Log what is chosen and why; show where a failure happened.")
    private boolean verbose;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "auto",
            converter = BackendConverter.class,
            description =
                    "What multiplies matrices: auto, vector (pure Java), onednn or cuda (default: ${DEFAULT-VALUE}).")
    void setBackend(Kind chosen) {
        backend = chosen;
    }

    /** Null for the fastest. */
    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            defaultValue = "auto",
            converter = PrecisionConverter.class,
            description =
                    "Type in which matrices are multiplied: f32, bf16, s8, s7, or auto, the fastest but s7 that the CPU has"
                            + " instructions for, and bf16 on a device (default: ${DEFAULT-VALUE}; bf16 and s8 need oneDNN or cuda, s7 oneDNN). demo, distill, finetune and train compute in f32"
                            + " by default, and in bf16 if asked to.")
    private Precision precision;

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = ThreadsConverter.class,
            description =
                    "Threads that compute, the caller among them, at most 1024 (default: one for each processor).")
    private int threads = Runtime.getRuntime().availableProcessors();

    /** @param wanted which models the command takes */
    CommonOptions(WantedModel wanted) {
        this.wanted = wanted;
    }

    /** Has the help of a command, and of those below it, say which models each takes: an annotation would say the same in all. */
    static void describeModels(CommandLine command) {
        command.getSubcommands().values().forEach(CommonOptions::describeModels);
        CommandSpec spec = command.getCommandSpec();
        for (CommandSpec mixin : spec.mixins().values()) {
            if (mixin.userObject() instanceof CommonOptions options) {
                if (options.wanted == WantedModel.SERVED) {
                    takeSeveral(spec);
                }
                spec.resourceBundle(options.wanted.help(MODELS));
            }
        }
    }

    /** Has {@code --model} be given again and again: an annotation would let all commands take several. */
    private static void takeSeveral(CommandSpec spec) {
        spec.remove(spec.findOption(MODEL));
        spec.addOption(OptionSpec.builder(MODEL)
                .type(List.class)
                .auxiliaryTypes(String.class)
                .paramLabel("MODEL")
                .descriptionKey(MODELS)
                .build());
    }

    /**
     * Opens a model with the threads, backend and precision that were asked for.
     *
     * @param name a directory or a built-in name
     * @throws io.tokenwise.api.BadFileException if it is absent, bad or not supported
     */
    TextEncoder open(String name) throws IOException {
        return TextEncoder.open(name, engineOptions());
    }

    EngineOptions engineOptions() {
        return EngineOptions.defaults().withThreads(threads).withBackend(new BackendChoice(backend, precision));
    }

    /**
     * The backend for training: in float32 by pure Java unless something else was asked for. Weights, sums of gradients and the optimizer are
     * float32 in any case.
     */
    BackendChoice training() {
        if (precision != null && precision.isOfBytes()) {
            throw mistake("--precision " + precision.label() + " is for inference only: train in f32 or bf16");
        }
        return new BackendChoice(backend, precision == null ? Precision.F32 : precision);
    }

    /** The model to run. */
    String model() {
        return model == null ? Models.defaultName() : model;
    }

    /** The model to run for a task that the default is not for. */
    String model(String otherwise) {
        return model == null ? otherwise : model;
    }

    /** The models to run, of a command that takes several: commas separate them, but for those of a folder's name. */
    List<String> models() {
        List<String> named = spec.findOption(MODEL).getValue();
        return named == null
                ? List.of(Models.defaultName())
                : named.stream()
                        .flatMap(some ->
                                Files.isDirectory(Path.of(some)) ? Stream.of(some) : Arrays.stream(some.split(",", -1)))
                        .toList();
    }

    /** Opens a speech recogniser with the threads, backend and precision that were asked for; otherwise as {@link #open}. */
    SpeechRecognizer openRecognizer(String name) throws IOException {
        return openRecognizer(Models.open(name));
    }

    /** The same from a model's files, which this closes. */
    SpeechRecognizer openRecognizer(ModelFiles files) {
        EngineOptions options =
                EngineOptions.defaults().withThreads(threads).withBackend(new BackendChoice(backend, precision));
        return SpeechRecognizer.open(files, options);
    }

    /** The model to train from. */
    String teacher() {
        return model == null ? DENSE : model;
    }

    int threads() {
        return threads;
    }

    long seed() {
        return seed;
    }

    boolean json() {
        return json;
    }

    boolean verbose() {
        return verbose;
    }

    ParameterException mistake(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Reads the name of a backend. */
    static final class BackendConverter implements ITypeConverter<Kind> {
        @Override
        public Kind convert(String text) {
            return constant(Kind.values(), Kind::label, text, "auto, vector, onednn or cuda");
        }
    }

    /** Reads the type in which matrices are multiplied: null for the fastest. */
    static final class PrecisionConverter implements ITypeConverter<Precision> {
        @Override
        public Precision convert(String text) {
            return text.equals("auto")
                    ? null
                    : constant(Precision.values(), Precision::label, text, "auto, f32, bf16, s8 or s7");
        }
    }

    /** The constant of that name. */
    static <T extends Enum<T>> T constant(T[] values, Function<T, String> name, String text, String possible) {
        return Arrays.stream(values)
                .filter(value -> name.apply(value).equals(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("give " + possible + ", not '" + text + "'"));
    }

    /** Reads how many threads there are to be. */
    static final class ThreadsConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return whole(text, 1, 1024);
        }
    }

    /** A whole number from {@code least} to {@code most}. */
    static int whole(String text, int least, int most) {
        try {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // It is no better than one that is outside.
        }
        throw new TypeConversionException("give a whole number from " + least + " to " + most + ", not '" + text + "'");
    }

    /** Reads a number of things, at least one. */
    static final class CountConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            int count;
            try {
                count = Integer.parseInt(text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is not a whole number up to 2147483647");
            }
            if (count < 1) {
                throw new TypeConversionException("must be 1 or more, not " + text);
            }
            return count;
        }
    }

    /** The remark that texts were too long. */
    static String cut(int maxTokens, long texts) {
        return "texts cut to the " + maxTokens + " tokens that the model reads: " + texts;
    }

    /** Reads a budget: the share of the replaced layers' dense FLOPs that may be spent. */
    static final class BudgetConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            double budget;
            try {
                budget = Double.parseDouble(text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is not a number from 0 to 1");
            }
            if (!(budget >= 0 && budget <= 1)) {
                throw new TypeConversionException(text + " is outside 0..1");
            }
            return budget;
        }
    }
}
