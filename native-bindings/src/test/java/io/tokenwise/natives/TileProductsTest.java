package io.tokenwise.natives;

import static io.tokenwise.natives.DataType.S32;
import static io.tokenwise.natives.DataType.S7;
import static io.tokenwise.natives.DataType.S8;
import static io.tokenwise.natives.DataType.U7;
import static io.tokenwise.natives.DataType.U8;
import static io.tokenwise.natives.Matrices.allocate;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What products by our own code do besides sums, which {@link ProductTest} looks at; skipped on CPUs that have none. */
class TileProductsTest {
    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(3);
    private OneDnn oneDnn;

    @BeforeEach
    void open() {
        oneDnn = Matrices.library();
        assumeTrue(oneDnn.hasOwnCode(), "only on AMD's CPUs with AVX-512 VNNI, but here is " + oneDnn.isa());
    }

    @AfterEach
    void close() {
        if (oneDnn != null) {
            oneDnn.close();
        }
        arena.close();
    }

    static Stream<ProductSpec> specs() {
        return Stream.of(8, 72, 384)
                .flatMap(k -> Stream.of(16, 80, 192)
                        .flatMap(n -> Stream.of(
                                ProductSpec.of(k, n, U8, S8, S32).within(k + 3, n),
                                ProductSpec.of(k, n, U7, S7, S32))));
    }

    /** A, C, weights and scratch end where memory does: what lies behind them is neither read nor written, or the JVM would end. */
    @ParameterizedTest
    @MethodSource("specs")
    void stayWithinTheirMemory(ProductSpec spec) {
        Product product = oneDnn.product(spec);
        for (int rows = 1; rows <= 9; rows++) {
            MemorySegment a = GuardedMemory.allocate(arena, spec.aBytes(rows));
            MemorySegment c = GuardedMemory.allocate(arena, spec.cBytes(rows));
            MemorySegment b = Matrices.weights(arena, random, oneDnn.isa(), spec.b(), spec.bBytes());
            MemorySegment packed = GuardedMemory.allocate(arena, product.packedBytes());
            MemorySegment scratch = GuardedMemory.allocate(arena, product.scratchBytes(rows));
            MemorySegment bias = GuardedMemory.allocate(arena, 4L * spec.n());
            try (Weights weights = product.pack(b, packed);
                    Binding binding = oneDnn.bind(a, c, scratch)) {
                product.setMeaning(new float[spec.n()], new float[spec.n()], 0, packed);
                binding.run(weights, rows);
                binding.add(weights, rows);
                assertThat(c.toArray(JAVA_INT)).containsOnly(0);
                var widened = new WidenedRows();
                widened.setSteps(new float[2 * rows]);
                widened.setY(c, 0, spec.cStride());
                widened.setBias(bias, 0);
                widened.setResidual(c, 0);
                binding.widen(weights, rows, widened, 0);
                assertThat(c.toArray(JAVA_FLOAT)).containsOnly(0);
            }
        }
    }

    /** The same bits as of sums that are integers first, with each step rounded as it is there. */
    @ParameterizedTest
    @MethodSource("specs")
    void floatsAreWhatSumsMean(ProductSpec spec) {
        Product product = oneDnn.product(spec);
        int rows = 7;
        int n = spec.n();
        int from = 2;
        int before = 5;
        int stride = before + n + 4;
        MemorySegment a = Matrices.random(arena, random, spec.a(), (long) rows * spec.aStride());
        MemorySegment b = Matrices.weights(arena, random, oneDnn.isa(), spec.b(), spec.bBytes());
        MemorySegment c = allocate(arena, spec.cBytes(rows));
        MemorySegment packed = allocate(arena, product.packedBytes());
        float[] scales = floats(from + n);
        float[] sums = floats(from + n);
        float[] steps = floats(2 * rows);
        MemorySegment bias = arena.allocateFrom(JAVA_FLOAT, floats(before + n));
        float[] residual = floats(rows * stride);
        for (boolean plus : new boolean[] {false, true}) {
            MemorySegment y = arena.allocateFrom(JAVA_FLOAT, residual);
            try (Weights weights = product.pack(b, packed);
                    Binding binding = oneDnn.bind(a, c, allocate(arena, 1 << 12))) {
                product.setMeaning(scales, sums, from, packed);
                binding.run(weights, rows);
                var widened = new WidenedRows();
                widened.setSteps(steps);
                widened.setY(y, 0, stride);
                widened.setBias(bias, 0);
                widened.setResidual(plus ? y : MemorySegment.NULL, 0);
                binding.widen(weights, rows, widened, before);
            }
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < stride; column++) {
                    int j = column - before;
                    float old = residual[row * stride + column];
                    float expected = old;
                    if (j >= 0 && j < n) {
                        float offset =
                                Math.fma(sums[from + j], steps[2 * row + 1], bias.getAtIndex(JAVA_FLOAT, column));
                        float sum = c.getAtIndex(JAVA_INT, (long) row * spec.cStride() + j);
                        expected = Math.fma(sum * steps[2 * row], scales[from + j], offset) + (plus ? old : 0);
                    }
                    assertThat(y.getAtIndex(JAVA_FLOAT, (long) row * stride + column))
                            .as("%s, row %d, column %d, residual %s", spec, row, column, plus)
                            .isEqualTo(expected);
                }
            }
        }
    }

    private final ActivationTable silu = new ActivationTable(ActivationTableTest::silu, 1, 8);

    private static MemorySegment floatsOf(Arena arena, int count, float value) {
        MemorySegment memory = allocate(arena, (long) count * Float.BYTES);
        for (int i = 0; i < count; i++) {
            memory.setAtIndex(JAVA_FLOAT, i, value);
        }
        return memory;
    }

    /** The same bits as of floats that go through the table's plain twin afterwards; the steps are such that they meet all its pieces, and what is beyond. */
    @ParameterizedTest
    @MethodSource("specs")
    void activationsAreThoseOfFloats(ProductSpec spec) {
        int rows = 7;
        int n = spec.n();
        MemorySegment floats = floatsOf(arena, rows * n, 0);
        MemorySegment activations = floatsOf(arena, rows * n, 0);
        widened(spec, rows, n, floats, null, (binding, weights, widened) -> {
            binding.widen(weights, rows, widened, 0);
            widened.setTable(silu);
            widened.setY(activations, 0, n);
            binding.widen(weights, rows, widened, 0);
        });
        for (int i = 0; i < rows * n; i++) {
            float x = floats.getAtIndex(JAVA_FLOAT, i);
            // Boxed, so that what is not a number equals itself.
            assertThat((Float) activations.getAtIndex(JAVA_FLOAT, i))
                    .as("%s of %s", i, x)
                    .isEqualTo(Float.valueOf(silu.of(x)));
        }
    }

    static Stream<ProductSpec> gatedSpecs() {
        return Stream.of(8, 72, 384)
                .flatMap(k -> Stream.of(128, 384)
                        .flatMap(n -> Stream.of(
                                ProductSpec.of(k, n, U8, S8, S32).within(k + 3, n + 5),
                                ProductSpec.of(k, n, U7, S7, S32))));
    }

    @ParameterizedTest
    @MethodSource("gatedSpecs")
    void unitsAreThoseOfFloatsWhateverTheShares(ProductSpec spec) {
        for (int rows : new int[] {1, 2, 3, 4, 7, 9}) {
            int n = spec.n();
            int units = n / 2;
            int stride = units + 3;
            MemorySegment floats = floatsOf(arena, rows * n, 0);
            for (int shares = 1; shares <= 4; shares++) {
                int all = shares;
                MemorySegment y = floatsOf(arena, rows * stride, -7);
                widened(spec, rows, n, floats, silu, (binding, weights, widened) -> {
                    widened.setTable(null);
                    binding.widen(weights, rows, widened, 0);
                    widened.setTable(silu);
                    widened.setY(y, 0, stride);
                    for (int share = 0; share < all; share++) {
                        binding.gate(weights, rows, widened, share, all);
                    }
                });
                for (int row = 0; row < rows; row++) {
                    for (int unit = 0; unit < stride; unit++) {
                        float expected = unit >= units
                                ? -7
                                : floats.getAtIndex(JAVA_FLOAT, row * n + unit)
                                        * silu.of(floats.getAtIndex(JAVA_FLOAT, row * n + units + unit));
                        assertThat((Float) y.getAtIndex(JAVA_FLOAT, (long) row * stride + unit))
                                .as("%s, row %d of %d, unit %d, shares %d", spec, row, rows, unit, shares)
                                .isEqualTo(Float.valueOf(expected));
                    }
                }
            }
        }
    }

    @FunctionalInterface
    private interface Products {
        void accept(Binding binding, Weights weights, WidenedRows widened);
    }

    /** Runs products of random bytes whose floats are mostly within -20 and 20; the first row's are not numbers. All memory ends where it must. */
    private void widened(
            ProductSpec spec, int rows, int stride, MemorySegment y, ActivationTable table, Products products) {
        Product product = oneDnn.product(spec);
        var seeded = new Random(spec.n() + rows);
        MemorySegment a = GuardedMemory.allocate(arena, spec.aBytes(rows))
                .copyFrom(Matrices.random(arena, seeded, spec.a(), spec.aBytes(rows)));
        MemorySegment b = Matrices.weights(arena, seeded, oneDnn.isa(), spec.b(), spec.bBytes());
        MemorySegment packed = GuardedMemory.allocate(arena, product.packedBytes());
        MemorySegment scratch = GuardedMemory.allocate(arena, product.scratchBytes(rows));
        MemorySegment bias = GuardedMemory.allocate(arena, 4L * spec.n());
        float[] steps = new float[2 * rows];
        float[] scales = new float[spec.n()];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = i == 1 ? Float.NaN : seeded.nextFloat(-1, 1);
        }
        for (int j = 0; j < spec.n(); j++) {
            scales[j] = seeded.nextFloat(-1, 1) / (1000 + 200 * spec.k());
            bias.setAtIndex(JAVA_FLOAT, j, seeded.nextFloat(-20, 20));
        }
        try (Weights weights = product.pack(b, packed);
                Binding binding = oneDnn.bind(a, allocate(arena, 64), scratch)) {
            product.setMeaning(scales, scales, 0, packed);
            var widened = new WidenedRows();
            widened.setSteps(steps);
            widened.setY(y, 0, stride);
            widened.setBias(bias, 0);
            widened.setTable(table);
            products.accept(binding, weights, widened);
        }
    }

    private float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat(-1, 1);
        }
        return values;
    }

    @Test
    void rowsThatDoNotFitAreRefused() {
        ProductSpec spec = ProductSpec.of(8, 16, U8, S8, S32);
        Product product = oneDnn.product(spec);
        MemorySegment memory = allocate(arena, 1 << 12);
        MemorySegment scratch = allocate(arena, 1 << 12);
        MemorySegment packed = allocate(arena, product.packedBytes());
        try (Weights weights = product.pack(memory, packed);
                Binding binding = oneDnn.bind(memory, memory, scratch)) {
            for (var wrong : List.of(
                    rows(memory, 0, 15, 4),
                    rows(memory.asSlice(0, 255), 0, 16, 4),
                    rows(memory, -4, 16, 4),
                    rows(memory, Long.MAX_VALUE - 3, 16, 4),
                    rows(scratch, 0, 16, 4),
                    rows(memory, 0, 16, 3))) {
                assertThatThrownBy(() -> binding.widen(weights, 4, wrong, 0))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThatThrownBy(() -> binding.widen(weights, 4, rows(memory, 0, 16, 4), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("needed are columns 1 to 17 of 4 rows");
            assertThatThrownBy(() -> binding.widen(weights, 0, rows(memory, 0, 16, 4), 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("0 rows");
            binding.widen(weights, 4, rows(memory, 0, 16, 4), 0);
        }
        assertThatThrownBy(() -> new WidenedRows().setY(memory, 0, 1L << 60))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("floats apart");
        assertThatThrownBy(() -> oneDnn.bind(memory, memory.asSlice(8), memory))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must not overlap");
    }

    private static WidenedRows rows(MemorySegment y, long at, int stride, int steps) {
        var rows = new WidenedRows();
        rows.setY(y, at, stride);
        rows.setBias(y, 0);
        rows.setSteps(new float[2 * steps]);
        return rows;
    }

    @Test
    void gatesThatDoNotFitAreRefused() {
        MemorySegment memory = allocate(arena, 1 << 14);
        MemorySegment scratch = allocate(arena, 1 << 12);
        Product halves = oneDnn.product(ProductSpec.of(8, 64, U8, S8, S32));
        try (Weights weights = halves.pack(memory, allocate(arena, halves.packedBytes()));
                Binding binding = oneDnn.bind(memory, memory, scratch)) {
            assertThat(halves.gates()).isFalse();
            assertThatThrownBy(() -> binding.gate(weights, 1, rows(memory, 0, 64, 1), 0, 1))
                    .isInstanceOf(UnsupportedOperationException.class);
        }
        Product product = oneDnn.product(ProductSpec.of(8, 128, U8, S8, S32));
        assertThat(product.gates()).isTrue();
        WidenedRows gates = rows(memory, 0, 64, 4);
        try (Weights weights = product.pack(memory, allocate(arena, product.packedBytes()));
                Binding binding = oneDnn.bind(memory, memory, scratch)) {
            assertThatThrownBy(() -> binding.gate(weights, 4, gates, 0, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("gates need an activation");
            gates.setTable(silu);
            binding.gate(weights, 4, gates, 0, 1);
            assertThatThrownBy(() -> binding.gate(weights, 4, gates, 1, 1)).hasMessageContaining("share 1 of 1");
            assertThatThrownBy(() -> binding.gate(weights, 5, gates, 0, 1)).hasMessageContaining("steps of 4 rows");
            gates.setY(memory, 0, 63);
            assertThatThrownBy(() -> binding.gate(weights, 4, gates, 0, 1)).hasMessageContaining("rows of 63 floats");
            gates.setY(memory, 0, 64);
            gates.setBias(memory.asSlice(0, 4 * 127), 0);
            assertThatThrownBy(() -> binding.gate(weights, 4, gates, 0, 1)).hasMessageContaining("bias");
            gates.setBias(memory, 0);
            gates.setResidual(memory, 0);
            assertThatThrownBy(() -> binding.gate(weights, 4, gates, 0, 1)).hasMessageContaining("no residual");
            assertThatThrownBy(() -> binding.widen(weights, 4, gates, 0)).hasMessageContaining("no residual");
        }
    }

    @Test
    void oneDnnsProductsKeepTheirIntegers() {
        Product product = oneDnn.product(ProductSpec.of(8, 17, U8, S8, S32));
        MemorySegment memory = allocate(arena, 1 << 16);
        assertThat(product.isOfOwnCode()).isFalse();
        try (Weights weights = product.pack(memory, allocate(arena, product.packedBytes()));
                Binding binding = oneDnn.bind(memory, memory, allocate(arena, 1 << 12))) {
            assertThatThrownBy(() -> binding.widen(weights, 1, rows(memory, 0, 17, 1), 0))
                    .isInstanceOf(UnsupportedOperationException.class);
        }
        assertThatThrownBy(() -> product.setMeaning(new float[17], new float[17], 0, memory))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    /** Nobody may change code that can run. */
    @Test
    void codeCannotBeWritten() {
        MemorySegment code = Pages.executable(arena, new byte[] {(byte) 0xc3});
        assertThat(code.get(JAVA_BYTE, 0)).isEqualTo((byte) 0xc3);
        assertThat(permissions(code.address())).isEqualTo("r-xp");
    }

    private static String permissions(long address) {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.filter(line -> {
                        String[] range = line.substring(0, line.indexOf(' ')).split("-");
                        return Long.parseUnsignedLong(range[0], 16) <= address
                                && address < Long.parseUnsignedLong(range[1], 16);
                    })
                    .map(line -> line.split(" ")[1])
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
