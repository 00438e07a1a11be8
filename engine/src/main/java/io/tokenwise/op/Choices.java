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
import io.tokenwise.kernels.Floats;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/** The straight-through choice of learner counts (Gumbel-softmax, Jang et al. 2017). */
public final class Choices {
    private static final int BLOCK = 256;

    private Choices() {}

    /**
     * {@code soft = softmax((logits + noise) / temperature)} over counts 0..learners, {@code running[i, n] = 1} if the largest of row i is a count above n,
     * else 0.
     *
     * @param logits {@code [rows, learners + 1]}, like noise and soft
     * @param running {@code [rows, learners]}
     */
    public static void forward(
            Stream stream, Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running) {
        Shapes.same("choose", logits, noise);
        Shapes.same("choose", logits, soft);
        Shapes.require("choose", running, logits.rows(), logits.columns() - 1);
        if (stream.device() instanceof CpuDevice cpu) {
            choose(cpu.floats(logits), cpu.floats(noise), temperature, cpu.floats(soft), cpu.host(running));
            Softmaxes.forward(stream, soft, soft);
        } else {
            CudaDevice.of(stream)
                    .kernel("choose")
                    .tensor(logits)
                    .tensor(noise)
                    .floating(temperature)
                    .tensor(soft)
                    .tensor(running)
                    .integer(logits.rows())
                    .integer(logits.columns())
                    .run(Launches.blocks(logits.rows(), BLOCK), BLOCK);
        }
    }

    private static void choose(Floats logits, Floats noise, float temperature, Floats noisy, HostTensor running) {
        int counts = running.columns() + 1;
        for (int i = 0; i < running.rows() * counts; i++) {
            noisy.set(i, (logits.get(i) + noise.get(i)) / temperature);
        }
        for (int row = 0; row < running.rows(); row++) {
            int count = largest(noisy, (long) row * counts, counts);
            for (int n = 0; n < running.columns(); n++) {
                running.set(row, n, n < count ? 1 : 0);
            }
        }
    }

    /** Gradient of {@link #forward} as if the soft choice had been used: {@code dLogits = softmax'(cumulated dRunning) / temperature}. */
    public static void backward(Stream stream, Tensor soft, float temperature, Tensor dRunning, Tensor dLogits) {
        Shapes.same("chooseBackward", soft, dLogits);
        Shapes.require("chooseBackward", dRunning, soft.rows(), soft.columns() - 1);
        if (stream.device() instanceof CpuDevice cpu) {
            cumulate(cpu.host(dRunning), temperature, cpu.host(dLogits));
            Softmaxes.backward(stream, soft, dLogits, dLogits);
        } else {
            CudaDevice.of(stream)
                    .kernel("chooseBackward")
                    .tensor(soft)
                    .floating(temperature)
                    .tensor(dRunning)
                    .tensor(dLogits)
                    .integer(soft.rows())
                    .integer(soft.columns())
                    .run(Launches.blocks(soft.rows(), BLOCK), BLOCK);
        }
    }

    private static void cumulate(HostTensor dRunning, float temperature, HostTensor sums) {
        for (int row = 0; row < sums.rows(); row++) {
            float cumulated = 0;
            sums.set(row, 0, 0);
            for (int n = 0; n < dRunning.columns(); n++) {
                cumulated += dRunning.get(row, n) / temperature;
                sums.set(row, n + 1, cumulated);
            }
        }
    }

    public static Tensor of(Recorder pass, Tensor logits, Tensor noise, float temperature) {
        Tensor soft = pass.tensor(logits.rows(), logits.columns());
        Tensor y = pass.tensor(logits.rows(), logits.columns() - 1);
        forward(pass.stream(), logits, noise, temperature, soft, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(logits, soft, temperature, y));
        }
        return y;
    }

    /**
     * Which learners run: {@code y[i, n]} is 1 if row i uses learner n + 1, from a hard choice of the learner count; {@code soft} is the Gumbel-softmax over counts
     * {@code [rows, learners + 1]} that the gradient goes through.
     */
    private record Taped(Tensor logits, Tensor soft, float temperature, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(logits);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dLogits = to.like(logits);
            Choices.backward(to.stream(), soft, temperature, dy, dLogits);
            to.add(logits, dLogits);
        }
    }

    /** The place of a row's largest value, the first if several are equal. The host waits for it. */
    public static int argmax(Stream stream, Tensor x, int row) {
        if (row < 0 || row >= x.rows()) {
            throw new IllegalArgumentException("argmax: row " + row + " of " + x.shape());
        }
        if (stream.device() instanceof CpuDevice cpu) {
            return largest(cpu.floats(x), (long) row * x.columns(), x.columns());
        }
        CudaDevice cuda = CudaDevice.of(stream);
        long place = cuda.scratch(Integer.BYTES);
        cuda.kernel("argmaxRows")
                .pointer(cuda.address(x) + (long) row * x.columns() * Float.BYTES)
                .pointer(place)
                .integer(x.columns())
                .run(1, BLOCK);
        return cuda.readInt(place);
    }

    private static int largest(Floats values, long first, int count) {
        int best = 0;
        float most = values.get(first);
        for (int i = 1; i < count; i++) {
            float value = values.get(first + i);
            if (value > most) {
                best = i;
                most = value;
            }
        }
        return best;
    }
}
