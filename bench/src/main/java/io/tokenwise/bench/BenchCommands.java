package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.testdata.FetchedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.Unmatched;

/** What {@code bench} offers beside the whole run. */
final class BenchCommands {
    private BenchCommands() {}

    @Command(name = "gemm", header = "Matrix products of model shapes beside ONNX Runtime's and oneDNN's, one thread.")
    static final class Gemm implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Options.Help help;

        @Parameters(paramLabel = "SHAPE", description = "Names of shapes (default: all).")
        private List<String> shapes = List.of();

        @Override
        public Integer call() throws OrtException {
            try {
                shapes.forEach(GemmShape::named);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), e.getMessage());
            }
            GemmBench.main(shapes.toArray(String[]::new));
            return 0;
        }
    }

    @Command(
            name = "dispatch",
            header = "What grouping tokens by learner count costs, one thread.",
            description = "Prints times with what must hold; exit code 1 if something does not.")
    static final class Dispatch implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Options.Help help;

        @Mixin
        private Options.Engine engine;

        @Option(
                names = "--mlp-learners",
                paramLabel = "N",
                defaultValue = "1",
                description = "How many of the "
                        + DispatchBench.LEARNERS
                        + " learners have weights of their own, at most all but one: a token has at most so many, or"
                        + " all (default: ${DEFAULT-VALUE}, as in models).")
        private int trained;

        @Option(
                names = "--sizes",
                paramLabel = "MODEL",
                defaultValue = "minilm",
                converter = SizesConverter.class,
                description = "Whose MLPs: minilm, vit-b, wav2vec2-base or xls-r (default: ${DEFAULT-VALUE}).")
        private DispatchSizes sizes;

        @Option(names = "--gated", description = "MLPs with gates, u * silu(g) in place of gelu(u).")
        private boolean gated;

        @Option(
                names = "--line",
                description =
                        "Instead, the straight line that fits the time best over the mean of learner counts, which are"
                                + " drawn from none to all.")
        private boolean line;

        /** Reads the name of a model's sizes. */
        static final class SizesConverter implements ITypeConverter<DispatchSizes> {
            @Override
            public DispatchSizes convert(String text) {
                return Arrays.stream(DispatchSizes.values())
                        .filter(value -> value.label().equals(text))
                        .findFirst()
                        .orElseThrow(() -> new TypeConversionException(
                                "give minilm, vit-b, wav2vec2-base or xls-r, not '" + text + "'"));
            }
        }

        @Override
        public Integer call() {
            if (trained < 1 || trained >= DispatchBench.LEARNERS) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--mlp-learners must be 1 to " + (DispatchBench.LEARNERS - 1) + ", is " + trained);
            }
            return DispatchBench.run(
                            engine.get(),
                            sizes,
                            trained,
                            gated,
                            line,
                            spec.commandLine().getOut())
                    ? 0
                    : 1;
        }
    }

    @Command(name = "window", header = "What a window saves of the time of attention, one thread.")
    static final class Window implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Options.Help help;

        @Mixin
        private Options.Engine engine;

        @Option(
                names = "--side",
                paramLabel = "N",
                defaultValue = "64",
                converter = Options.CountConverter.class,
                description = "How many tokens before and after its own a token sees (default: ${DEFAULT-VALUE}).")
        private int side;

        @Option(
                names = "--tokens",
                paramLabel = "N",
                split = ",",
                converter = Options.CountConverter.class,
                defaultValue = "512,2048,8192",
                description = "Lengths of texts (default: ${DEFAULT-VALUE}).")
        private List<Integer> tokens;

        @Override
        public Integer call() {
            new WindowBench(engine.get(), side).run(tokens, spec.commandLine().getOut());
            return 0;
        }
    }

    @Command(
            name = "train",
            header = "Distillation steps beside libtorch's: same student, same losses, same batches.",
            description = "Ours train in f32 or bf16, libtorch in float32.")
    static final class Train implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Options.Help help;

        @Option(
                names = "--threads",
                paramLabel = "N",
                split = ",",
                converter = Options.CountConverter.class,
                defaultValue = "1,2",
                description = "Threads of each engine; one run for each (default: ${DEFAULT-VALUE}).")
        private List<Integer> threads;

        @Option(
                names = "--steps",
                paramLabel = "N",
                converter = Options.CountConverter.class,
                defaultValue = "20",
                description = "Steps of each after warm-up (default: ${DEFAULT-VALUE}).")
        private int steps;

        @Mixin
        private Options.Engine engine;

        @Option(names = "--mixed", description = "Texts of different lengths too, where libtorch pads.")
        private boolean mixed;

        @Override
        public Integer call() throws IOException {
            TrainBench.run(
                    engine.get(), threads, steps, mixed, spec.commandLine().getOut());
            return 0;
        }
    }

    @Command(
            name = "vit",
            header = "ViT-B/16 with random weights and random gates, dense and adaptive at some budgets, one image a"
                    + " call, one thread.",
            description =
                    "Prints medians, all in turn, and how many times as fast as the dense model each budget is: of"
                            + " learners, in FLOPs, and of patches that leave, in time.")
    static final class Vit implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Options.Help help;

        @Mixin
        private Options.Engine engine;

        @Override
        public Integer call() throws IOException {
            VitBench.run(engine.get(), spec.commandLine().getOut());
            return 0;
        }
    }

    @Command(
            name = "speech",
            header = "Speech recognition beside ONNX Runtime on the same weights and segments, one thread.",
            description = "Prints medians, all in turn, of the milliseconds for a second of sound.")
    static final class Speech implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Options.Help help;

        @Mixin
        private Options.Engine engine;

        @Parameters(
                paramLabel = "FOLDER",
                arity = "0..1",
                description = "Folder of WAV files (default: what ./tokenwise fetch pocketsphinx has brought).")
        private Path recordings;

        @Option(
                names = "--onnx",
                paramLabel = "NAME",
                defaultValue = "moonshine-tiny",
                description = "What ./tokenwise fetch has brought: moonshine-tiny or moonshine-base (default:"
                        + " ${DEFAULT-VALUE}).")
        private String onnx;

        @Option(
                names = "--model",
                paramLabel = "DIR",
                description = "The same made adaptive, to take part at --budget.")
        private Path model;

        @Option(
                names = "--budget",
                paramLabel = "0..1",
                split = ",",
                converter = Options.BudgetConverter.class,
                defaultValue = "0.5,0.75,1",
                description = "Budgets of the adaptive model (default: ${DEFAULT-VALUE}).")
        private List<Double> budgets;

        @Override
        public Integer call() throws IOException, OrtException {
            Path sound = recordings != null ? recordings : fetched("pocketsphinx");
            new SpeechBench(sound, fetched(onnx), Optional.ofNullable(model), budgets, engine.get())
                    .run(spec.commandLine().getOut());
            return 0;
        }

        private Path fetched(String name) {
            return FetchedData.find(name)
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(), name + " is not there; bring it by ./tokenwise fetch " + name));
        }
    }

    @Command(
            name = "tokenizers",
            header = "Our tokenizers beside Hugging Face's library (by DJL) on the same texts, one thread.",
            description =
                    "Prints the medians of a text's time, all in turn, then the time against a text's length; fails if"
                            + " an id differs.")
    static final class Tokenizers implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Options.Help help;

        @Mixin
        private Options.Turns turns;

        @Parameters(
                paramLabel = "NAME",
                description =
                        "minilm (WordPiece), unigram, cl100k, o200k, qwen3, llama3 (byte-level BPE), llama2, gemma3"
                                + " (SentencePiece's BPE); unigram has the pieces of gemma3 (default: those that are there).")
        private List<String> names = List.of();

        @Override
        public Integer call() throws IOException {
            for (String name : names) {
                Options.check(
                        spec,
                        TokenizerKinds.NAMES.contains(name),
                        "there is no tokenizer called " + name + "; there are "
                                + String.join(", ", TokenizerKinds.NAMES));
                TokenizerKinds.missing(name)
                        .ifPresent(data -> Options.check(
                                spec, false, data + " is not there; bring it by ./tokenwise fetch " + data));
            }
            List<String> there = TokenizerKinds.NAMES.stream()
                    .filter(name -> names.contains(name)
                            || names.isEmpty() && TokenizerKinds.missing(name).isEmpty())
                    .toList();
            new TokenizersBench(
                            turns.rounds(),
                            turns.warmUpNanos(),
                            spec.commandLine().getOut())
                    .run(there);
            return 0;
        }
    }

    @Command(
            name = "jmh",
            header = "Run this module's JMH benchmarks.",
            description = "All arguments go to JMH: ./tokenwise bench jmh -h lists its options, -l the benchmarks.")
    static final class Jmh implements Callable<Integer> {
        @Unmatched
        private String[] arguments = {};

        @Override
        public Integer call() throws IOException {
            org.openjdk.jmh.Main.main(arguments);
            return 0;
        }
    }
}
