package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cpu.RangeJob;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;

/** Columns scaled by factors of their row, and units of columns put together. */
public final class Scales {
    private Scales() {}

    // ---- blocks

    /** {@code y = x * scale}, scale {@code [rows, blocks]} covering blocks of x's columns. */
    public static void blocks(Stream stream, Tensor x, Tensor scale, Tensor y) {
        Shapes.same("scaleBlocks", x, y);
        checkBlocks("scaleBlocks", x, scale);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, scale, y)
                    .blocks(scale.columns())
                    .forRows(
                            x,
                            (o, from, to, _) -> o.kernels
                                    .rows()
                                    .scaleBlocks(o.a, o.b, o.c, o.blocks, o.columns / o.blocks, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("scaleBlocks")
                    .tensor(x)
                    .tensor(scale)
                    .tensor(y)
                    .count(x.size())
                    .integer(x.columns() / scale.columns())
                    .runValues(x);
        }
    }

    public static void blocksBackward(Stream stream, Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale) {
        Shapes.same("scaleBlocksBackward", x, dy);
        Shapes.same("scaleBlocksBackward", x, dx);
        Shapes.same("scaleBlocksBackward", scale, dScale);
        checkBlocks("scaleBlocksBackward", x, scale);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, scale, dy)
                    .d(dx)
                    .e(dScale)
                    .blocks(scale.columns())
                    .forRows(
                            x,
                            (o, from, to, _) -> o.kernels
                                    .rows()
                                    .scaleBlocksBackward(
                                            o.a, o.b, o.c, o.d, o.e, o.blocks, o.columns / o.blocks, from, to));
        } else {
            // A block of columns is a row to the kernel.
            CudaDevice.of(stream)
                    .kernel("scaleBlocksBackward")
                    .tensor(x)
                    .tensor(scale)
                    .tensor(dy)
                    .tensor(dx)
                    .tensor(dScale)
                    .integer(scale.size())
                    .integer(x.columns() / scale.columns())
                    .runRows(scale.size());
        }
    }

    /** {@code x [rows, blocks * width]} with each block scaled by its entry of {@code scale [rows, blocks]}. */
    public static Tensor blocks(Recorder pass, Tensor x, Tensor scale) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        blocks(pass.stream(), x, scale, y);
        if (pass.tape() != null) {
            pass.tape().record(new TapedBlocks(x, scale, y));
        }
        return y;
    }

    private record TapedBlocks(Tensor x, Tensor scale, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.tracks(scale);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Tensor dScale = to.like(scale);
            blocksBackward(to.stream(), x, scale, dy, dx, dScale);
            to.addIfTracked(x, dx);
            to.addIfTracked(scale, dScale);
        }
    }

    /** The columns of {@code x} fall into as many blocks of one width as {@code scale} has columns. */
    private static void checkBlocks(String operation, Tensor x, Tensor scale) {
        if (scale.rows() != x.rows() || scale.columns() == 0 || x.columns() % scale.columns() != 0) {
            throw new IllegalArgumentException(
                    operation + ": " + x.shape() + " cannot be scaled in blocks by " + scale.shape());
        }
    }

    // ---- units

    /**
     * {@code y = x * scale}, unit by unit: the columns are cut into {@code places.length} units of equal width, and unit u has the
     * factor of column {@code places[u]} of {@code scale [rows, factors]}, or 1 if that is negative.
     */
    public static void units(Stream stream, Tensor x, Tensor scale, int[] places, Tensor y) {
        Shapes.same("scaleUnits", x, y);
        checkUnits("scaleUnits", x, scale, places);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, scale, y)
                    .blocks(scale.columns())
                    .integers(places)
                    .forRows(
                            x,
                            (o, from, to, _) -> o.kernels
                                    .rows()
                                    .scaleUnits(
                                            o.a,
                                            o.b,
                                            o.blocks,
                                            o.integers,
                                            o.c,
                                            o.columns / o.integers.length,
                                            from,
                                            to));
        } else {
            CudaDevice.of(stream)
                    .kernel("scaleUnits")
                    .tensor(x)
                    .tensor(scale)
                    .table(places)
                    .tensor(y)
                    .count(x.size())
                    .integer(places.length)
                    .integer(x.columns() / places.length)
                    .integer(scale.columns())
                    .runValues(x);
        }
    }

    public static void unitsBackward(
            Stream stream, Tensor x, Tensor scale, int[] places, Tensor dy, Tensor dx, Tensor dScale) {
        Shapes.same("scaleUnitsBackward", x, dy);
        Shapes.same("scaleUnitsBackward", x, dx);
        Shapes.same("scaleUnitsBackward", scale, dScale);
        checkUnits("scaleUnitsBackward", x, scale, places);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, scale, dy)
                    .d(dx)
                    .e(dScale)
                    .blocks(scale.columns())
                    .integers(places)
                    .forRows(x, Scales::unitsBackward);
        } else {
            CudaDevice.of(stream)
                    .kernel("scaleUnitsBackward")
                    .tensor(x)
                    .tensor(scale)
                    .table(places)
                    .tensor(dy)
                    .tensor(dx)
                    .tensor(dScale)
                    .integer(x.rows())
                    .integer(places.length)
                    .integer(x.columns() / places.length)
                    .integer(scale.columns())
                    .runRows(x.rows());
        }
    }

    private static void unitsBackward(RangeJob o, int from, int to, Scratch scratch) {
        int width = o.columns / o.integers.length;
        o.kernels.rows().scaleUnitsBackward(o.a, o.b, o.blocks, o.integers, o.c, o.d, o.e, width, from, to);
    }

    /** {@code x * scale} by units of columns, unit u by the factor {@code places[u]}. */
    public static Tensor units(Recorder pass, Tensor x, Tensor scale, int[] places) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        units(pass.stream(), x, scale, places, y);
        if (pass.tape() != null) {
            pass.tape().record(new TapedUnits(x, scale, places, y));
        }
        return y;
    }

    private record TapedUnits(Tensor x, Tensor scale, int[] places, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.tracks(scale);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Tensor dScale = to.like(scale);
            unitsBackward(to.stream(), x, scale, places, dy, dx, dScale);
            to.addIfTracked(x, dx);
            to.addIfTracked(scale, dScale);
        }
    }

    /** Columns of x in as many units as there are places, each with one of the factors of scale's rows, or with none. */
    private static void checkUnits(String operation, Tensor x, Tensor scale, int[] places) {
        if (x.rows() != scale.rows() || places.length == 0 || x.columns() % places.length != 0) {
            throw new IllegalArgumentException(operation + ": " + x.shape() + " cannot be scaled in " + places.length
                    + " units by " + scale.shape());
        }
        for (int place : places) {
            if (place >= scale.columns()) {
                throw new IllegalArgumentException(
                        operation + ": a unit has factor " + place + ", there are " + scale.columns());
            }
        }
    }

    // ---- units put together

    /**
     * Puts units of columns together: {@code y[r, u * width + j] = x[r, starts[u] + j]} for each unit u whose start is not negative; other columns of y stay
     * as they are. Has no gradient.
     */
    public static void gather(Stream stream, Tensor x, int[] starts, int width, Tensor y) {
        checkGathered(x, starts, width, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, y, null)
                    .blocks(width)
                    .integers(starts)
                    .forRows(
                            x,
                            (o, from, to, _) ->
                                    o.kernels.rows().gatherUnits(o.a, o.columns, o.integers, o.blocks, o.b, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("gatherUnits")
                    .tensor(x)
                    .table(starts)
                    .tensor(y)
                    .count(y.size())
                    .integer(starts.length)
                    .integer(width)
                    .integer(x.columns())
                    .runValues(y);
        }
    }

    /** Each unit begins where x has its columns, or is left out, and y has as many units. */
    private static void checkGathered(Tensor x, int[] starts, int width, Tensor y) {
        Shapes.require("gatherUnits", y, x.rows(), Math.multiplyExact(starts.length, width));
        for (int start : starts) {
            if (width < 1 || start > x.columns() - width) {
                throw new IllegalArgumentException(
                        "gatherUnits: a unit of " + width + " columns from " + start + " on is outside " + x.shape());
            }
        }
    }
}
