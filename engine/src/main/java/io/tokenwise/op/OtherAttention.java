package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.AttendJob;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cpu.RangeJob;
import io.tokenwise.backend.cuda.Bucket;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.backend.cuda.HeadWidth;
import io.tokenwise.backend.cuda.Launches;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SpeechOps;
import io.tokenwise.tensor.Tensor;

/** Attention over other rows, as decoders have it: of whole texts in training, and of one query over a cache while a text is written. */
public final class OtherAttention {
    /** Rows and columns of the tile that a block of toColumns turns, and its threads. */
    private static final int TILE = 32;

    private static final int TILE_THREADS = 256;

    private static final int ONE_THREADS = 128;

    private OtherAttention() {}

    /**
     * Attention of queries over keys and values of other rows, as in training: probabilities {@code [1, rows.probabilities()]} are kept.
     *
     * @param queries {@code [queries, any]}; may be the tensor of the keys
     * @param keysValues {@code [keys, any]}
     * @param contexts {@code [queries, hidden]}
     */
    public static void forward(
            Stream stream,
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor contexts,
            Tensor probabilities) {
        rows.check("attend", queries, keysValues, contexts, probabilities);
        if (stream.device() instanceof CpuDevice cpu) {
            AttendJob job = cpu.attend();
            job.prepare(queries, keysValues, rows, contexts, probabilities);
            job.contexts(contexts);
            cpu.run(job);
        } else {
            onCuda(CudaDevice.of(stream), queries, keysValues, rows, contexts, probabilities);
        }
    }

    private static void onCuda(
            CudaDevice cuda,
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor contexts,
            Tensor probabilities) {
        int hidden = contexts.columns();
        int headSize = hidden / rows.heads();
        HeadWidth width = HeadWidth.of(headSize);
        Launches launch = cuda.kernel(width.f32);
        AttentionLaunch.columns(launch, queries, 0);
        AttentionLaunch.columns(launch, keysValues, rows.keyColumn());
        AttentionLaunch.columns(launch, keysValues, rows.keyColumn() + hidden);
        AttentionLaunch.offsets(launch, rows);
        AttentionLaunch.head(launch, headSize, rows.causal());
        launch.tensor(contexts).integer(hidden).pointer(0);
        AttentionLaunch.keep(launch, probabilities, rows.probabilityOffsets(), rows.sequences());
        int most = CudaDevice.longest(rows.queryOffsets(), rows.sequences());
        int launched = AttentionLaunch.launched(probabilities, rows.sequences());
        AttentionLaunch.run(launch, most, rows.heads(), launched, width.sharedBytes);
    }

    /** Gradient of {@link #forward}: writes the columns of queries, keys and values of dQueries and dKeysValues, which may be the same tensor. */
    public static void backward(
            Stream stream,
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor probabilities,
            Tensor dContexts,
            Tensor dQueries,
            Tensor dKeysValues) {
        rows.check("attendBackward", queries, keysValues, dContexts, probabilities);
        Shapes.same("attendBackward", queries, dQueries);
        Shapes.same("attendBackward", keysValues, dKeysValues);
        if (stream.device() instanceof CpuDevice cpu) {
            AttendJob job = cpu.attend();
            job.prepare(queries, keysValues, rows, dContexts, probabilities);
            job.gradients(dContexts, dQueries, dKeysValues);
            cpu.run(job);
        } else {
            AttentionLaunch.backward(
                    CudaDevice.of(stream), queries, keysValues, rows, probabilities, dContexts, dQueries, dKeysValues);
        }
    }

    /**
     * Attention of queries, each row's first columns, over keys and values of other rows, to contexts {@code [queries, hidden]}.
     *
     * @param queries may be the tensor of the keys
     */
    public static Tensor of(Recorder pass, Tensor queries, Tensor keysValues, AttendedRows rows, int hidden) {
        Tensor y = pass.tensor(queries.rows(), hidden);
        Tensor probabilities = pass.tensor(1, rows.probabilities());
        forward(pass.stream(), queries, keysValues, rows, y, probabilities);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(queries, keysValues, rows, probabilities, y));
        }
        return y;
    }

    /** Queries and keysValues may be one tensor. */
    private record Taped(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor probabilities, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(queries) || tape.tracks(keysValues);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dQueries = to.like(queries);
            Tensor dKeysValues = keysValues == queries ? dQueries : to.like(keysValues);
            OtherAttention.backward(to.stream(), queries, keysValues, rows, probabilities, dy, dQueries, dKeysValues);
            to.addIfTracked(queries, dQueries);
            if (dKeysValues != dQueries) {
                to.addIfTracked(keysValues, dKeysValues);
            }
        }
    }

    // ---- one query over a cache

    /** {@code cache[c, at + r] = x[r, column + c]} for all rows of x and of the cache. */
    public static void toColumns(Stream stream, Tensor x, int column, Tensor cache, int at) {
        if (column < 0 || column + cache.rows() > x.columns() || at < 0 || at + x.rows() > cache.columns()) {
            throw new IllegalArgumentException("toColumns: " + x.shape() + " from column " + column
                    + " on does not fit " + cache.shape() + " from column " + at + " on");
        }
        int channels = cache.rows();
        if (stream.device() instanceof CpuDevice cpu) {
            SpeechOps kernels = cpu.kernels().speech();
            Floats target = cpu.floats(cache);
            kernels.toColumns(cpu.floats(x), x.rows(), x.columns(), column, target, channels, cache.columns(), at);
        } else {
            CudaDevice.of(stream)
                    .kernel("toColumns")
                    .tensor(x)
                    .count(x.rows())
                    .integer(x.columns())
                    .integer(column)
                    .tensor(cache)
                    .integer(channels)
                    .integer(cache.columns())
                    .count(at)
                    .run(
                            Launches.blocks(channels, TILE),
                            Launches.blocks(Bucket.of(x.rows()), TILE),
                            1,
                            TILE_THREADS,
                            0);
        }
    }

    /**
     * Attention of one query over the first {@code length} columns of a cache {@code [2 * hidden, tokens]} of keys, then values; what follows these
     * columns must be finite.
     *
     * @param query {@code [1, hidden]}, like context
     */
    public static void one(Stream stream, Tensor query, Tensor cache, int length, int heads, Tensor context) {
        checkOne(query, cache, length, heads, context);
        int headSize = query.columns() / heads;
        if (stream.device() instanceof CpuDevice cpu) {
            // Each head reads its keys and its values once.
            cpu.operands(query, cache, context)
                    .lowerHalf(cache)
                    .columns(cache.columns())
                    .rows(length)
                    .blocks(headSize)
                    .forEach(heads, RangeJob.grain(2 * length * headSize), OtherAttention::one);
        } else {
            // The length is told by device memory, so that it may change where the launch does not.
            CudaDevice.of(stream)
                    .kernel("attendOne")
                    .tensor(query)
                    .tensor(cache)
                    .integer(cache.columns())
                    .count(length)
                    .integer(headSize)
                    .floating(AttentionLaunch.scale(headSize))
                    .tensor(context)
                    .run(heads, 1, 1, ONE_THREADS, cache.columns() * Float.BYTES);
        }
    }

    private static void one(RangeJob o, int from, int to, Scratch scratch) {
        float scale = AttentionLaunch.scale(o.blocks);
        o.kernels.speech().attendOne(o.a, o.b, o.d, o.columns, o.rows, o.blocks, scale, o.c, from, to, scratch);
    }

    private static void checkOne(Tensor query, Tensor cache, int length, int heads, Tensor context) {
        Shapes.same("attendOne", query, context);
        Shapes.vector("attendOne", query, cache.rows() / 2);
        if (heads < 1 || cache.rows() % (2 * heads) != 0) {
            throw new IllegalArgumentException(
                    "attendOne: " + cache.shape() + " does not hold keys and values of " + heads + " heads");
        }
        if (length < 1 || length > cache.columns() || cache.columns() % SpeechOps.STEP != 0) {
            throw new IllegalArgumentException("attendOne: " + length + " tokens of " + cache.shape()
                    + "; there is at least one, and a cache has a multiple of " + SpeechOps.STEP);
        }
    }
}
