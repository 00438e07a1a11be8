package io.tokenwise.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.backend.Staying;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;

class CpuStayingTest {
    private static final VectorBackend BACKEND = VectorBackend.open(1);
    private static final float[] NOTHING = new float[0];

    @AfterContainer
    static void close() {
        BACKEND.close();
    }

    private static Tensor tensor(Workspace workspace, float... values) {
        Tensor x = workspace.tensor(values.length, 1);
        for (int i = 0; i < values.length; i++) {
            x.floats().set(i, values[i]);
        }
        return x;
    }

    private static List<Integer> staying(Staying staying) {
        int[] stays = staying.stays();
        List<Integer> rows = IntStream.range(0, staying.rows())
                .filter(row -> stays[row] == 1)
                .boxed()
                .toList();
        assertThat(Arrays.stream(CpuStaying.of(staying).staying(), 0, staying.count()))
                .containsExactlyElementsOf(rows);
        return rows;
    }

    /** Values of which many are equal, and some are no numbers, of both signs. */
    private static float[] few(Random random, int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            boolean isNumber = random.nextInt(8) > 0;
            values[i] = isNumber
                    ? random.nextInt(7) - 3
                    : Float.intBitsToFloat(random.nextBoolean() ? 0x7fc00000 : 0xffc00000);
        }
        return values;
    }

    @Property
    void theMostValuableStayAndOfEqualOnesTheEarlier(
            @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 1, max = 30) Integer> lengths,
            @ForAll @IntRange(max = 2) int first,
            @ForAll @IntRange(max = 2) int last,
            @ForAll long seed) {
        var random = new Random(seed);
        Staying staying = BACKEND.stream().staying();
        try (Workspace workspace = BACKEND.workspace(1 << 16)) {
            for (int round = 0; round < 2; round++) {
                int rows = lengths.stream().mapToInt(length -> length).sum();
                float[] ofGate = few(random, rows);
                float[] ofHost = few(random, rows);
                staying.begin(rows, first, last, NOTHING);
                System.arraycopy(ofHost, 0, staying.values(), 0, rows);
                var expected = new ArrayList<Integer>();
                int from = 0;
                for (int length : lengths) {
                    int least = Math.min(length, first + last);
                    int wanted = least + random.nextInt(length - least + 1);
                    boolean byGate = random.nextBoolean();
                    if (wanted == length) {
                        staying.all(length);
                    } else {
                        staying.most(length, wanted, byGate, true);
                    }
                    expected.addAll(
                            expected(byGate ? ofGate : ofHost, from, length, wanted, Math.min(first, length), last));
                    from += length;
                }
                staying.choose(tensor(workspace, ofGate));
                assertThat(staying(staying)).isEqualTo(expected);
            }
        }
    }

    private static List<Integer> expected(float[] values, int from, int length, int wanted, int first, int last) {
        if (wanted == length) {
            return IntStream.range(from, from + length).boxed().toList();
        }
        var rows = new ArrayList<>(IntStream.range(from + first, from + length - last)
                .boxed()
                .sorted(Comparator.comparing((Integer row) -> -values[row]))
                .limit(wanted - first - last)
                .toList());
        IntStream.range(from, from + first).forEach(rows::add);
        IntStream.range(from + length - last, from + length).forEach(rows::add);
        rows.sort(null);
        return rows;
    }

    @Property(tries = 1)
    void valuesOfTheRowsInBetweenAloneAreLowered() {
        Staying staying = BACKEND.stream().staying();
        try (Workspace workspace = BACKEND.workspace(1 << 16)) {
            float[] less = {0, 1.5f, 2.25f, 0.75f};
            staying.begin(12, 1, 1, less);
            Arrays.fill(staying.values(), 0, 6, 10);
            staying.most(6, 4, false, true);
            staying.most(6, 4, true, false);
            staying.choose(tensor(workspace, 9, 9, 9, 9, 9, 9, 10, 10, 10, 11, 10, 10));
            assertThat(staying(staying)).containsExactly(0, 1, 4, 5, 6, 7, 9, 11);
        }
    }
}
