package io.tokenwise.bench;

import io.tokenwise.api.Budget;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.util.List;
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

/** Whole forwards of MiniLM on one thread: dense, and untrained learners at half their width. Run it by {@code ./tokenwise bench jmh}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class EncoderBenchmark {
    /** The scenario that gives the texts. */
    @Param({"query-16", "passage-128"})
    public String scenario;

    /** Backend and precision. */
    @Param({"vector-f32"})
    public String engine;

    private OwnModel dense;
    private OwnModel acm;
    private List<List<int[]>> calls;
    private int next;

    /** Loads both models. */
    @Setup(Level.Trial)
    public void open() throws IOException {
        OwnEngine own = OwnEngine.named(engine);
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            calls = Scenario.all(minilm.tokenizer()).stream()
                    .filter(s -> s.name().equals(scenario))
                    .findFirst()
                    .orElseThrow()
                    .calls();
            acm = OwnModel.untrained(own, 1, Scenario.sample(minilm.tokenizer()));
        }
        dense = OwnModel.dense(own, 1);
    }

    /** The model as it is. */
    @Benchmark
    public float[][] dense() {
        return dense.encode(nextCall(), Budget.FULL);
    }

    /** Half of each MLP's units for every token. */
    @Benchmark
    public float[][] acmAtHalf() {
        return acm.encode(nextCall(), Budget.fixed(0.5));
    }

    private List<int[]> nextCall() {
        next = (next + 1) % calls.size();
        return calls.get(next);
    }

    /** Frees both models. */
    @TearDown(Level.Trial)
    public void close() {
        dense.close();
        acm.close();
    }
}
