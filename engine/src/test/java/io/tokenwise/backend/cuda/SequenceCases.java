package io.tokenwise.backend.cuda;

import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Staying;
import io.tokenwise.kernels.Activation;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.op.GatedUnits;
import io.tokenwise.op.OtherAttention;
import io.tokenwise.op.Patches;
import io.tokenwise.op.Pools;
import io.tokenwise.op.Rotations;
import io.tokenwise.op.TakenRows;
import io.tokenwise.op.Windows;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Operations on sequences of rows, of texts, images and sound, but for attention. */
final class SequenceCases {
    private final List<Case> cases = new ArrayList<>();

    private SequenceCases() {}

    static List<Case> all() {
        var all = new SequenceCases();
        all.texts(1, 1);
        all.texts(7, 1, 5, 3);
        all.texts(384, 128, 1, 17, 60);
        all.images(1, 1, 1);
        all.images(3, 6, 2);
        all.images(2, 32, 4);
        all.first(1, 2, 1);
        all.first(3, 5, 7);
        all.first(2, 65, 192);
        all.taken(1, 1, 1);
        all.taken(70, 9, 129);
        all.staying(1, 0, 9, 1);
        all.staying(1, 1, 4, 2, 3, 5, 12);
        all.staying(0, 0, 31, 1, 256, 40);
        all.staying(1, 0, 577, 577, 300, 2);
        all.sound(1, 1, 1, 1);
        all.sound(7, 3, 2, 3, 10, 5);
        all.sound(288, 7, 3, 7, 64, 31);
        all.rotations(1, 2, 2, 1);
        all.rotations(3, 7, 4, 5, 1, 3);
        all.rotations(8, 36, 32, 40, 17);
        all.gated(1, 1, 1);
        all.gated(5, 3, 7);
        all.gated(33, 1, 1_152);
        all.turned(1, 1, 4);
        all.turned(35, 33, 70);
        return all.cases;
    }

    private void texts(int columns, int... lengths) {
        int[] offsets = Case.offsets(lengths);
        int count = lengths.length;
        int rows = offsets[count];
        String of = " of " + Case.lengths(offsets) + " x " + columns;
        cases.add(new Case("embeddingSum" + of, 1e-6, s -> {
            int[] ids = s.integers(rows, 50);
            Tensor words = s.random(50, columns);
            Tensor positions = s.random(130, columns);
            EmbeddingSums.forward(
                    s.stream(),
                    ids,
                    offsets,
                    count,
                    words,
                    positions,
                    s.random(2, columns),
                    s.untouched(rows, columns));
            EmbeddingSums.forward(s.stream(), ids, offsets, count, words, positions, null, s.untouched(rows, columns));
        }));
        cases.add(new Case("embeddingSumBackward" + of, 1e-5, s -> {
            // Few words, so that the same word is there often.
            int[] ids = s.integers(rows, 9);
            Tensor dy = s.random(rows, columns);
            Tensor dWords = s.random(9, columns);
            Tensor dPositions = s.random(130, columns);
            EmbeddingSums.backward(s.stream(), ids, offsets, count, dy, dWords, dPositions, s.random(2, columns));
            EmbeddingSums.backward(s.stream(), ids, offsets, count, dy, dWords, dPositions, null);
        }));
        cases.add(new Case("pooling" + of, 2e-6, s -> {
            Tensor x = s.random(rows, columns);
            Pools.mean(s.stream(), x, offsets, count, s.untouched(count, columns));
            Pools.first(s.stream(), x, offsets, count, s.untouched(count, columns));
            Tensor dy = s.random(count, columns);
            Pools.meanBackward(s.stream(), dy, offsets, count, s.untouched(rows, columns));
            Pools.firstBackward(s.stream(), dy, offsets, count, s.untouched(rows, columns));
        }));
    }

    private void images(int images, int size, int patchSize) {
        cases.add(new Case("patches of " + images + " images of " + size + " by " + patchSize, 0, s -> {
            var patches = new ImagePatches(size, patchSize, s.gaussian(3 * 256));
            int[] pixels = s.integers(images * size * size, 1 << 24);
            Patches.forward(
                    s.stream(), pixels, images, patches, s.untouched(images * patches.count(), patches.values()));
        }));
    }

    private void first(int sequences, int tokens, int columns) {
        cases.add(new Case("withFirst of " + sequences + " x " + tokens + " x " + columns, 1e-5, s -> {
            Tensor x = s.random(sequences * (tokens - 1), columns);
            Tensor positions = s.random(tokens, columns);
            Patches.withFirst(s.stream(), x, s.random(1, columns), positions, s.untouched(sequences * tokens, columns));
            Tensor dy = s.random(sequences * tokens, columns);
            Tensor dFirst = s.random(1, columns);
            Patches.withFirstBackward(s.stream(), dy, s.untouched(x.rows(), columns), dFirst, positions);
            Patches.withFirstBackward(s.stream(), dy, null, dFirst, positions);
        }));
    }

    private void taken(int rows, int count, int columns) {
        cases.add(new Case("takeRows " + count + " of " + Case.shape(rows, columns), 0, s -> {
            int[] taken = s.different(count, rows);
            TakenRows.forward(s.stream(), s.random(rows, columns), taken, s.untouched(count, columns));
            TakenRows.backward(s.stream(), s.random(count, columns), taken, s.untouched(rows, columns));
            TakenRows.forward(s.stream(), s.random(rows, columns), new int[0], s.untouched(0, columns));
        }));
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

    /** Windows, and the norm of whole sequences, one of which has more values than a block takes. */
    private void sound(int columns, int width, int step, int... windows) {
        var lengths = new int[windows.length];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = (windows[i] - 1) * step + width + i % 2;
        }
        int[] offsets = Case.offsets(lengths);
        int[] yOffsets = Case.offsets(windows);
        int count = lengths.length;
        int rows = offsets[count];
        String of = " of " + Case.lengths(offsets) + " x " + columns;
        cases.add(new Case("windows" + of, 0, s -> {
            Tensor y = s.untouched(yOffsets[count], width * columns);
            Windows.forward(s.stream(), s.random(rows, columns), offsets, count, width, step, yOffsets, y);
        }));
        cases.add(new Case("groupNorm" + of, 1e-5, s -> {
            Tensor x = s.between(-3, 5, rows, columns);
            Tensor gamma = s.random(1, columns);
            Tensor beta = s.random(1, columns);
            float epsilon = rows * columns == 1 ? 1 : 1e-5f;
            Windows.groupNorm(s.stream(), x, offsets, count, gamma, beta, epsilon, s.untouched(rows, columns));
            Windows.groupNorm(s.stream(), x, offsets, count, gamma, beta, epsilon, x);
        }));
        cases.add(new Case("samples" + of, 0, s -> {
            float[] samples = s.gaussian(rows);
            var bits = new int[rows + 1];
            for (int i = 0; i < rows; i++) {
                bits[i] = Float.floatToRawIntBits(samples[i]);
            }
            Windows.samples(s.stream(), bits, s.untouched(rows, 1));
        }));
    }

    private void rotations(int heads, int headSize, int rotated, int... lengths) {
        int[] offsets = Case.offsets(lengths);
        int rows = offsets[lengths.length];
        cases.add(new Case("rotate " + Case.lengths(offsets) + " x " + heads + " x " + headSize, 1e-6, s -> {
            var positions = new RotaryPositions(50, headSize, rotated, 10_000);
            Tensor x = s.random(rows, (heads + 1) * headSize);
            Rotations.forward(s.stream(), x, offsets, lengths.length, 0, positions, heads);
            Rotations.forward(s.stream(), x, offsets, lengths.length, 9, positions, heads);
            Rotations.forward(s.stream(), x, offsets, lengths.length, 9, positions.inverse(), 1);
        }));
    }

    private void gated(int rows, int blocks, int units) {
        cases.add(new Case("gatedSilu " + rows + " x " + blocks + " x " + units, 2e-6, s -> {
            Tensor x = s.between(-9, 9, rows, 2 * blocks * units);
            GatedUnits.forward(s.stream(), x, Activation.SILU, units, s.untouched(rows, blocks * units));
            Tensor dy = s.random(rows, blocks * units);
            GatedUnits.backward(s.stream(), x, Activation.SILU, units, dy, s.untouched(rows, 2 * blocks * units));
        }));
    }

    private void turned(int rows, int columns, int stride) {
        cases.add(new Case("toColumns " + Case.shape(rows, columns) + " of " + stride, 0, s -> {
            Tensor cache = s.untouched(columns, stride);
            OtherAttention.toColumns(s.stream(), s.random(rows, columns + 3), 2, cache, stride - rows);
            OtherAttention.toColumns(s.stream(), s.random(1, columns), 0, cache, 0);
        }));
    }
}
