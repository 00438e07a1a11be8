package io.tokenwise.bench;

import io.tokenwise.api.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Options that several commands have. */
public final class Options {
    private Options() {}

    /** What every command has: its help. */
    public static final class Help {
        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Print this help.")
        private boolean help;
    }

    /** The adaptive model to measure. */
    static final class AdaptiveModel {
        @Option(
                names = "--model",
                paramLabel = "DIR",
                description =
                        "The adaptive model (default: the newest that demo left in tokenwise-demo; without one, MiniLM with"
                                + " untrained learners of static width).")
        private Path model;

        /** Empty if none was named and none is found. */
        Optional<Path> find() throws IOException {
            return model == null ? OwnModel.newest(Path.of("tokenwise-demo")) : Optional.of(model);
        }
    }

    /** How long is measured. */
    static final class Turns {
        @Spec(Spec.Target.MIXEE)
        private CommandSpec spec;

        private double warmUpSeconds;

        @Option(
                names = "--rounds",
                paramLabel = "N",
                converter = CountConverter.class,
                defaultValue = "20",
                description = "Turns of each in every scenario or length (default: ${DEFAULT-VALUE}).")
        private int rounds;

        @Option(
                names = "--warm-up",
                paramLabel = "SECONDS",
                defaultValue = "1",
                description = "Warm-up of each before that (default: ${DEFAULT-VALUE}).")
        void setWarmUp(double seconds) {
            check(spec, seconds >= 0 && seconds <= 3600, "--warm-up must be 0 to 3600 seconds, not " + seconds);
            warmUpSeconds = seconds;
        }

        int rounds() {
            return rounds;
        }

        long warmUpNanos() {
            return (long) (warmUpSeconds * 1e9);
        }
    }

    /** How many threads compute. */
    static final class Threads {
        @Option(
                names = "--threads",
                paramLabel = "N",
                split = ",",
                converter = CountConverter.class,
                defaultValue = "1",
                description = "Threads that compute in each engine, the caller among them; one run for each (default:"
                        + " ${DEFAULT-VALUE}).")
        private List<Integer> counts;

        List<Integer> counts() {
            return counts;
        }
    }

    /** @throws ParameterException if something is not good */
    public static void check(CommandSpec spec, boolean good, String otherwise) {
        if (!good) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    /** In which engine of ours. */
    public static final class Engine {
        @Option(
                names = "--engine",
                paramLabel = "NAME",
                defaultValue = "vector-f32",
                converter = EngineConverter.class,
                description = "Our backend and precision, as vector-f32 or onednn-bf16 (default: ${DEFAULT-VALUE}).")
        private OwnEngine engine;

        OwnEngine get() {
            return engine;
        }
    }

    /** Reads a budget. */
    public static final class BudgetConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            try {
                double budget = Double.parseDouble(text);
                if (budget >= 0 && budget <= 1) {
                    return budget;
                }
                throw new TypeConversionException(text + " is outside 0..1");
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is no number from 0 to 1");
            }
        }
    }

    /** Reads the label of a precision. */
    public static final class PrecisionConverter implements ITypeConverter<Precision> {
        @Override
        public Precision convert(String text) {
            return Arrays.stream(Precision.values())
                    .filter(value -> value.label().equals(text))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException("give f32, bf16, s8 or s7, not '" + text + "'"));
        }
    }

    /** Reads how many of something there are to be: 1 or more. */
    public static final class CountConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            try {
                int count = Integer.parseInt(text);
                if (count >= 1) {
                    return count;
                }
                throw new TypeConversionException("must be 1 or more, not " + text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is no whole number of 1 or more");
            }
        }
    }

    /** Reads the name of an engine. */
    public static final class EngineConverter implements ITypeConverter<OwnEngine> {
        @Override
        public OwnEngine convert(String name) {
            try {
                return OwnEngine.named(name);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
