package io.tokenwise.bench;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Matrix products of a backend, with bias, on one thread; six weight matrices in turn, as a model's layers. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class GemmBenchmark {
    private static final int WEIGHTS = 6;

    /** Backend and precision. */
    @Param({"vector-f32"})
    public String engine;

    /** Where in MiniLM the product comes from, and the number of tokens. */
    @Param({
        "mlp-up-128",
        "mlp-down-128",
        "qkv-128",
        "projection-128",
        "mlp-up-16",
        "mlp-down-16",
        "mlp-up-1",
        "mlp-down-1"
    })
    public String shape;

    private Backend backend;
    private Parameters parameters;
    private Stream stream;
    private final Weight[] weights = new Weight[WEIGHTS];
    private Tensor x;
    private Tensor bias;
    private Tensor y;
    private int next;

    /** Makes random operands. */
    @Setup(Level.Trial)
    public void open() {
        GemmShape sizes = GemmShape.named(shape);
        backend = OwnEngine.named(engine).open(1);
        parameters = new Parameters(backend);
        stream = backend.stream();
        var random = new Random(1);
        x = parameters.constant(sizes.m(), sizes.k());
        fill(x, random);
        bias = parameters.constant(1, sizes.n());
        y = parameters.constant(sizes.m(), sizes.n());
        for (int i = 0; i < WEIGHTS; i++) {
            Parameter weight = parameters.add("w" + i, sizes.k(), sizes.n());
            fill(weight.value(), random);
            weight.changed();
            weights[i] = new Weight(parameters, weight);
            weights[i].prepare(stream);
        }
    }

    private void fill(Tensor tensor, Random random) {
        try (HostTensor values = backend.write(tensor)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextGaussian());
            }
        }
    }

    /** {@code y = x W + bias}. */
    @Benchmark
    public Tensor linear() {
        next = (next + 1) % WEIGHTS;
        stream.linear(x, weights[next].packed(), bias, false, null, y);
        return y;
    }

    /** Frees all memory. */
    @TearDown(Level.Trial)
    public void close() {
        parameters.close();
        backend.close();
    }
}
