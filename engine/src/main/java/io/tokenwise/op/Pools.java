package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.Bucket;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.backend.cuda.Launches;
import io.tokenwise.tensor.Tensor;

/** A vector of each sequence: of {@code [tokens, hidden]}, which {@code offsets[0..sequences]} cut, {@code [sequences, hidden]}. */
public final class Pools {
    private static final int POOLED_COLUMNS = 32;

    private Pools() {}

    // ---- the mean over a sequence's tokens

    public static void mean(Stream stream, Tensor x, int[] offsets, int sequences, Tensor y) {
        check("meanPool", x, offsets, sequences, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, y, null)
                    .forSequences(
                            x,
                            offsets,
                            sequences,
                            (o, from, to, _) ->
                                    o.kernels.sequences().meanPool(o.a, o.offsets, o.b, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("meanPool")
                    .tensor(x)
                    .offsets(offsets, sequences)
                    .tensor(y)
                    .integer(x.columns())
                    .run(Launches.blocks(x.columns(), POOLED_COLUMNS), Bucket.of(sequences), 1, 256, 0);
        }
    }

    public static void meanBackward(Stream stream, Tensor dy, int[] offsets, int sequences, Tensor dx) {
        check("meanPoolBackward", dx, offsets, sequences, dy);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(dx, dy, null)
                    .forSequences(
                            dx,
                            offsets,
                            sequences,
                            (o, from, to, _) ->
                                    o.kernels.sequences().meanPoolBackward(o.b, o.offsets, o.a, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("meanPoolBackward")
                    .tensor(dy)
                    .offsets(offsets, sequences)
                    .integer(sequences)
                    .tensor(dx)
                    .integer(dx.rows())
                    .integer(dx.columns())
                    .runRows(dx.rows());
        }
    }

    public static Tensor mean(Recorder pass, Tensor x, int[] offsets, int sequences) {
        Tensor y = pass.tensor(sequences, x.columns());
        mean(pass.stream(), x, offsets, sequences, y);
        if (pass.tape() != null) {
            pass.tape().record(new TapedMean(x, offsets, sequences, y));
        }
        return y;
    }

    private record TapedMean(Tensor x, int[] offsets, int sequences, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            meanBackward(to.stream(), dy, offsets, sequences, dx);
            to.add(x, dx);
        }
    }

    // ---- a sequence's first token, or its last one

    public static void first(Stream stream, Tensor x, int[] offsets, int sequences, Tensor y) {
        check("firstPool", x, offsets, sequences, y);
        if (stream.device() instanceof CpuDevice) {
            TakenRows.forward(stream, x, offsets, y);
        } else {
            CudaDevice.of(stream)
                    .kernel("takeRows")
                    .tensor(x)
                    .offsets(offsets, sequences)
                    .tensor(y)
                    .count(y.rows())
                    .integer(y.columns())
                    .runRows(y.rows());
        }
    }

    public static void firstBackward(Stream stream, Tensor dy, int[] offsets, int sequences, Tensor dx) {
        check("firstPoolBackward", dx, offsets, sequences, dy);
        TakenRows.backward(stream, dy, offsets, dx);
    }

    public static Tensor first(Recorder pass, Tensor x, int[] offsets, int sequences) {
        Tensor y = pass.tensor(sequences, x.columns());
        first(pass.stream(), x, offsets, sequences, y);
        if (pass.tape() != null) {
            pass.tape().record(new TapedOne(x, offsets, sequences, false, y));
        }
        return y;
    }

    public static void last(Stream stream, Tensor x, int[] offsets, int sequences, Tensor y) {
        check("lastPool", x, offsets, sequences, y);
        CpuDevice.only(stream, "pooling of the last token")
                .operands(x, y, null)
                .forSequences(x, offsets, sequences, (o, from, to, _) -> {
                    for (int i = from; i < to; i++) {
                        TakenRows.copyRow(o.a, o.offsets[i + 1] - 1, o.b, i, o.columns);
                    }
                });
    }

    public static void lastBackward(Stream stream, Tensor dy, int[] offsets, int sequences, Tensor dx) {
        check("lastPoolBackward", dx, offsets, sequences, dy);
        CpuDevice cpu = CpuDevice.only(stream, "pooling of the last token");
        stream.fill(dx, 0);
        cpu.operands(dx, dy, null).forSequences(dx, offsets, sequences, (o, from, to, _) -> {
            for (int i = from; i < to; i++) {
                TakenRows.copyRow(o.b, i, o.a, o.offsets[i + 1] - 1, o.columns);
            }
        });
    }

    public static Tensor last(Recorder pass, Tensor x, int[] offsets, int sequences) {
        Tensor y = pass.tensor(sequences, x.columns());
        last(pass.stream(), x, offsets, sequences, y);
        if (pass.tape() != null) {
            pass.tape().record(new TapedOne(x, offsets, sequences, true, y));
        }
        return y;
    }

    private record TapedOne(Tensor x, int[] offsets, int sequences, boolean isLast, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            if (isLast) {
                lastBackward(to.stream(), dy, offsets, sequences, dx);
            } else {
                firstBackward(to.stream(), dy, offsets, sequences, dx);
            }
            to.add(x, dx);
        }
    }

    // ---- the largest ln(1 + max(x, 0)) of each column, without gradient: how much a text is about a word (SPLADE,
    // Formal et al. 2021, equation 2)

    /** Raises y where a sequence has a larger value in x: called for one part of the tokens after the other, y is the largest of all. */
    public static void raiseToLargest(Stream stream, Tensor x, int[] offsets, int sequences, Tensor y) {
        check("raiseToLargest", x, offsets, sequences, y);
        CpuDevice.only(stream, "pooling of the largest")
                .operands(x, y, null)
                .forSequences(
                        x,
                        offsets,
                        sequences,
                        (o, from, to, _) ->
                                o.kernels.sequences().raiseToLargest(o.a, o.offsets, o.b, o.columns, from, to));
    }

    /** {@code y = ln(1 + y)} of what is above 0. */
    public static void logs(Stream stream, Tensor y) {
        CpuDevice.only(stream, "pooling of the largest")
                .operands(y, null, null)
                .forValues(y, (o, from, to, _) -> o.kernels.sequences().logs(o.a, from, to));
    }

    private static void check(String operation, Tensor tokens, int[] offsets, int sequences, Tensor pooled) {
        Shapes.offsets(operation, offsets, sequences, tokens.rows());
        Shapes.require(operation, pooled, sequences, tokens.columns());
    }
}
