package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.backend.cuda.Launches;
import io.tokenwise.tensor.Tensor;

/** {@code y = a + b}, and sums over rows. */
public final class Sums {
    /** What a block of the kernel that sums over rows takes of a matrix's columns, and its threads. */
    private static final int SUMMED_COLUMNS = 8;

    private static final int SUM_THREADS = 512;

    private Sums() {}

    public static Tensor of(Recorder pass, Tensor a, Tensor b) {
        Tensor y = pass.tensor(a.rows(), a.columns());
        pass.stream().add(a, b, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(a, b, y));
        }
        return y;
    }

    private record Taped(Tensor a, Tensor b, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(a) || tape.tracks(b);
        }

        /** One of the inputs may take dy over. */
        @Override
        public void backward(Backward to, Tensor dy) {
            if (to.tracks(a)) {
                if (to.tracks(b)) {
                    to.addShared(a, dy);
                } else {
                    to.add(a, dy);
                }
            }
            to.addIfTracked(b, dy);
        }
    }

    /** {@code sums += } the sum of x over rows; sums is {@code [1, columns]}. */
    public static void addColumns(Stream stream, Tensor x, Tensor sums) {
        Shapes.vector("addColumnSums", sums, x.columns());
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, sums, null)
                    .forColumns(
                            x,
                            (o, from, to, _) -> o.kernels.rows().addColumnSums(o.a, o.b, o.rows, o.columns, from, to));
        } else {
            CudaDevice cuda = CudaDevice.of(stream);
            addColumns(cuda, x, sums);
            cuda.wroteGradient(sums);
        }
    }

    /** To the first row of sums, which may have more. */
    static void addColumns(CudaDevice cuda, Tensor x, Tensor sums) {
        cuda.kernel("addColumnSums")
                .tensor(x)
                .tensor(sums)
                .integer(x.rows())
                .integer(x.columns())
                .run(Launches.blocks(x.columns(), SUMMED_COLUMNS), SUM_THREADS);
    }
}
