package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** What {@code bench} offers beside the whole run. */
final class BenchCommands {
    private BenchCommands() {}

    @Command(name = "gemm", header = "Matrix products of model shapes beside ONNX Runtime's MatMul, one thread.")
    static final class Gemm implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Print this help.")
        private boolean help;

        @Parameters(paramLabel = "SHAPE", description = "Names of shapes (default: all).")
        private List<String> shapes = List.of();

        @Override
        public Integer call() throws OrtException {
            List<String> known = GemmShape.ALL.stream().map(GemmShape::name).toList();
            for (String shape : shapes) {
                if (!known.contains(shape)) {
                    throw new ParameterException(
                            spec.commandLine(),
                            "no shape is called " + shape + "; there are " + String.join(", ", known));
                }
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

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Print this help.")
        private boolean help;

        @Option(
                names = "--engine",
                paramLabel = "NAME",
                defaultValue = "vector-f32",
                description = "Backend and precision (default: ${DEFAULT-VALUE}).")
        private String engine;

        @Override
        public Integer call() {
            return DispatchBench.run(OwnEngine.named(engine), spec.commandLine().getOut()) ? 0 : 1;
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
