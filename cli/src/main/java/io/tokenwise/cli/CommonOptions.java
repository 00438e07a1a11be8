package io.tokenwise.cli;

import io.tokenwise.EncoderOptions;
import io.tokenwise.TextEncoder;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import picocli.CommandLine.TypeConversionException;

/** The options that every command with a model has, checked as they are read. */
final class CommonOptions {
    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Mixin
    private Tokenwise.Help help;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            defaultValue = "minilm",
            description =
                    "A model directory in Hugging Face's layout, or the built-in minilm (default: ${DEFAULT-VALUE}).")
    private String model;

    private BackendName backend = BackendName.VECTOR;
    private Precision precision = Precision.F32;
    private int threads = Runtime.getRuntime().availableProcessors();

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

    /** Where tensors live and run. */
    enum BackendName {
        VECTOR,
        ONEDNN,
        CUDA;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** How weights and activations are stored. */
    enum Precision {
        F32,
        BF16;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "vector",
            converter = BackendConverter.class,
            description =
                    "What computes: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}; only vector works today).")
    void setBackend(BackendName chosen) {
        if (chosen != BackendName.VECTOR) {
            throw mistake("--backend " + chosen + " is not there yet; use --backend vector");
        }
        backend = chosen;
    }

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            defaultValue = "f32",
            converter = PrecisionConverter.class,
            description =
                    "Type of weights: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}; only f32 works today).")
    void setPrecision(Precision chosen) {
        if (chosen != Precision.F32) {
            throw mistake("--precision " + chosen + " is not there yet; use --precision f32");
        }
        precision = chosen;
    }

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that compute, the caller among them (default: one for each processor).")
    void setThreads(int count) {
        if (count < 1) {
            throw mistake("--threads must be 1 or more, not " + count);
        }
        threads = count;
    }

    /**
     * Opens a model with the threads that were asked for.
     *
     * @param name a directory or a built-in name
     * @throws io.tokenwise.io.BadFileException if it is absent, bad or not supported
     */
    TextEncoder open(String name) throws IOException {
        return TextEncoder.open(name, EncoderOptions.defaults().withThreads(threads));
    }

    String model() {
        return model;
    }

    BackendName backend() {
        return backend;
    }

    Precision precision() {
        return precision;
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

    private ParameterException mistake(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Reads the name of a backend. */
    static final class BackendConverter implements ITypeConverter<BackendName> {
        @Override
        public BackendName convert(String text) {
            return constant(BackendName.values(), text, "vector, onednn or cuda");
        }
    }

    /** Reads the name of a precision. */
    static final class PrecisionConverter implements ITypeConverter<Precision> {
        @Override
        public Precision convert(String text) {
            return constant(Precision.values(), text, "f32 or bf16");
        }
    }

    /** The constant of that name. */
    static <T extends Enum<T>> T constant(T[] values, String text, String possible) {
        return Arrays.stream(values)
                .filter(value -> value.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("give " + possible + ", not '" + text + "'"));
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
