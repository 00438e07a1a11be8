package io.tokenwise.bench;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Routing;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The projections of attention cut into learners, [384, 1152] along its outputs and [384, 384] along its inputs, beside plain products of the width
 * that k learners have; one of each for each of MiniLM's layers in turn, on one thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@OperationsPerInvocation(SlicesBenchmark.LAYERS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SlicesBenchmark {
    static final int LAYERS = 6;

    private static final int HIDDEN = 384;

    /** Backend and precision. */
    @Param({"vector-f32"})
    public String engine;

    /** Slices of a matrix. */
    @Param({"4"})
    public int learners;

    /** Rows. */
    @Param({"16", "128"})
    public int tokens;

    /** Slices that each row uses; 0 for 1 to all of them at random, beside plain products with all. */
    @Param({"1", "2", "4", "0"})
    public int k;

    private final Random random = new Random(1);
    private final List<OutputSlices> ups = new ArrayList<>();
    private final List<InputSlices> downs = new ArrayList<>();

    /** What no row uses. */
    private OutputSlices wholeUp;

    private InputSlices wholeDown;
    private final List<PackedMatrix> plainUps = new ArrayList<>();
    private final List<PackedMatrix> plainDowns = new ArrayList<>();
    private Backend backend;
    private Parameters parameters;
    private Stream stream;
    private Routing routing;
    private Tensor x;
    private Tensor projected;
    private Tensor context;
    private Tensor output;
    private Tensor rest;
    private Tensor none;
    private Tensor plainInput;
    private Tensor plainProjected;

    /** Makes random matrices and tokens. */
    @Setup(Level.Trial)
    public void open() {
        backend = OwnEngine.named(engine).open(1);
        parameters = new Parameters(backend);
        stream = backend.stream();
        int width = HIDDEN * (k == 0 ? learners : k) / learners;
        for (int i = 0; i < LAYERS; i++) {
            String layer = i + ".";
            List<PackedMatrix> up = slices(layer + "up", HIDDEN, 3 * HIDDEN, learners, true);
            List<PackedMatrix> down = slices(layer + "down", HIDDEN, HIDDEN, learners, false);
            ups.add(new OutputSlices(up, biases(3 * HIDDEN / learners)));
            downs.add(new InputSlices(down, biases(HIDDEN)));
            plainUps.add(packed(new Weight(parameters, parameters.add(layer + "plain.up", HIDDEN, 3 * width))));
            plainDowns.add(packed(new Weight(parameters, parameters.add(layer + "plain.down", width, HIDDEN))));
        }
        wholeUp = new OutputSlices(
                slices("whole.up", HIDDEN, 3 * HIDDEN, 1, true), List.of(parameters.constant(1, 3 * HIDDEN)));
        wholeDown = new InputSlices(
                slices("whole.down", HIDDEN, HIDDEN, 1, false), List.of(parameters.constant(1, HIDDEN)));
        int[] counts = new int[tokens];
        Arrays.setAll(counts, _ -> k == 0 ? 1 + random.nextInt(learners) : k);
        routing = stream.routing();
        // One more than there are slices, which no row has.
        routing.begin(tokens, learners + 1);
        for (int row = 0; row < tokens; row++) {
            routing.give(row, 1, counts[row]);
        }
        routing.sort();
        x = randomized(parameters.constant(tokens, HIDDEN));
        projected = parameters.constant(tokens, 3 * HIDDEN);
        context = randomized(parameters.constant(tokens, HIDDEN));
        output = parameters.constant(tokens, HIDDEN);
        rest = parameters.constant(1, 3 * HIDDEN);
        none = parameters.constant(1, HIDDEN);
        plainInput = randomized(parameters.constant(tokens, width));
        plainProjected = parameters.constant(tokens, 3 * width);
    }

    private List<PackedMatrix> slices(String name, int inputs, int outputs, int count, boolean alongOutputs) {
        Parameter whole = parameters.add(name, inputs, outputs);
        randomized(whole.value());
        return new SlicedWeight(parameters, whole, count, alongOutputs).prepare(stream);
    }

    private PackedMatrix packed(Weight weight) {
        randomized(weight.parameter().value());
        return weight.prepare(stream);
    }

    private List<Tensor> biases(int columns) {
        return IntStream.range(0, learners)
                .mapToObj(_ -> randomized(parameters.constant(1, columns)))
                .toList();
    }

    private Tensor randomized(Tensor tensor) {
        try (HostTensor values = backend.write(tensor)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) (0.05 * random.nextGaussian()));
            }
        }
        return tensor;
    }

    /** Q, K and V of the learners that each token uses. */
    @Benchmark
    public void linearSlices() {
        for (OutputSlices slices : ups) {
            stream.linearSlices(x, routing, wholeUp, slices, rest, projected);
        }
    }

    /** The same number of columns of a matrix that is no wider. */
    @Benchmark
    public void linearSlicesPlain() {
        for (PackedMatrix matrix : plainUps) {
            stream.linear(x, matrix, null, false, null, plainProjected);
        }
    }

    /** The output projection of the learners that each token uses. */
    @Benchmark
    public void sumSlices() {
        for (InputSlices slices : downs) {
            stream.sumSlices(context, routing, wholeDown, slices, none, output, output);
        }
    }

    /** The same number of inputs. */
    @Benchmark
    public void sumSlicesPlain() {
        for (PackedMatrix matrix : plainDowns) {
            stream.linear(plainInput, matrix, null, false, output, output);
        }
    }

    /** Frees all memory. */
    @TearDown(Level.Trial)
    public void close() {
        parameters.close();
        backend.close();
    }
}
