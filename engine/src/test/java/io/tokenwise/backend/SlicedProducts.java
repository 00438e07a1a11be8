package io.tokenwise.backend;

import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.OneDnnUnavailableException;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** What tests of sliced products share: backends, sizes, and random matrices cut into slices. */
abstract class SlicedProducts {
    static final float UNTOUCHED = -7;

    final Random random = new Random(5);

    /** A backend, its precision's roundoff, and a name. */
    record Engine(String name, double roundoff, Supplier<Backend> open) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Engine oneDnn(Precision precision, double roundoff) {
        return new Engine("oneDNN " + precision, roundoff, () -> TestModels.oneDnn(precision, 1));
    }

    static Stream<Arguments> cases() {
        List<Engine> engines = List.of(
                new Engine("scalar", 0x1p-24, () -> new VectorBackend(Kernels.scalar(), 1)),
                new Engine("vector", 0x1p-24, () -> VectorBackend.open(1)),
                new Engine("vector, 3 threads", 0x1p-24, () -> VectorBackend.open(3)),
                oneDnn(Precision.F32, 0x1p-24),
                oneDnn(Precision.BF16, 0x1p-9),
                oneDnn(Precision.S8, ofBytes()),
                new Engine("oneDNN, 3 threads", ofBytes(), () -> TestModels.oneDnn(Precision.S8, 3)));
        Stream<Arguments> all = engines.stream()
                .flatMap(engine -> Stream.of(1, 7, 130)
                        .flatMap(rows -> Stream.of(
                                        new int[] {96, 96, 96, 96}, new int[] {32, 80, 64}, new int[] {8, 16, 5})
                                .map(columns -> Arguments.of(engine, rows, columns))));
        // Of so many columns blocks have twice as many rows.
        return Stream.concat(all, Stream.of(Arguments.of(engines.get(5), 200, new int[] {1024, 640})));
    }

    /** Half a step, of which there are 255 between a row's least and largest value, and without VNNI 127 between a column's weights. */
    private static double ofBytes() {
        try (OneDnn oneDnn = OneDnn.open()) {
            return oneDnn.isa().hasInt8() ? 0x1p-8 : 0x1p-7;
        } catch (OneDnnUnavailableException _) {
            // Its tests are skipped.
            return 0x1p-8;
        }
    }

    /** For each row how many slices it uses, or one more for all learners: random counts, all slices, all learners, and none. */
    List<int[]> uses(int rows, int slices) {
        return List.of(
                random.ints(rows, 0, slices + 2).toArray(),
                IntStream.generate(() -> slices).limit(rows).toArray(),
                IntStream.generate(() -> slices + 1).limit(rows).toArray(),
                new int[rows]);
    }

    /** Of a learner more than there are slices. */
    static Routing routed(io.tokenwise.backend.Stream stream, int slices, int... counts) {
        Routing routing = stream.routing();
        routing.begin(counts.length, slices + 1);
        for (int row = 0; row < counts.length; row++) {
            routing.give(row, 1, counts[row]);
        }
        routing.sort();
        return routing;
    }

    Tensor random(Backend backend, Arena arena, int rows, int columns) {
        Tensor x = backend.allocate(arena, rows, columns);
        for (int i = 0; i < x.size(); i++) {
            x.floats().set(i, (float) random.nextGaussian());
        }
        return x;
    }

    static Tensor row(Tensor x, int row) {
        return x.part((long) row * x.columns(), x.columns());
    }

    static float[] values(Tensor x) {
        var values = new float[x.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = x.floats().get(i);
        }
        return values;
    }

    OutputSlices randomOutputs(Backend backend, Arena arena, int inputs, int... columns) {
        int total = Arrays.stream(columns).sum();
        Tensor weight = random(backend, arena, inputs, total);
        return outputSlices(backend, arena, weight, random(backend, arena, 1, total), columns);
    }

    static OutputSlices outputSlices(Backend backend, Arena arena, Tensor weight, Tensor bias, int... columns) {
        var biases = new ArrayList<Tensor>();
        int at = 0;
        for (int width : columns) {
            biases.add(bias.part(at, width));
            at += width;
        }
        return new OutputSlices(slices(backend, arena, weight, columns, true), biases);
    }

    InputSlices inputSlices(Backend backend, Arena arena, Tensor weight, int... columns) {
        List<Tensor> biases = Arrays.stream(columns)
                .mapToObj(width -> random(backend, arena, 1, weight.columns()))
                .toList();
        return new InputSlices(slices(backend, arena, weight, columns, false), biases);
    }

    static List<PackedMatrix> slices(Backend backend, Arena arena, Tensor weight, int[] columns, boolean alongOutputs) {
        List<PackedMatrix> slices =
                backend.allocateSlices(arena, weight.rows(), weight.columns(), columns, alongOutputs);
        backend.stream().packSlices(weight, slices);
        return slices;
    }
}
