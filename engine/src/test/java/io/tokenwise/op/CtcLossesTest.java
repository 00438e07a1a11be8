package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The loss of CTC and its gradient: against the sum over all ways to say letters, finite differences of it, and libtorch. */
class CtcLossesTest {
    /** libtorch's, the sum over a batch's recordings, in doubles. */
    private static final String PROGRAM = """
            class Model(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self: __torch__.Model, logits: Tensor, letters: Tensor, frames: Tensor, counts: Tensor) -> Tensor:
                likely = torch.log_softmax(logits, 2, None)
                return torch.ctc_loss(likely, letters, frames, counts, 2, 2, False)
            """;

    private static final double STEP = 1e-3;

    private final Backend backend = VectorBackend.open(1);
    private final Workspace workspace = backend.workspace(1 << 24);
    private final Random random = new Random(6);

    @AfterEach
    void close() {
        workspace.close();
        backend.close();
    }

    private Tensor random(int frames, int tokens) {
        Tensor logits = workspace.tensor(frames, tokens);
        for (int i = 0; i < logits.size(); i++) {
            logits.floats().set(i, (float) (2 * random.nextGaussian()));
        }
        return logits;
    }

    private int[] letters(int count, int tokens, int blank) {
        return random.ints(0, tokens)
                .filter(token -> token != blank)
                .limit(count)
                .toArray();
    }

    /** How likely frames say letters, by all ways of a token a frame. */
    private static double likely(double[][] logits, int[] letters, int blank) {
        int tokens = logits[0].length;
        double sum = 0;
        for (int way = 0; way < Math.pow(tokens, logits.length); way++) {
            double likely = 1;
            var said = new int[logits.length];
            int count = 0;
            int last = blank;
            int rest = way;
            for (double[] frame : logits) {
                int token = rest % tokens;
                rest /= tokens;
                likely *= Math.exp(frame[token])
                        / Arrays.stream(frame).map(Math::exp).sum();
                if (token != blank && token != last) {
                    said[count++] = token;
                }
                last = token;
            }
            sum += Arrays.equals(Arrays.copyOf(said, count), letters) ? likely : 0;
        }
        return sum;
    }

    private static double[][] doubles(Tensor logits) {
        var rows = new double[logits.rows()][logits.columns()];
        for (int row = 0; row < rows.length; row++) {
            for (int column = 0; column < rows[row].length; column++) {
                rows[row][column] = logits.host().get(row, column);
            }
        }
        return rows;
    }

    @Test
    void itIsTheSumOverAllWays() {
        for (int tokens = 2; tokens <= 4; tokens++) {
            for (int frames = 1; frames <= 5; frames++) {
                for (int count = 0; count <= frames; count++) {
                    int blank = random.nextInt(tokens);
                    int[] letters = letters(count, tokens, blank);
                    if (CtcLosses.leastFrames(letters) <= frames) {
                        isTheSumOverAllWays(random(frames, tokens), letters, blank);
                    }
                }
            }
        }
    }

    private void isTheSumOverAllWays(Tensor logits, int[] letters, int blank) {
        String as = logits.rows() + " frames, " + Arrays.toString(letters);
        Tensor slopes = workspace.tensor(logits.rows(), logits.columns());
        int[] offsets = {0, logits.rows()};
        double loss = CtcLosses.sum(backend.stream(), logits, offsets, new int[][] {letters}, blank, .5, slopes);
        double[][] values = doubles(logits);
        assertThat(loss).as(as).isCloseTo(-Math.log(likely(values, letters, blank)), within(1e-9));
        for (int i = 0; i < logits.size(); i++) {
            double[] row = values[i / logits.columns()];
            int column = i % logits.columns();
            double value = row[column];
            row[column] = value + STEP;
            double above = -Math.log(likely(values, letters, blank));
            row[column] = value - STEP;
            double below = -Math.log(likely(values, letters, blank));
            row[column] = value;
            assertThat((double) slopes.floats().get(i)).as(as).isCloseTo((above - below) / (4 * STEP), within(1e-6));
        }
    }

    @Test
    void itIsLibtorchs() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (var program = new TorchScript("ctc", PROGRAM)) {
            for (int i = 0; i < 200; i++) {
                isLibtorchs(program, 1 + random.nextInt(5), 3 + random.nextInt(30));
            }
        }
    }

    private void isLibtorchs(TorchScript program, int recordings, int tokens) {
        var letters = new int[recordings][];
        var offsets = new int[recordings + 1];
        for (int i = 0; i < recordings; i++) {
            letters[i] = letters(random.nextInt(12), tokens, 2);
            int frames = Math.max(1, CtcLosses.leastFrames(letters[i])) + random.nextInt(40) * random.nextInt(2);
            offsets[i + 1] = offsets[i] + frames;
        }
        workspace.reset();
        Tensor logits = random(offsets[recordings], tokens);
        Tensor slopes = workspace.tensor(logits.rows(), tokens);
        double loss = CtcLosses.sum(backend.stream(), logits, offsets, letters, 2, 1, slopes);
        double[] expected = new double[logits.size()];
        double expectedLoss = libtorchs(program, logits, offsets, letters, expected);
        assertThat(loss).isCloseTo(expectedLoss, within(1e-9 * Math.max(1, expectedLoss)));
        for (int place = 0; place < expected.length; place++) {
            assertThat((double) slopes.floats().get(place)).isCloseTo(expected[place], within(1e-6));
        }
    }

    private static double libtorchs(
            TorchScript program, Tensor logits, int[] offsets, int[][] letters, double[] gradient) {
        int most = 0;
        long[] frames = new long[letters.length];
        long[] counts = new long[letters.length];
        for (int i = 0; i < letters.length; i++) {
            frames[i] = offsets[i + 1] - offsets[i];
            counts[i] = letters[i].length;
            most = (int) Math.max(most, frames[i]);
        }
        int tokens = logits.columns();
        var padded = new double[most * letters.length * tokens];
        for (int i = 0; i < letters.length; i++) {
            for (int frame = 0; frame < frames[i]; frame++) {
                for (int token = 0; token < tokens; token++) {
                    padded[(frame * letters.length + i) * tokens + token] =
                            logits.host().get(offsets[i] + frame, token);
                }
            }
        }
        try (NDManager manager = TorchScript.newManager();
                GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray input = manager.create(padded, new Shape(most, letters.length, tokens));
            input.setRequiresGradient(true);
            long[] all = Arrays.stream(letters)
                    .flatMapToInt(Arrays::stream)
                    .asLongStream()
                    .toArray();
            NDArray loss = program.train(
                            new NDList(input, manager.create(all), manager.create(frames), manager.create(counts)))
                    .singletonOrThrow();
            collector.backward(loss);
            double[] slopes = input.getGradient().toDoubleArray();
            for (int i = 0; i < letters.length; i++) {
                for (int frame = 0; frame < frames[i]; frame++) {
                    System.arraycopy(
                            slopes,
                            (frame * letters.length + i) * tokens,
                            gradient,
                            (offsets[i] + frame) * tokens,
                            tokens);
                }
            }
            return loss.toDoubleArray()[0];
        }
    }

    @Test
    void whatCannotBeSaidIsRefusedByTheRecording() {
        assertThat(CtcLosses.leastFrames(1, 1, 2, 2, 2)).isEqualTo(8);
        refused(7, "ctc: recording 1 has 7 frames, its 5 letters need 8", 1, 1, 2, 2, 2);
        refused(9, "ctc: recording 1 has letter 0; they go from 0 to 3, without the blank 0", 1, 0);
        refused(9, "ctc: recording 1 has letter 4; they go from 0 to 3, without the blank 0", 4);
        int[] many = new int[1_000];
        Arrays.setAll(many, i -> 1 + i % 2);
        refused(10_000, "ctc: recording 1 of 10000 frames has 1000 letters; at most 838 can be learnt", many);
    }

    private void refused(int frames, String message, int... letters) {
        Tensor logits = random(2 + frames, 4);
        Tensor slopes = workspace.tensor(2 + frames, 4);
        assertThatThrownBy(() -> CtcLosses.sum(
                        backend.stream(),
                        logits,
                        new int[] {0, 2, 2 + frames},
                        new int[][] {{1}, letters},
                        0,
                        1,
                        slopes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
