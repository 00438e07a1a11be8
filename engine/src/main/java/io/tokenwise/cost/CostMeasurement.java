package io.tokenwise.cost;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.Pools;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Runs the operations of a forward, in its order, on random weights, and takes the time of each piece. Layers of different weights take turns, as
 * many as the model has or as no cache holds, so that weights are as cold as in a real forward.
 */
final class CostMeasurement implements AutoCloseable {
    /** Where oneDNN's blocks of rows end, and enough beyond for straight lines to follow attention, which is quadratic. */
    private static final List<Integer> ROWS = List.of(1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256);

    /** Below, where time is that of weights on their way, a sample is a whole forward; from here on one layer, because arithmetic counts. */
    private static final int MANY_ROWS = 64;

    /** The third-level cache of large servers for one or two cores. */
    private static final long CACHED_BYTES = 64L << 20;

    private static final int WARM_UP_ROUNDS = 300;
    private static final long WARM_UP_NANOS = 500_000_000L;

    /** So that all matrices of an MLP of a quarter of the units are the backend's own. */
    private static final int LEAST_WIDTH = 64;

    private static final long MEASURED_NANOS = 1_000_000_000L;
    private static final int LEAST_ROUNDS = 5;
    private static final int MOST_ROUNDS = 101;

    /** As many as no second-level cache holds. */
    private static final int WORDS = 8192;

    private static final float EPSILON = 1e-12f;

    /** Of an MLP's units a piece has one such part. */
    private static final Map<Piece, Integer> MLP_DIVISORS =
            Collections.unmodifiableMap(new EnumMap<>(Map.of(Piece.MLP_QUARTER, 4, Piece.MLP_HALF, 2, Piece.MLP, 1)));

    /** A layer's packed weights, those of MLPs of fewer units too. */
    private record Layer(PackedMatrix projections, PackedMatrix output, Map<Piece, MlpSlices> mlps) {}

    /** What all layers share. */
    private record Shared(
            Tensor words,
            Tensor positions,
            Tensor types,
            Tensor gamma,
            Tensor beta,
            Tensor projectionsBias,
            Tensor outputBias) {}

    private final Sizes sizes;
    private final Backend backend;
    private final Stream stream;
    private final Arena arena = Arena.ofShared();
    private final Workspace workspace;
    private final SplittableRandom random = new SplittableRandom(5);
    private final Shared shared;
    private final List<Layer> layers;
    private int nextLayer;

    /** Of the sample that runs, by piece. */
    private final long[] nanos = new long[Piece.values().length];

    private CostMeasurement(Backend backend, Sizes sizes) {
        this.backend = backend;
        this.sizes = sizes;
        stream = backend.stream();
        workspace = backend.workspace(Long.MAX_VALUE);
        int hidden = sizes.hidden();
        shared = new Shared(
                random(WORDS, hidden),
                random(ROWS.getLast(), hidden),
                random(1, hidden),
                random(1, hidden),
                random(1, hidden),
                random(1, 3 * hidden),
                random(1, hidden));
        layers = layers();
    }

    private List<Layer> layers() {
        int hidden = sizes.hidden();
        long weights = sizes.attentionWeights() + sizes.mlpWeights();
        long fit = CACHED_BYTES / (weights * backend.precision().bytes());
        int count = Math.clamp(fit, 2, Math.max(2, sizes.layers()));
        List<PackedMatrix> projections = packed(hidden, 3 * hidden, count);
        List<PackedMatrix> outputs = packed(hidden, hidden, count);
        var mlps = new EnumMap<Piece, List<MlpSlices>>(Piece.class);
        MLP_DIVISORS.forEach((piece, divisor) -> mlps.put(piece, mlps(divisor, count)));
        return IntStream.range(0, count)
                .mapToObj(i -> {
                    var own = new EnumMap<Piece, MlpSlices>(Piece.class);
                    mlps.forEach((piece, all) -> own.put(piece, all.get(i)));
                    return new Layer(projections.get(i), outputs.get(i), own);
                })
                .toList();
    }

    /** MLPs of that part of the units. */
    private List<MlpSlices> mlps(int divisor, int count) {
        int units = units(divisor);
        List<PackedMatrix> ups = packed(sizes.hidden(), units, count);
        List<PackedMatrix> downs = packed(units, sizes.hidden(), count);
        List<Tensor> upBias = List.of(random(1, units));
        List<Tensor> downBias = List.of(random(1, sizes.hidden()));
        return IntStream.range(0, count)
                .mapToObj(i -> new MlpSlices(List.of(ups.get(i)), upBias, List.of(downs.get(i)), downBias))
                .toList();
    }

    private int units(int divisor) {
        return Math.ceilDiv(sizes.intermediate(), divisor);
    }

    /** Matrices of equal values, each in its own memory. */
    private List<PackedMatrix> packed(int inputs, int outputs, int count) {
        Tensor values = random(inputs, outputs);
        return IntStream.range(0, count)
                .mapToObj(_ -> {
                    PackedMatrix matrix = backend.allocatePacked(arena, inputs, outputs);
                    stream.pack(values, false, matrix);
                    return matrix;
                })
                .toList();
    }

    private Tensor random(int rows, int columns) {
        Tensor tensor = backend.allocate(arena, rows, columns);
        try (HostTensor values = backend.write(tensor)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, random.nextFloat(-0.1f, 0.1f));
            }
        }
        return tensor;
    }

    /**
     * What a model of these sizes costs on a backend.
     *
     * @throws IllegalArgumentException if the backend has more than one thread
     */
    static ShapeCost measure(Backend backend, Sizes sizes) {
        if (backend.threads() != 1) {
            throw new IllegalArgumentException("a cost table is of one thread; the backend has " + backend.threads());
        }
        warmUp(backend, sizes);
        try (var measurement = new CostMeasurement(backend, sizes)) {
            return measurement.run();
        }
    }

    /**
     * Until C2 has compiled the loops for every number of rows: before, vectors are objects and a piece takes ten times as long. A model of two such
     * heads runs the same code in little time.
     */
    private static void warmUp(Backend backend, Sizes sizes) {
        int hidden = Math.max(LEAST_WIDTH, 2 * (sizes.hidden() / sizes.heads()));
        try (var small = new CostMeasurement(backend, new Sizes(hidden, 4 * hidden, 2, 2))) {
            small.rounds(WARM_UP_ROUNDS, Integer.MAX_VALUE, WARM_UP_NANOS);
        }
    }

    private ShapeCost run() {
        rounds(2, 2, 0);
        List<double[][]> rounds = rounds(LEAST_ROUNDS, MOST_ROUNDS, MEASURED_NANOS);
        var micros = new EnumMap<Piece, List<Double>>(Piece.class);
        for (Piece piece : Piece.values()) {
            micros.put(
                    piece,
                    IntStream.range(0, ROWS.size())
                            .mapToObj(
                                    i -> lowerQuartile(rounds.stream().mapToDouble(round -> round[i][piece.ordinal()])))
                            .toList());
        }
        return new ShapeCost(sizes, ROWS, micros);
    }

    /**
     * A quarter is faster, because what else runs on the machine only ever adds time; the fastest is luck. In thousandths of a microsecond, at least
     * one of them.
     */
    private static double lowerQuartile(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        return Math.max(1, Math.round(sorted[sorted.length / 4] * 1e3)) / 1e3;
    }

    /** What rounds gave: at least and at most so many, until the time is over. */
    private List<double[][]> rounds(int least, int most, long nanosInAll) {
        var rounds = new ArrayList<double[][]>();
        long start = System.nanoTime();
        while (rounds.size() < least || rounds.size() < most && System.nanoTime() - start < nanosInAll) {
            rounds.add(round());
        }
        return rounds;
    }

    /** Microseconds at each number of rows, of each piece. */
    private double[][] round() {
        var micros = new double[ROWS.size()][];
        for (int i = 0; i < micros.length; i++) {
            int rows = ROWS.get(i);
            int count = rows < MANY_ROWS ? layers.size() : 1;
            sample(rows, count);
            micros[i] = Arrays.stream(Piece.values())
                    .mapToDouble(piece -> nanos[piece.ordinal()] / 1e3 / times(piece, count))
                    .toArray();
        }
        return micros;
    }

    /** How often a piece runs in a sample of so many layers. */
    private static int times(Piece piece, int count) {
        return switch (piece) {
            case EMBEDDINGS, POOLING -> 1;
            case PROJECTIONS, ATTENTION, NORMS -> MLP_DIVISORS.size() * count;
            case MLP_QUARTER, MLP_HALF, MLP -> count;
        };
    }

    /** A forward of so many rows through the next layers, for each width of MLPs. */
    private void sample(int rows, int count) {
        Arrays.fill(nanos, 0);
        workspace.reset();
        int hidden = sizes.hidden();
        int[] offsets = {0, rows};
        int[] ids = random.ints(rows, 0, WORDS).toArray();
        Tensor sum = workspace.tensor(rows, hidden);
        Tensor x = workspace.tensor(rows, hidden);
        Tensor pooled = workspace.tensor(1, hidden);
        long start = System.nanoTime();
        EmbeddingSums.forward(stream, ids, offsets, 1, shared.words, shared.positions, shared.types, sum);
        LayerNorms.forward(stream, sum, shared.gamma, shared.beta, EPSILON, x, null);
        lap(Piece.EMBEDDINGS, start);
        for (Piece mlp : MLP_DIVISORS.keySet()) {
            for (int i = 0; i < count; i++) {
                layer(layers.get((nextLayer + i) % layers.size()), mlp, x, offsets);
            }
        }
        nextLayer = (nextLayer + count) % layers.size();
        start = System.nanoTime();
        Pools.mean(stream, x, offsets, 1, pooled);
        Lengths.forward(stream, pooled, pooled, null);
        lap(Piece.POOLING, start);
    }

    /** As a BERT's layer: x becomes what it gives. */
    private void layer(Layer layer, Piece mlp, Tensor x, int[] offsets) {
        int rows = x.rows();
        int hidden = sizes.hidden();
        workspace.push();
        Tensor projected = workspace.tensor(rows, 3 * hidden);
        Tensor context = workspace.tensor(rows, hidden);
        Tensor attended = workspace.tensor(rows, hidden);
        Tensor normed = workspace.tensor(rows, hidden);
        Tensor y = workspace.tensor(rows, hidden);
        long time = System.nanoTime();
        stream.linear(x, layer.projections, shared.projectionsBias, false, null, projected);
        time = lap(Piece.PROJECTIONS, time);
        SelfAttention.forward(stream, projected, offsets, 1, sizes.heads(), context, null);
        time = lap(Piece.ATTENTION, time);
        stream.linear(context, layer.output, shared.outputBias, false, x, attended);
        time = lap(Piece.PROJECTIONS, time);
        LayerNorms.forward(stream, attended, shared.gamma, shared.beta, EPSILON, normed, null);
        time = lap(Piece.NORMS, time);
        stream.mlp(normed, layer.mlps.get(mlp), normed, workspace, y);
        time = lap(mlp, time);
        LayerNorms.forward(stream, y, shared.gamma, shared.beta, EPSILON, x, null);
        lap(Piece.NORMS, time);
        workspace.pop();
    }

    /** Adds what has passed to a piece's time; returns now. */
    private long lap(Piece piece, long since) {
        long now = System.nanoTime();
        nanos[piece.ordinal()] += now - since;
        return now;
    }

    @Override
    public void close() {
        workspace.close();
        arena.close();
    }
}
