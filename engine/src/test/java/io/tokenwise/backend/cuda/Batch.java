package io.tokenwise.backend.cuda;

import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Routing;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Random;

/** Some sequences, by their numbers: what is in a sequence depends on its number alone, not on which others are in the batch. */
final class Batch {
    private final Side side;
    private final int[] numbers;
    private final int[] offsets;
    private int tensors;

    /** @param lengths of all sequences that there are */
    Batch(Side side, int[] lengths, int... numbers) {
        this.side = side;
        this.numbers = numbers;
        this.offsets = Case.offsets(Arrays.stream(numbers).map(n -> lengths[n]).toArray());
    }

    int sequences() {
        return numbers.length;
    }

    int[] offsets() {
        return offsets;
    }

    int rows() {
        return offsets[numbers.length];
    }

    /** Values for each token. */
    Tensor tokens(int columns) {
        return values(offsets, columns);
    }

    /** Values for each sequence. */
    Tensor vectors(int columns) {
        var single = new int[numbers.length + 1];
        Arrays.setAll(single, i -> i);
        return values(single, columns);
    }

    /** A whole number below the limit for each token. */
    int[] ids(int limit) {
        int tensor = tensors++;
        var ids = new int[rows()];
        for (int i = 0; i < numbers.length; i++) {
            var random = random(numbers[i], tensor);
            for (int row = offsets[i]; row < offsets[i + 1]; row++) {
                ids[row] = random.nextInt(limit);
            }
        }
        return ids;
    }

    /** What all batches have alike, such as weights. */
    Tensor shared(int rows, int columns) {
        return side.of(rows, columns, gaussian(random(-1, tensors++), rows * columns));
    }

    PackedMatrix packed(Tensor weight) {
        return side.packed(weight, false);
    }

    /** An MLP of so many slices of so many units, alike for all batches. */
    MlpSlices mlp(int columns, int count, int units) {
        var sizes = new int[count];
        Arrays.fill(sizes, units);
        Tensor up = shared(columns, count * units);
        Tensor upBias = shared(1, count * units);
        Tensor down = shared(count * units, columns);
        var upBiases = new ArrayList<Tensor>();
        var downBiases = new ArrayList<Tensor>();
        for (int n = 0; n < count; n++) {
            upBiases.add(upBias.part((long) n * units, units));
            downBiases.add(shared(1, columns));
        }
        return new MlpSlices(side.slices(up, sizes, true), upBiases, side.slices(down, sizes, false), downBiases);
    }

    /** Each token has from none to all of so many learners. */
    Routing routed(int learners) {
        int[] counts = ids(learners + 1);
        Routing routing = side.stream().routing();
        routing.begin(rows(), learners);
        for (int row = 0; row < counts.length; row++) {
            routing.give(row, 1, counts[row]);
        }
        routing.sort();
        return routing;
    }

    Workspace workspace() {
        return side.workspace();
    }

    /** For a result that has a row for each token. */
    Tensor result(int columns) {
        return side.untouched(rows(), columns);
    }

    /** For a result that has a row for each sequence. */
    Tensor resultVectors(int columns) {
        return side.untouched(sequences(), columns);
    }

    /** For a result of which each sequence has so many values for each pair of its tokens. */
    Tensor resultPairs(int heads) {
        int count = 0;
        for (int i = 0; i < numbers.length; i++) {
            int length = offsets[i + 1] - offsets[i];
            count += heads * length * length;
        }
        return side.untouched(1, count);
    }

    private Tensor values(int[] starts, int columns) {
        int tensor = tensors++;
        var values = new float[starts[numbers.length] * columns];
        for (int i = 0; i < numbers.length; i++) {
            float[] own = gaussian(random(numbers[i], tensor), (starts[i + 1] - starts[i]) * columns);
            System.arraycopy(own, 0, values, starts[i] * columns, own.length);
        }
        return side.of(starts[numbers.length], columns, values);
    }

    private static Random random(int number, int tensor) {
        return new Random(1_000L * number + tensor);
    }

    private static float[] gaussian(Random random, int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
