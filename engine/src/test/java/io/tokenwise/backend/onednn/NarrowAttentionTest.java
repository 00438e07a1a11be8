package io.tokenwise.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.natives.Isa;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.OneDnnUnavailableException;
import io.tokenwise.natives.TileAttention;
import io.tokenwise.op.FormedAttention;
import io.tokenwise.op.FormedAttention.Form;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention whose products are of bfloat16, where the CPU has them, beside that in float32. */
class NarrowAttentionTest {
    private static final int ALL = Integer.MAX_VALUE;

    /** Queries, keys, weights and values are rounded by up to 2^-8 of themselves; the first two move scores of these numbers by up to .03. */
    private static final double TOLERANCE = 0.01;

    private final Random random = new Random(5);
    private final Workspace workspace = new Workspace(HostMemory::allocate, 1 << 26);

    static java.util.stream.Stream<Form> forms() {
        return java.util.stream.Stream.of(
                form(3, 3, 32, ALL, ALL),
                form(2, 2, 64, ALL, ALL),
                form(1, 1, 128, ALL, ALL),
                form(1, 1, 80, ALL, 0),
                form(4, 2, 64, 64, 64),
                form(2, 1, 96, 3, 17),
                form(1, 1, 64, 0, 0),
                form(1, 1, 64, 300, 0));
    }

    private static Form form(int heads, int keyHeads, int headSize, int before, int after) {
        return new Form(heads, keyHeads, headSize, (float) (1 / Math.sqrt(headSize)), before, after, null);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void isNearToFloat32(Form form) {
        try (Backend narrow = TestModels.oneDnn(Precision.S8, 1);
                Backend wide = VectorBackend.open(1)) {
            boolean has = Isa.valueOf(narrow.instructions()).hasBf16();
            boolean tiles = isOfOwnCode() && form.headSize() % 32 == 0;
            for (int length : new int[] {1, 3, 4, 31, 35, 127, 128, 130, 200, 511, 1024, 1025}) {
                workspace.push();
                Tensor qkv = normal(length, form.columns());
                for (int[] places : new int[][] {null, places(length)}) {
                    float[][] found = attend(narrow, form, qkv, places, length);
                    float[][] expected = attend(wide, form, qkv, places, length);
                    String about = form + " of " + length + (places == null ? "" : " with places");
                    boolean runs = has && length >= 128 && length <= 1024 && form.headSize() >= 64
                            || tiles && length >= 4 && length <= 1024;
                    assertThat(Arrays.deepEquals(found, expected)).as(about).isNotEqualTo(runs);
                    for (int row = 0; row < length; row++) {
                        assertThat(distance(found[row], expected[row]))
                                .as("%s, row %d", about, row)
                                .isLessThan(TOLERANCE
                                        * Math.max(1, distance(expected[row], new float[found[row].length])));
                    }
                }
                workspace.pop();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "S8"})
    void aTextHasTheSameBitsAloneAndWhoeverComputes(Precision precision) {
        int[] lengths = {170, 1, 512, 130, 128, 129};
        int[] offsets = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            offsets[i + 1] = offsets[i] + lengths[i];
        }
        int rows = offsets[lengths.length];
        Tensor qkv = normal(rows, 3 * 128);
        Tensor together = workspace.tensor(rows, 128);
        for (int threads : new int[] {1, 3}) {
            try (Backend backend = TestModels.oneDnn(precision, threads)) {
                Stream stream = backend.stream();
                SelfAttention.forward(stream, qkv, offsets, lengths.length, 2, together, null);
                for (int i = 0; i < lengths.length; i++) {
                    Tensor alone = workspace.tensor(lengths[i], 128);
                    Tensor own = workspace.tensor(lengths[i], 3 * 128);
                    for (int row = 0; row < lengths[i]; row++) {
                        for (int column = 0; column < own.columns(); column++) {
                            own.host().set(row, column, qkv.host().get(offsets[i] + row, column));
                        }
                    }
                    SelfAttention.forward(stream, own, new int[] {0, lengths[i]}, 1, 2, alone, null);
                    for (int row = 0; row < lengths[i]; row++) {
                        for (int column = 0; column < 128; column++) {
                            assertThat(alone.host().get(row, column))
                                    .as("%d threads, text %d, row %d", threads, i, row)
                                    .isEqualTo(together.host().get(offsets[i] + row, column));
                        }
                    }
                }
            }
        }
    }

    /** What a query may not see must not count, however large it is: beyond the window, and in other texts. */
    @ParameterizedTest
    @EnumSource(names = {"BF16", "S8"})
    void whatIsNotSeenIsNotRead(Precision precision) {
        try (Backend backend = TestModels.oneDnn(precision, 1)) {
            Form form = form(1, 1, 64, 40, 0);
            Tensor qkv = normal(150, 192);
            float[][] before = attend(backend, form, qkv, null, 150);
            for (int row = 100; row < 150; row++) {
                for (int column = 64; column < 192; column++) {
                    qkv.host().set(row, column, 1e6f);
                }
            }
            float[][] after = attend(backend, form, qkv, null, 150);
            for (int row = 0; row < 100; row++) {
                assertThat(after[row]).as("row %d", row).isEqualTo(before[row]);
            }
            assertThat(after[101]).isNotEqualTo(before[101]);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "S8"})
    void aKeyThatIsNotANumberShowsInTheRowsThatSeeItOnly(Precision precision) {
        try (Backend backend = TestModels.oneDnn(precision, 1)) {
            Form form = form(1, 1, 64, 10, 0);
            Tensor qkv = normal(180, 192);
            qkv.host().set(50, 72, Float.NaN);
            float[][] found = attend(backend, form, qkv, null, 180);
            for (int row = 0; row < 180; row++) {
                assertThat(Float.isNaN(found[row][0])).as("row %d", row).isEqualTo(row >= 50 && row <= 60);
            }
            // The next text is shorter, but what is left of this one's values lies in reach of its products.
            qkv.host().set(150, 134, Float.NaN);
            attend(backend, form, qkv, null, 180);
            assertThat(attend(backend, form, normal(140, 192), null, 140)[139]).doesNotContain(Float.NaN);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "S8"})
    void biasesAndTrainingHaveTheBitsOfFloat32(Precision precision) {
        try (Backend backend = TestModels.oneDnn(precision, 1);
                Backend wide = VectorBackend.open(1)) {
            Tensor qkv = normal(150, 384);
            Form plain = form(2, 2, 64, ALL, ALL);
            var biased = new Form(2, 2, 64, plain.scale(), ALL, ALL, normal(2, 7));
            assertThat(attend(backend, biased, qkv, null, 150)).isDeepEqualTo(attend(wide, biased, qkv, null, 150));
            var rows = new FormedAttention.PositionRows(normal(3, 256), new int[] {2, 1, 0});
            var positioned = new Form(2, 2, 64, plain.scale(), ALL, ALL, null, rows);
            assertThat(attend(backend, positioned, qkv, null, 150))
                    .isDeepEqualTo(attend(wide, positioned, qkv, null, 150));
            Tensor[] results = {workspace.tensor(150, 128), workspace.tensor(150, 128)};
            Tensor probabilities = workspace.tensor(1, 2 * 150 * 150);
            int[] offsets = {0, 150};
            SelfAttention.forward(backend.stream(), qkv, offsets, 1, 2, results[0], probabilities);
            SelfAttention.forward(wide.stream(), qkv, offsets, 1, 2, results[1], probabilities);
            assertThat(rows(results[0])).isDeepEqualTo(rows(results[1]));
        }
    }

    private float[][] attend(Backend backend, Form form, Tensor qkv, int[] places, int length) {
        Tensor context = workspace.tensor(length, form.heads() * form.headSize());
        FormedAttention.forward(backend.stream(), qkv, form, new int[] {0, length}, 1, places, context, null);
        return rows(context);
    }

    private static float[][] rows(Tensor x) {
        float[][] rows = new float[x.rows()][x.columns()];
        for (int row = 0; row < rows.length; row++) {
            for (int column = 0; column < rows[row].length; column++) {
                rows[row][column] = x.host().get(row, column);
            }
        }
        return rows;
    }

    private Tensor normal(int rows, int columns) {
        Tensor x = workspace.tensor(rows, columns);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                x.host().set(row, column, (float) random.nextGaussian());
            }
        }
        return x;
    }

    private static boolean isOfOwnCode() {
        try (OneDnn oneDnn = OneDnn.open()) {
            return TileAttention.runsOn(oneDnn);
        } catch (OneDnnUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    /** Some left between them. */
    private static int[] places(int length) {
        return IntStream.range(0, length).map(i -> i + i / 3 * 2).toArray();
    }

    private static double distance(float[] x, float[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += Math.pow(x[i] - y[i], 2);
        }
        return Math.sqrt(sum);
    }
}
