package io.tokenwise.backend.cuda;

import io.tokenwise.backend.Staying;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** What a stream has itself, but for products ({@link ProductCases}): sums, copies, an optimizer's step, rows that stay. Operations are in {@code OpCases}. */
final class StreamCases {
    /** None, one, less than a warp, not a multiple of anything, more than one block of rows or values, and a real model's. */
    private static final int[][] SHAPES = {{0, 5}, {1, 1}, {3, 7}, {5, 129}, {2, 1_537}, {130, 384}};

    private final List<Case> cases = new ArrayList<>();

    private StreamCases() {}

    static List<Case> all() {
        var all = new StreamCases();
        for (int[] shape : SHAPES) {
            all.values(shape[0], shape[1]);
        }
        all.staying(1, 0, 9, 1);
        all.staying(1, 1, 4, 2, 3, 5, 12);
        all.staying(0, 0, 31, 1, 256, 40);
        all.staying(1, 0, 577, 577, 300, 2);
        return all.cases;
    }

    private void add(String name, int rows, int columns, double bound, Consumer<Side> run) {
        cases.add(new Case(name + " " + Case.shape(rows, columns), bound, run));
    }

    private void values(int rows, int columns) {
        add("add", rows, columns, 0, s -> {
            Tensor a = s.random(rows, columns);
            Tensor b = s.random(rows, columns);
            s.stream().add(a, b, s.untouched(rows, columns));
            s.stream().add(a, b, a);
        });
        add(
                "addScaled",
                rows,
                columns,
                1e-6,
                s -> s.stream().addScaled(s.random(rows, columns), -.3f, s.random(rows, columns)));
        add("copy and fill", rows, columns, 0, s -> {
            s.stream().copy(s.random(rows, columns), s.untouched(rows, columns));
            s.stream().fill(s.random(rows, columns), 1.5f);
            s.stream().fill(s.random(rows, columns), 0);
        });
        add("sumsOfSquares", rows, columns, 1e-6, s -> {
            List<Tensor> tensors = List.of(s.random(rows, columns), s.random(1, columns));
            for (double sum : s.stream().sumsOfSquares(tensors)) {
                s.tell(sum);
            }
        });
        add("adamW", rows, columns, 1e-6, s -> {
            var step = new AdamWStep(1e-2f, .9f, .999f, 1e-8f, .1f, .19f, .001999f, .5f);
            Tensor gradient = s.random(rows, columns);
            s.stream()
                    .adamW(
                            s.random(rows, columns),
                            gradient,
                            s.random(rows, columns),
                            s.between(.1f, 2, rows, columns),
                            step);
        });
    }

    /**
     * Rows that stay: all of a sequence, some, as few as may, all of all; by the gate and by the host, many values equal, zeros of both signs among them. Every third sequence has so many
     * rows that all values are lowered.
     */
    private void staying(int first, int last, int lowered, int... lengths) {
        int[] offsets = Case.offsets(IntStream.range(0, 3 * lengths.length)
                .map(i -> i % 3 == 2 ? lowered + first + last : lengths[i / 3])
                .toArray());
        int rows = offsets[3 * lengths.length];
        cases.add(new Case("staying rows of " + Case.lengths(offsets) + ", " + first + " and " + last, 0, s -> {
            float[] less = s.gaussian(lowered);
            Staying staying = s.stream().staying();
            for (int round = 0; round < 3; round++) {
                Tensor ofGate = s.of(rows, 1, likeable(s, rows));
                staying.begin(rows, first, last, less);
                System.arraycopy(likeable(s, rows), 0, staying.values(), 0, rows);
                for (int i = 0; i + 1 < offsets.length; i++) {
                    int length = offsets[i + 1] - offsets[i];
                    int least = Math.min(length, first + last + 1);
                    int wanted = least + s.integers(1, length - least + 1)[0];
                    if (round == 1 && i == 0 || round == 2 || length == least) {
                        staying.all(length);
                    } else {
                        staying.most(length, wanted, (i + round) % 2 == 0, i % 3 == 2);
                    }
                }
                staying.choose(ofGate);
                TakenRows.forward(s.stream(), s.random(rows, 3), staying, s.untouched(staying.count(), 3));
                Arrays.stream(staying.stays(), 0, rows).forEach(s::tell);
            }
        }));
    }

    /** Values of which many are equal, and some are no numbers, of both signs. */
    private static float[] likeable(Side s, int count) {
        float[] values = s.gaussian(count);
        for (int i = 0; i < count; i++) {
            values[i] = Math.round(2 * values[i]) / 4f * (values[i] < 0 ? 1 : -1);
            if (i % 11 == 5) {
                values[i] = Float.intBitsToFloat(i % 2 == 0 ? 0x7fc00000 : 0xffc00000);
            }
        }
        return values;
    }
}
