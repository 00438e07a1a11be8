package io.tokenwise.natives;

import static io.tokenwise.natives.DataType.BF16;
import static io.tokenwise.natives.DataType.F32;
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

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** oneDNN's products against a plain one in double. */
class ProductTest {
    /** Floats between two rows that lie apart. */
    private static final int GAP = 3;

    private static OneDnn oneDnn;

    @BeforeAll
    static void open() {
        oneDnn = Matrices.library();
    }

    @AfterAll
    static void close() {
        if (oneDnn != null) {
            oneDnn.close();
        }
    }

    static List<ProductSpec> specs() {
        List<ProductSpec> specs = new ArrayList<>();
        for (int[] kn : new int[][] {{1, 1}, {2, 3}, {7, 5}, {16, 16}, {17, 13}, {384, 96}, {96, 384}}) {
            int k = kn[0];
            int n = kn[1];
            specs.add(ProductSpec.of(k, n, F32, F32, F32));
            specs.add(ProductSpec.of(k, n, BF16, BF16, F32));
            specs.add(ProductSpec.of(k, n, BF16, BF16, BF16));
            specs.add(ProductSpec.of(k, n, U8, S8, S32));
            specs.add(ProductSpec.of(k, n, S8, S8, S32));
            specs.add(ProductSpec.of(k, n, F32, F32, F32).within(k + 3, n + 5));
            specs.add(ProductSpec.of(k, n, BF16, BF16, F32).within(2 * k, 3 * n));
            specs.add(ProductSpec.of(k, n, U8, S8, S32).within(4 * k, 4 * n));
            specs.add(ProductSpec.gradient(k, n, F32));
            specs.add(ProductSpec.gradient(k, n, BF16));
            specs.add(ProductSpec.unpacked(k, n, BF16, false));
            specs.add(ProductSpec.unpacked(k, n, BF16, true));
            specs.add(new ProductSpec(k, n, U8, S8, S32, k, n, false, true, false));
            specs.add(ProductSpec.of(k, n, U7, S7, S32));
        }
        // Those that our own code multiplies, with all kinds of rests.
        for (int[] kn :
                new int[][] {{8, 16}, {16, 32}, {24, 48}, {64, 64}, {72, 80}, {120, 112}, {128, 192}, {200, 16}}) {
            specs.add(ProductSpec.of(kn[0], kn[1], U7, S7, S32));
            specs.add(ProductSpec.of(kn[0], kn[1], U7, S7, S32).within(kn[0] + 5, kn[1] + 3));
            specs.add(ProductSpec.of(kn[0], kn[1], U8, S8, S32).within(kn[0] + 5, kn[1] + 3));
        }
        return specs;
    }

    @ParameterizedTest
    @MethodSource("specs")
    void equalsThePlainProductForEveryRowCount(ProductSpec spec) {
        assumeOffered(spec);
        assumeTrue(
                spec.n() > 1
                        || spec.cStride() == 1
                        || spec.b() != S8
                        || oneDnn.isa().hasInt8(),
                "without VNNI oneDNN writes a single column without gaps, whatever C's stride is; the engine has no such products");
        for (int rows = 1; rows <= 17; rows++) {
            check(spec, rows, false);
            check(spec, rows, true);
        }
        check(spec, 64, false);
        check(spec, 64, true);
    }

    @Test
    void equalsThePlainProductForTheShapesOfAnEncoder() {
        for (ProductSpec spec : List.of(
                ProductSpec.of(1536, 384, F32, F32, F32),
                ProductSpec.of(1536, 384, BF16, BF16, F32),
                ProductSpec.of(1536, 384, U8, S8, S32),
                ProductSpec.of(384, 1536, U8, S8, S32),
                ProductSpec.of(1536, 384, U7, S7, S32),
                ProductSpec.of(384, 1536, U7, S7, S32),
                ProductSpec.gradient(128, 1536, F32))) {
            if (isOffered(spec.a())) {
                check(spec, 64, false);
            }
        }
    }

    private static void assumeOffered(ProductSpec spec) {
        assumeTrue(isOffered(spec.a()), "oneDNN has no products of " + spec.a() + " on " + oneDnn.isa());
    }

    /** With AVX-512 oneDNN brings its own products of bfloat16 where the processor has none, with AVX2 it does not. */
    private static boolean isOffered(DataType type) {
        return type != BF16 || oneDnn.isa().hasBf16() || oneDnn.isa().includes(Isa.AVX512_CORE);
    }

    /** Of floats that bfloat16 holds exactly, packing them is packing what they are in B's own type, and a transpose's transpose is B. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void floatsArePackedAsBsOwnType(DataType type) {
        assumeOffered(ProductSpec.of(1, 1, type, type, F32));
        for (int[] kn : new int[][] {{1, 1}, {7, 5}, {17, 64}, {384, 96}}) {
            int k = kn[0];
            int n = kn[1];
            Product product = oneDnn.product(ProductSpec.of(k, n, type, type, F32));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment narrow = Matrices.random(arena, new Random(k), BF16, (long) k * n);
                MemorySegment floats = allocate(arena, 4L * k * n);
                MemorySegment transposed = allocate(arena, 4L * k * n);
                for (int i = 0; i < k * n; i++) {
                    float value = (float) Matrices.get(narrow, BF16, i);
                    floats.setAtIndex(JAVA_FLOAT, i, value);
                    transposed.setAtIndex(JAVA_FLOAT, (long) (i % n) * k + i / n, value);
                }
                MemorySegment expected = allocate(arena, product.packedBytes());
                product.pack(type == F32 ? floats : narrow, expected).close();
                MemorySegment found = allocate(arena, product.packedBytes());
                product.packFloats(floats, n, false, found);
                assertThat(found.mismatch(expected)).as("[%d, %d]", k, n).isEqualTo(-1);
                found.fill((byte) 1);
                product.packFloats(transposed, k, true, found);
                assertThat(found.mismatch(expected)).as("[%d, %d]'", k, n).isEqualTo(-1);
                for (boolean turned : new boolean[] {false, true}) {
                    found.fill((byte) 1);
                    int columns = turned ? k : n;
                    MemorySegment apart = apart(arena, turned ? transposed : floats, columns);
                    product.packFloats(apart, columns + GAP, turned, found);
                    assertThat(found.mismatch(expected))
                            .as("[%d, %d], rows apart", k, n)
                            .isEqualTo(-1);
                }
            }
        }
    }

    /** The same rows with a gap of NaN behind each but the last. */
    private static MemorySegment apart(Arena arena, MemorySegment floats, int columns) {
        long rows = floats.byteSize() / Float.BYTES / columns;
        MemorySegment all = allocate(arena, 4 * ((rows - 1) * (columns + GAP) + columns));
        all.fill((byte) -1);
        for (long row = 0; row < rows; row++) {
            MemorySegment.copy(floats, 4 * row * columns, all, 4 * row * (columns + GAP), 4L * columns);
        }
        return all;
    }

    @Test
    void floatsAreNotPackedAsIntegersNorFromTooLittleMemory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = allocate(arena, 1 << 16);
            Product bytes = oneDnn.product(ProductSpec.of(4, 4, U8, S8, S32));
            assertThatThrownBy(() -> bytes.packFloats(memory, 4, false, memory))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("as F32 or BF16 only");
            Product floats = oneDnn.product(ProductSpec.of(4, 4, F32, F32, F32));
            assertThatThrownBy(() -> floats.packFloats(memory.asSlice(0, 63), 4, false, memory))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("float B has 63 bytes, but needs 64");
            assertThatThrownBy(() -> floats.packFloats(memory.asSlice(0, 75), 5, true, memory))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("float B has 75 bytes, but needs 76");
            assertThatThrownBy(() -> floats.packFloats(memory, 3, false, memory))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("rows of 4 floats cannot be 3 floats apart");
        }
    }

    /** All that the types hold, and the largest sums of them. */
    @ParameterizedTest
    @CsvSource({"U7, S7, 127, 64", "U8, S8, 255, 127"})
    void sumsAreExactAtTheirBounds(DataType a, DataType b, int largest, int largestWeight) {
        int most = b == S8 ? oneDnn.isa().largestInt8Weight() : largestWeight;
        ProductSpec spec = ProductSpec.of(3072, 64, a, b, S32);
        for (int row : new int[] {0, largest}) {
            for (int weight : new int[] {-most, most}) {
                try (Arena arena = Arena.ofConfined()) {
                    Product product = oneDnn.product(spec);
                    MemorySegment rows = allocate(arena, spec.aBytes(5)).fill((byte) row);
                    MemorySegment plain = allocate(arena, spec.bBytes()).fill((byte) weight);
                    MemorySegment c = allocate(arena, spec.cBytes(5));
                    try (Weights weights = product.pack(plain, allocate(arena, product.packedBytes()));
                            Binding binding = oneDnn.bind(rows, c, allocate(arena, 1 << 18))) {
                        binding.run(weights, 5);
                        binding.add(weights, 5);
                    }
                    assertThat(c.toArray(JAVA_INT)).containsOnly(2 * 3072 * row * weight);
                }
            }
        }
    }

    @Test
    void weightsOfMoreThanSevenBitsAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Product product = oneDnn.product(ProductSpec.of(8, 16, U7, S7, S32));
            MemorySegment b = allocate(arena, 128).fill((byte) 1);
            b.set(JAVA_BYTE, 77, (byte) -65);
            MemorySegment packed = allocate(arena, product.packedBytes());
            assertThatThrownBy(() -> product.pack(b, packed))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("weight -65 takes more than 7 bits; it must be within -64 to 64");
        }
    }

    /** What a text's embedding does not depend on: the texts beside it. */
    @Test
    void aRowsBitsDoNotDependOnTheNumberOfRows() {
        assumeTrue(oneDnn.isa().includes(Isa.AVX512_CORE), "only with AVX-512, but here is " + oneDnn.isa());
        for (ProductSpec spec : List.of(
                ProductSpec.of(384, 1536, F32, F32, F32),
                ProductSpec.of(1536, 384, F32, F32, F32),
                ProductSpec.of(1536, 384, BF16, BF16, F32))) {
            try (Arena arena = Arena.ofConfined()) {
                Random random = new Random(11);
                Product product = oneDnn.product(spec);
                MemorySegment b = Matrices.weights(arena, random, oneDnn.isa(), spec.b(), (long) spec.k() * spec.n());
                MemorySegment a = Matrices.random(arena, random, spec.a(), 64L * spec.k());
                MemorySegment c = allocate(arena, spec.cBytes(64));
                try (Weights weights = product.pack(b, allocate(arena, product.packedBytes()));
                        Binding binding = oneDnn.bind(a, c, allocate(arena, 1 << 16))) {
                    binding.run(weights, 64);
                    MemorySegment expected = allocate(arena, spec.cBytes(64)).copyFrom(c);
                    for (int rows = 2; rows < 64; rows++) {
                        c.fill((byte) 0);
                        binding.run(weights, rows);
                        long bytes = spec.cBytes(rows);
                        assertThat(MemorySegment.mismatch(c, 0, bytes, expected, 0, bytes))
                                .as("%s, %d rows: first byte that differs", spec, rows)
                                .isEqualTo(-1);
                    }
                }
            }
        }
    }

    /**
     * Norm of the error against that of C. A sum of k terms in float errs by at most k units of 2^-24 of the terms' absolute
     * sum, and for random signs by their square root; C in bf16 is rounded to 2^-9 at the end, and
     * so is what is added to it.
     */
    private static void check(ProductSpec spec, int rows, boolean adds) {
        try (Arena arena = Arena.ofConfined()) {
            Random random = new Random(31L * spec.k() + spec.n() + rows);
            Product product = oneDnn.product(spec);
            MemorySegment a = Matrices.random(arena, random, spec.a(), (long) rows * spec.aStride());
            MemorySegment b = Matrices.weights(arena, random, oneDnn.isa(), spec.b(), (long) spec.k() * spec.n());
            MemorySegment c = Matrices.random(arena, random, spec.c(), (long) rows * spec.cStride());
            MemorySegment scratch = allocate(arena, 1 << 18);
            double[] expected = Matrices.product(
                    spec,
                    rows,
                    Matrices.doubles(a, spec.a(), rows * spec.aStride()),
                    Matrices.doubles(b, spec.b(), spec.k() * spec.n()),
                    before(spec, rows, adds, c));
            try (Weights weights = spec.plainB()
                            ? product.weights(b)
                            : product.pack(b, allocate(arena, product.packedBytes()));
                    Binding binding = oneDnn.bind(a, c, scratch)) {
                if (adds) {
                    binding.add(weights, rows);
                } else {
                    binding.run(weights, rows);
                }
            }
            double[] actual = Matrices.doubles(c, spec.c(), rows * spec.cStride());
            if (spec.c() == S32) {
                assertThat(actual).as("%s, %d rows, adds %s", spec, rows, adds).isEqualTo(expected);
                return;
            }
            double tolerance = spec.c() == BF16 ? (adds ? 0x1p-8 : 0x1p-9) : 2 * Math.sqrt(spec.k()) * 0x1p-24;
            assertThat(distance(actual, expected))
                    .as("%s, %d rows, adds %s", spec, rows, adds)
                    .isLessThanOrEqualTo(
                            tolerance * Math.max(norm(expected), Math.sqrt(rows * (double) spec.n() * spec.k())));
        }
    }

    /** What the product adds to: all of C, or only what lies beside its columns. */
    private static double[] before(ProductSpec spec, int rows, boolean adds, MemorySegment c) {
        double[] before = Matrices.doubles(c, spec.c(), rows * spec.cStride());
        for (int row = 0; row < rows && !adds; row++) {
            Arrays.fill(before, row * spec.cStride(), row * spec.cStride() + spec.n(), 0);
        }
        return before;
    }

    private static double norm(double[] x) {
        return distance(x, new double[x.length]);
    }

    private static double distance(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (x[i] - y[i]) * (x[i] - y[i]);
        }
        return Math.sqrt(sum);
    }
}
