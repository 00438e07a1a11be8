package io.tokenwise.bench;

import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.SelfAttention;
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

/** Attention of MiniLM (12 heads of 32) between its projections, over sequences of one length, on one thread. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AttentionBenchmark {
    private static final int HEADS = 12;
    private static final int HIDDEN = 384;

    /** Backend and precision. */
    @Param({"vector-f32"})
    public String engine;

    /** Sequences times tokens of each. */
    @Param({"1x16", "1x128", "1x256", "32x16"})
    public String sequences;

    private Backend backend;
    private Parameters parameters;
    private Stream stream;
    private Tensor qkv;
    private Tensor context;
    private int[] offsets;
    private AttentionLayout layout;

    /** Makes random queries, keys and values. */
    @Setup(Level.Trial)
    public void open() {
        String[] sizes = sequences.split("x");
        int count = Integer.parseInt(sizes[0]);
        int length = Integer.parseInt(sizes[1]);
        backend = OwnEngine.named(engine).open(1);
        parameters = new Parameters(backend);
        stream = backend.stream();
        qkv = parameters.constant(count * length, 3 * HIDDEN);
        context = parameters.constant(count * length, HIDDEN);
        var random = new Random(1);
        try (HostTensor values = backend.write(qkv)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextGaussian());
            }
        }
        layout = new AttentionLayout(units(0), units(HIDDEN), units(2 * HIDDEN), units(0));
        offsets = new int[count + 1];
        for (int i = 0; i <= count; i++) {
            offsets[i] = i * length;
        }
    }

    /** All heads of all sequences. */
    @Benchmark
    public Tensor attention() {
        SelfAttention.forward(stream, qkv, offsets, offsets.length - 1, HEADS, context, null);
        return context;
    }

    /** The columns of four learners, each of which has one unit of every head, from a column on. */
    private static int[] units(int first) {
        int each = HIDDEN / HEADS / 8;
        var units = new int[HEADS * each];
        for (int i = 0; i < units.length; i++) {
            units[i] = first + 8 * (i % each * HEADS + i / each);
        }
        return units;
    }

    /** The same with each head's columns apart. */
    @Benchmark
    public Tensor attentionInUnits() {
        SelfAttention.forward(stream, qkv, qkv, qkv, layout, offsets, offsets.length - 1, HEADS, context);
        return context;
    }

    /** Frees all memory. */
    @TearDown(Level.Trial)
    public void close() {
        parameters.close();
        backend.close();
    }
}
