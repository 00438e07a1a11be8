package io.tokenwise.bench;

import io.tokenwise.nn.Block;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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

/** One adaptive module of MiniLM's sizes on one thread: with one k for all tokens, with random k, and a plain MLP of that width. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@OperationsPerInvocation(DispatchModules.LAYERS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class DispatchBenchmark {
    /** Backend and precision. */
    @Param({"vector-f32"})
    public String engine;

    /** Learners of a module. */
    @Param({"4"})
    public int learners;

    /** Rows. */
    @Param({"16", "128", "512"})
    public int tokens;

    /** Learners that each token wants; in {@link #randomK}, their mean. */
    @Param({"2"})
    public int k;

    private DispatchModules modules;
    private Runnable same;
    private Runnable random;
    private Runnable plain;

    /** Makes random modules and tokens. */
    @Setup(Level.Trial)
    public void open() {
        modules = new DispatchModules(
                OwnEngine.named(engine),
                DispatchSizes.MINILM,
                DispatchModules.LAYERS,
                1,
                learners,
                learners - 1,
                false);
        var counts = new int[tokens];
        Arrays.fill(counts, k);
        Tensor x = modules.tokens(counts);
        List<Block> mlps = modules.mlps(k);
        same = modules.adaptive(x);
        plain = modules.plain(mlps, x);
        // Pairs around k, so that the mean is k.
        var numbers = new Random(1);
        int most = Math.min(k, learners - k);
        for (int i = 0; i + 1 < tokens; i += 2) {
            int away = numbers.nextInt(most + 1);
            counts[i] = k - away;
            counts[i + 1] = k + away;
        }
        random = modules.adaptive(modules.tokens(counts));
    }

    /** The same k for every token, through gate and groups. */
    @Benchmark
    public void sameK() {
        same.run();
    }

    /** Random k. */
    @Benchmark
    public void randomK() {
        random.run();
    }

    /** A plain MLP as wide as k learners. */
    @Benchmark
    public void mlp() {
        plain.run();
    }

    /** Frees all memory. */
    @TearDown(Level.Trial)
    public void close() {
        modules.close();
    }
}
