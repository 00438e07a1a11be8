package io.tokenwise.cli;

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

    @Option(names = "--json", description = "Print one JSON object on stdout; everything else goes to stderr.")
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
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** How weights and activations are stored. */
    enum Precision {
        F32,
        BF16;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "vector",
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
