package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.backend.cuda.Launches;
import io.tokenwise.kernels.Floats;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Some rows of a matrix. */
public final class TakenRows {
    private TakenRows() {}

    /** {@code y[i] = x[rows[i]]} for all rows of y; none of x is taken twice. */
    public static void forward(Stream stream, Tensor x, int[] rows, Tensor y) {
        Shapes.sameColumns("takeRows", x, y);
        Shapes.rows("takeRows", rows, y.rows(), x.rows());
        if (stream.device() instanceof CpuDevice cpu) {
            take(cpu, x, rows, y);
        } else {
            Launches launch = CudaDevice.of(stream).kernel("takeRows").tensor(x).ints(rows, y.rows());
            take(launch, y);
        }
    }

    /** {@code y} is the rows of x that stay, in their order. */
    public static void forward(Stream stream, Tensor x, Staying staying, Tensor y) {
        if (staying.rows() != x.rows()) {
            throw new IllegalArgumentException(
                    "takeRows: those of " + staying.rows() + " rows that stay do not fit " + x.shape());
        }
        Shapes.require("takeRows", y, staying.count(), x.columns());
        if (stream.device() instanceof CpuDevice cpu) {
            take(cpu, x, cpu.rowsOf(staying), y);
        } else if (staying.count() == staying.rows()) {
            stream.copy(x, y);
        } else {
            CudaDevice cuda = CudaDevice.of(stream);
            take(cuda.kernel("takeRows").tensor(x).pointer(cuda.rowsOf(staying)), y);
        }
    }

    private static void take(CpuDevice cpu, Tensor x, int[] rows, Tensor y) {
        cpu.operands(x, y, null).integers(rows).forRows(y, (o, from, to, _) -> {
            for (int i = from; i < to; i++) {
                copyRow(o.a, o.integers[i], o.b, i, o.columns);
            }
        });
    }

    private static void take(Launches begun, Tensor y) {
        begun.tensor(y).count(y.rows()).integer(y.columns()).runRows(y.rows());
    }

    /** Gradient of {@link #forward(Stream, Tensor, int[], Tensor)}: {@code dx[rows[i]] = dy[i]}, and 0 in the rows that were not taken. */
    public static void backward(Stream stream, Tensor dy, int[] rows, Tensor dx) {
        Shapes.sameColumns("takeRowsBackward", dy, dx);
        Shapes.rows("takeRowsBackward", rows, dy.rows(), dx.rows());
        if (stream.device() instanceof CpuDevice cpu) {
            stream.fill(dx, 0);
            cpu.operands(dy, dx, null).integers(rows).forRows(dy, (o, from, to, _) -> {
                for (int i = from; i < to; i++) {
                    copyRow(o.a, i, o.b, o.integers[i], o.columns);
                }
            });
        } else {
            put(CudaDevice.of(stream), dy, rows, dy.rows(), dx);
        }
    }

    static void copyRow(Floats source, int sourceRow, Floats target, int targetRow, int columns) {
        MemorySegment.copy(
                source.segment(),
                source.at((long) sourceRow * columns),
                target.segment(),
                target.at((long) targetRow * columns),
                (long) columns * Float.BYTES);
    }

    /** The rows that x gives to y; all others of y are 0. */
    private static void put(CudaDevice cuda, Tensor x, int[] taken, int count, Tensor y) {
        cuda.zero(y);
        cuda.kernel("putRows")
                .tensor(x)
                .ints(taken, count)
                .tensor(y)
                .integer(count)
                .integer(y.columns())
                .runRows(count);
    }

    /** The first {@code count} entries of rows, rows of x, in their order; none twice. */
    public static Tensor of(Recorder pass, Tensor x, int[] rows, int count) {
        Tensor y = pass.tensor(count, x.columns());
        forward(pass.stream(), x, rows, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(x, rows, y));
        }
        return y;
    }

    /** The rows of x that stay, in their order; x itself if all do. Has no gradient: tokens leave before anything that is trained. */
    public static Tensor of(Recorder pass, Tensor x, Staying staying) {
        if (staying.count() == x.rows()) {
            return x;
        }
        pass.frozen("takeRows", x);
        Tensor y = pass.tensor(staying.count(), x.columns());
        forward(pass.stream(), x, staying, y);
        return y;
    }

    private record Taped(Tensor x, int[] rows, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            TakenRows.backward(to.stream(), dy, rows, dx);
            to.add(x, dx);
        }
    }
}
