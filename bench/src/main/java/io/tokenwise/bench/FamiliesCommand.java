package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.model.Pooling;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "families",
        header = "Models of other families than MiniLM's beside ONNX Runtime on the same graphs.",
        description =
                "Weights are random; ONNX Runtime has them in float32 and, quantized as its own tool does, in int8."
                        + " Before times are taken the run fails unless all float32 engines give the same vectors. Prints"
                        + " medians, all in turn.")
final class FamiliesCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Mixin
    private Options.Turns turns;

    @Option(
            names = "--only",
            paramLabel = "FAMILY",
            split = ",",
            converter = ShapeConverter.class,
            defaultValue = "nomic,modernbert,xlm-r,deberta",
            description = "Whose sizes (default: ${DEFAULT-VALUE}).")
    private List<FamilyShape> shapes;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            split = ",",
            converter = Options.CountConverter.class,
            defaultValue = "16,128,512",
            description = "Lengths of texts, one a call (default: ${DEFAULT-VALUE}).")
    void setTokens(List<Integer> lengths) {
        for (int length : lengths) {
            Options.check(
                    spec,
                    length <= FamilyShape.MOST_TOKENS,
                    "--tokens must be at most " + FamilyShape.MOST_TOKENS + ", not " + length);
        }
        tokens = lengths;
    }

    private List<Integer> tokens;

    @Option(names = "--bulk", description = "A list of texts a call too, as bench has it, a quarter of its texts.")
    private boolean bulk;

    @Option(
            names = "--first-token",
            description =
                    "Vectors are the first token's, as of many rerankers, classifiers and encoders, and no means: our last layer makes no other's.")
    private boolean firstToken;

    @Mixin
    private Options.Threads threads;

    @Option(
            names = "--layers",
            paramLabel = "N",
            converter = Options.CountConverter.class,
            description = "Fewer layers than the families have, where memory or time is scarce.")
    private Integer layers;

    @Option(
            names = "--budget",
            paramLabel = "0..1",
            split = ",",
            converter = Options.BudgetConverter.class,
            description =
                    "Instead of ONNX Runtime: our dense model beside the same made adaptive at these budgets, with gates that choose at random: learners of"
                            + " MLPs, V and O, whose budgets are of FLOPs, and tokens that leave, whose are of time.")
    private List<Double> budgets;

    @Mixin
    private Options.Engine engine;

    /** Reads the name of a family's sizes. */
    static final class ShapeConverter implements ITypeConverter<FamilyShape> {
        @Override
        public FamilyShape convert(String text) {
            return Arrays.stream(FamilyShape.values())
                    .filter(value -> value.label().equals(text))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException("give "
                            + String.join(
                                    ", ",
                                    Arrays.stream(FamilyShape.values())
                                            .map(FamilyShape::label)
                                            .toList())
                            + ", not '" + text + "'"));
        }
    }

    @Override
    public Integer call() throws IOException, OrtException {
        Pooling pooling = firstToken ? Pooling.FIRST : Pooling.MEAN;
        var race = new Race(turns.rounds(), turns.warmUpNanos());
        for (FamilyShape shape : shapes) {
            int count = layers == null ? shape.layers() : Math.min(layers, shape.layers());
            try (FamilyFiles files = FamilyFiles.write(shape, count, pooling, budgets == null)) {
                for (int each : threads.counts()) {
                    var bench = new FamiliesBench(
                            files, each, race, spec.commandLine().getOut());
                    List<Scenario> scenarios = FamiliesBench.scenarios(tokens, bulk);
                    if (budgets == null) {
                        bench.run(scenarios);
                    } else {
                        bench.run(scenarios, engine.get(), budgets);
                    }
                }
            }
        }
        return 0;
    }
}
