package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention by our own code beside the formula in doubles; skipped on CPUs that have none. */
class TileAttentionTest {
    private static final int MOST = TileAttention.MOST_TOKENS;

    /** Weights are rounded by 2^-8 of themselves at most, each by itself, and sums by much less. */
    private static final double TOLERANCE = 1.01 / 256;

    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(4);
    private OneDnn oneDnn;

    @BeforeEach
    void open() {
        oneDnn = Matrices.library();
        assumeTrue(TileAttention.runsOn(oneDnn), "only on AMD's CPUs with bfloat16, but here is " + oneDnn.isa());
    }

    @AfterEach
    void close() {
        if (oneDnn != null) {
            oneDnn.close();
        }
        arena.close();
    }

    /** Rows of a text whose last value is the last of their page: what lies behind is neither read nor written, or the JVM would end. */
    private record Text(int tokens, int headSize, MemorySegment q, MemorySegment k, MemorySegment v, MemorySegment y) {
        static Text random(Arena arena, Random random, int tokens, int headSize) {
            long bytes = ((tokens - 1L) * stride(headSize) + headSize) * Float.BYTES;
            var text = new Text(
                    tokens,
                    headSize,
                    GuardedMemory.allocate(arena, bytes),
                    GuardedMemory.allocate(arena, bytes),
                    GuardedMemory.allocate(arena, bytes),
                    GuardedMemory.allocate(arena, bytes));
            for (MemorySegment x : new MemorySegment[] {text.q, text.k, text.v}) {
                for (long i = 0; i < bytes / Float.BYTES; i++) {
                    x.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
                }
            }
            return text;
        }

        static int stride(int headSize) {
            return headSize + 8;
        }

        long strideBytes() {
            return (long) stride(headSize) * Float.BYTES;
        }

        float get(MemorySegment x, int token, int column) {
            return x.getAtIndex(JAVA_FLOAT, (long) token * stride(headSize) + column);
        }

        /** A row, which is there until memory ends. */
        float[] row(MemorySegment x, int token) {
            return x.asSlice(token * strideBytes(), (long) headSize * Float.BYTES)
                    .toArray(JAVA_FLOAT);
        }

        void pack(TileAttention attention) {
            attention.setKeys(k, 0, strideBytes(), tokens, headSize);
            attention.setValues(v, 0, strideBytes());
        }

        /** All queries, four at a time, the last four once more where it takes that. */
        void attend(TileAttention attention, int before, int after) {
            for (int query = 0; query < tokens; query += TileAttention.QUERIES) {
                int first = Math.min(query, tokens - TileAttention.QUERIES);
                for (int i = 0; i < TileAttention.QUERIES; i++) {
                    attention.setSeen(i, from(first + i, before), to(first + i, after));
                }
                long at = first * strideBytes();
                int from = from(first, before);
                int to = to(first + TileAttention.QUERIES - 1, after);
                attention.attend(q, at, strideBytes(), 1, from, to, y, at, strideBytes());
            }
        }

        int from(int query, int before) {
            return Math.max(0, query - before);
        }

        int to(int query, int after) {
            return Math.min(tokens, query + 1 + after);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64, 96, 128})
    void isTheFormula(int headSize) {
        try (var attention = new TileAttention(oneDnn)) {
            for (int tokens : new int[] {4, 5, 31, 32, 33, 130, MOST}) {
                Text text = Text.random(arena, random, tokens, headSize);
                float scale = (float) (2 / Math.sqrt(headSize));
                attention.setScale(scale);
                text.pack(attention);
                for (int[] window : new int[][] {{MOST, MOST}, {MOST, 0}, {3, 17}, {40, 0}, {0, 0}}) {
                    text.attend(attention, window[0], window[1]);
                    for (int query = 0; query < tokens; query += 1 + tokens / 40) {
                        int from = text.from(query, window[0]);
                        int to = text.to(query, window[1]);
                        assertIsFormula(text, query, from, to, scale);
                    }
                }
            }
        }
    }

    private static void assertIsFormula(Text text, int query, int from, int to, float scale) {
        double[] scores = new double[to - from];
        double largest = Double.NEGATIVE_INFINITY;
        for (int key = from; key < to; key++) {
            double score = 0;
            for (int c = 0; c < text.headSize; c++) {
                score += narrow(text.get(text.q, query, c)) * narrow(text.get(text.k, key, c));
            }
            scores[key - from] = score * scale;
            largest = Math.max(largest, scores[key - from]);
        }
        double sum = 0;
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Math.exp(scores[i] - largest);
            sum += scores[i];
        }
        for (int c = 0; c < text.headSize; c++) {
            double expected = 0;
            double sizes = 0;
            for (int i = 0; i < scores.length; i++) {
                double part = scores[i] / sum * narrow(text.get(text.v, from + i, c));
                expected += part;
                sizes += Math.abs(part);
            }
            assertThat((double) text.get(text.y, query, c))
                    .as("%d tokens, heads of %d, query %d sees %d to %d", text.tokens, text.headSize, query, from, to)
                    .isBetween(expected - TOLERANCE * sizes, expected + TOLERANCE * sizes);
        }
    }

    /** To nearest, ties to even. */
    private static double narrow(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
    }

    @Test
    void manyTilesAreOneTileEach() {
        try (var attention = new TileAttention(oneDnn)) {
            Text text = Text.random(arena, random, 72, 64);
            attention.setScale(0.3f);
            text.pack(attention);
            text.attend(attention, MOST, MOST);
            float[][] expected = new float[72][];
            for (int i = 0; i < 72; i++) {
                expected[i] = text.row(text.y, i);
            }
            text.y.fill((byte) 0);
            text.pack(attention);
            attention.attend(text.q, 0, text.strideBytes(), 18, 0, 72, text.y, 0, text.strideBytes());
            for (int i = 0; i < 72; i++) {
                assertThat(text.row(text.y, i)).as("query %d", i).isEqualTo(expected[i]);
            }
        }
    }

    /** What a query does not see is as if it were not there, and what is no number shows where it is seen. */
    @Test
    void whatIsNotSeenDoesNotCount() {
        try (var attention = new TileAttention(oneDnn)) {
            Text text = Text.random(arena, random, 60, 32);
            attention.setScale(1);
            text.pack(attention);
            text.attend(attention, 20, 2);
            float[] before = text.row(text.y, 30);
            for (int token = 33; token < 60; token++) {
                for (int c = 0; c < 32; c++) {
                    long i = (long) token * Text.stride(32) + c;
                    text.k.setAtIndex(JAVA_FLOAT, i, token == 36 ? Float.NaN : 3e8f);
                    text.v.setAtIndex(JAVA_FLOAT, i, 3e8f);
                }
            }
            text.pack(attention);
            text.attend(attention, 20, 2);
            assertThat(text.row(text.y, 30)).isEqualTo(before);
            for (int query = 0; query < 60; query++) {
                boolean sees = query >= 34 && query <= 56;
                assertThat(Float.isNaN(text.get(text.y, query, 0)))
                        .as("query %d", query)
                        .isEqualTo(sees);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (var attention = new TileAttention(oneDnn)) {
            MemorySegment x = arena.allocate(8 * 32 * Float.BYTES);
            assertRefused("keys come first", () -> attention.setValues(x, 0, 128));
            assertRefused("head size 48", () -> attention.setKeys(x, 0, 128, 8, 48));
            assertRefused("head size 160", () -> attention.setKeys(x, 0, 128, 8, 160));
            assertRefused("tiles, keys 0 to 1 of 0", () -> attention.attend(x, 0, 128, 1, 0, 1, x, 0, 128));
            assertRefused("3 tokens", () -> attention.setKeys(x, 0, 128, 3, 32));
            assertRefused("1025 tokens", () -> attention.setKeys(x, 0, 128, 1025, 32));
            assertRefused("needs", () -> attention.setKeys(x, 4, 128, 8, 32));
            assertRefused("124 bytes apart", () -> attention.setKeys(x, 0, 124, 8, 32));
            assertRefused("from byte -4 on", () -> attention.setKeys(x, -4, 128, 8, 32));
            assertRefused("native", () -> attention.setKeys(MemorySegment.ofArray(new float[256]), 0, 128, 8, 32));
            attention.setKeys(x, 0, 128, 8, 32);
            assertRefused("0 of them with values", () -> attention.attend(x, 0, 128, 2, 0, 8, x, 0, 128));
            attention.setValues(x, 0, 128);
            assertRefused("keys 0 to 9", () -> attention.setSeen(0, 0, 9));
            assertRefused("keys 5 to 5", () -> attention.setSeen(0, 5, 5));
            assertRefused("query 4 of 4", () -> attention.setSeen(4, 0, 8));
            assertRefused("keys 0 to 9", () -> attention.attend(x, 0, 128, 2, 0, 9, x, 0, 128));
            assertRefused("queries has", () -> attention.attend(x, 0, 128, 3, 0, 8, x, 0, 128));
            assertRefused("context has", () -> attention.attend(x, 0, 128, 2, 0, 8, x, 4, 128));
            attention.attend(x, 0, 128, 2, 0, 8, x, 0, 128);
        }
    }

    private static void assertRefused(String message, Runnable wrong) {
        assertThatThrownBy(wrong::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
