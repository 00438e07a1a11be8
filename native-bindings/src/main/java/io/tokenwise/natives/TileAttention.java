package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tokenwise.natives.AttentionCode.Field;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Attention of one head of one text by code of our own, on AMD's CPUs with AVX-512 and products of bfloat16: {@code y = softmax(Q K^T scale) V}. Queries, keys, values
 * and weights are rounded to bfloat16, sums and softmax are of floats. Keys and values are packed first, then queries are attended four at a time; what a
 * query gives depends on it and on what it sees alone. For one thread at a time; warm calls allocate nothing.
 */
public final class TileAttention implements AutoCloseable {
    /** Heads have a multiple of so many columns. */
    public static final int STEP = 32;

    public static final int MOST_HEAD_SIZE = 128;
    public static final int MOST_TOKENS = 1024;

    /** Queries at once. */
    public static final int QUERIES = AttentionCode.ROWS;

    private static final int PANEL = AttentionCode.PANEL;
    private static final long ALIGNMENT = 64;

    /** The score of a key that is not seen: its weight is 0, as that of infinity would be, but its distance from others is a number. */
    private static final float UNSEEN = -1e30f;

    private static final float LOG2_E = 1.44269504f;

    /** 2^x - 1 between -1/2 and 1/2 by powers of x, to 3e-6 of 2^x. */
    private static final float[] EXP2 = {0.6931242f, 0.24024099f, 0.055906426f, 0.009582853f};

    /** A function reads the first argument alone; of the others the memory stays while it runs. */
    private static final MethodHandle CALL =
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS));

    private final Arena arena = Arena.ofShared();
    private final MemorySegment fields;
    private final MemorySegment keys;
    private final MemorySegment values;

    /** For each of twice as many keys as there may be infinity, and {@link #UNSEEN} before and behind them. */
    private final MemorySegment limits;

    /** By head size, in {@link #STEP}s; null for those that were not met. */
    private final Functions[] functions = new Functions[MOST_HEAD_SIZE / STEP];

    private int headSize;
    private int tokens;
    private int tokensOfValues;

    private record Functions(MemorySegment packKeys, MemorySegment packValues, MemorySegment attend) {}

    /** @throws UnsupportedOperationException if {@link #runsOn} says no */
    public TileAttention(OneDnn oneDnn) {
        if (!runsOn(oneDnn)) {
            throw new UnsupportedOperationException("attention by code of our own: not on this CPU");
        }
        try {
            fields = arena.allocate(Field.BYTES, ALIGNMENT);
            keys = Pages.allocate(arena, (long) MOST_TOKENS * MOST_HEAD_SIZE * Short.BYTES, ALIGNMENT);
            values = Pages.allocate(arena, keys.byteSize(), ALIGNMENT);
            limits = arena.allocate(3L * MOST_TOKENS * Float.BYTES, ALIGNMENT);
            set(Field.KEYS, keys.address());
            set(Field.VALUES, values.address());
            set(Field.QUERIES, memory((long) QUERIES * MOST_HEAD_SIZE * Short.BYTES));
            set(Field.SCORES, memory((long) QUERIES * AttentionCode.SCORE_STRIDE_BYTES));
            set(Field.WEIGHTS, memory((long) QUERIES * AttentionCode.WEIGHT_STRIDE_BYTES));
            writeConstants();
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Whether there is such code for the library's CPU. */
    public static boolean runsOn(OneDnn oneDnn) {
        return oneDnn.hasOwnCode() && oneDnn.isa().includes(Isa.AVX512_CORE_BF16);
    }

    private long memory(long bytes) {
        return arena.allocate(bytes, ALIGNMENT).address();
    }

    private void writeConstants() {
        for (int i = 0; i < 3 * MOST_TOKENS; i++) {
            boolean seen = i / MOST_TOKENS == 1;
            limits.setAtIndex(JAVA_FLOAT, i, seen ? Float.POSITIVE_INFINITY : UNSEEN);
        }
        MemorySegment pairs = arena.allocate(PANEL * Short.BYTES, ALIGNMENT);
        for (int i = 0; i < PANEL; i++) {
            pairs.setAtIndex(JAVA_SHORT, i, (short) (i / 2 + i % 2 * (PANEL / 2)));
        }
        set(Field.PAIRS, pairs.address());
        set(Field.LEAST, -Float.MAX_VALUE);
        set(Field.ONE, 1f);
        for (int i = 0; i < EXP2.length; i++) {
            set(Field.EXP2, i, EXP2[i]);
        }
    }

    /**
     * Packs a text's keys, whose rows lie so many bytes apart from byte {@code at} on. All queries see them all until {@link #setSeen}.
     *
     * @throws IllegalArgumentException if there are too few or too many, heads have another size, or the memory is too small
     */
    public void setKeys(MemorySegment x, long at, long strideBytes, int rows, int newHeadSize) {
        if (newHeadSize < STEP || newHeadSize > MOST_HEAD_SIZE || newHeadSize % STEP != 0) {
            throw new IllegalArgumentException(
                    "head size " + newHeadSize + ": must be a multiple of " + STEP + " up to " + MOST_HEAD_SIZE);
        }
        if (rows < QUERIES || rows > MOST_TOKENS) {
            throw new IllegalArgumentException(rows + " tokens: must be " + QUERIES + " to " + MOST_TOKENS);
        }
        headSize = newHeadSize;
        tokens = 0;
        tokensOfValues = 0;
        pack("keys", functions().packKeys, x, at, strideBytes, rows);
        tokens = rows;
        for (int query = 0; query < QUERIES; query++) {
            setSeen(query, 0, tokens);
        }
    }

    /** Packs as many values as there are keys, with as many columns. */
    public void setValues(MemorySegment x, long at, long strideBytes) {
        if (tokens == 0) {
            throw new IllegalArgumentException("values of 0 tokens: keys come first");
        }
        pack("values", functions().packValues, x, at, strideBytes, tokens);
        tokensOfValues = tokens;
    }

    private void pack(String name, MemorySegment function, MemorySegment x, long at, long strideBytes, int rows) {
        setX(name, x, at, strideBytes, rows);
        set(Field.X_ROWS, rows);
        set(Field.KEYS, keys.address());
        set(Field.VALUES, values.address());
        set(Field.PANELS, Math.ceilDiv(rows, PANEL));
        call(function, x, x);
    }

    /** What scores are multiplied by, above 0. */
    public void setScale(float scale) {
        set(Field.FACTOR, scale * LOG2_E);
    }

    /** Of each four queries that are attended from now on, the one with this number sees the keys {@code from} (inclusive) to {@code to} (exclusive), one at least. */
    public void setSeen(int query, int from, int to) {
        if (query < 0 || query >= QUERIES || from < 0 || from >= to || to > tokens) {
            throw new IllegalArgumentException(
                    "query " + query + " of " + QUERIES + ", keys " + from + " to " + to + " of " + tokens);
        }
        set(Field.SEEN_FROM, query, limits.address() + (long) (MOST_TOKENS - from) * Float.BYTES);
        set(Field.SEEN_TO, query, limits.address() + (long) (2 * MOST_TOKENS - to) * Float.BYTES);
    }

    /**
     * Attends four times {@code tiles} queries, whose rows lie so many bytes apart.
     *
     * @param from keys before are not seen by any of them, nor are those from {@code to} on
     * @throws IllegalArgumentException if memory is too small, or there are no values of these keys
     */
    public void attend(
            MemorySegment queries,
            long at,
            long strideBytes,
            int tiles,
            int from,
            int to,
            MemorySegment y,
            long yAt,
            long yStrideBytes) {
        if (tokensOfValues == 0 || tiles < 1 || from < 0 || from >= to || to > tokens) {
            throw new IllegalArgumentException(tiles + " tiles, keys " + from + " to " + to + " of " + tokens + ", "
                    + tokensOfValues + " of them with values");
        }
        setX("queries", queries, at, strideBytes, QUERIES * tiles);
        check("context", y, yAt, yStrideBytes, QUERIES * tiles);
        set(Field.Y, y.address() + yAt);
        set(Field.Y_STRIDE_BYTES, yStrideBytes);
        int first = from / PANEL * PANEL;
        long offset = (long) first * headSize * Short.BYTES;
        set(Field.KEYS, keys.address() + offset);
        set(Field.VALUES, values.address() + offset);
        set(Field.KEY_OFFSET_BYTES, (long) first * Float.BYTES);
        set(Field.PANELS, Math.ceilDiv(to - first, PANEL));
        set(Field.TILES, tiles);
        call(functions().attend, queries, y);
    }

    private void setX(String name, MemorySegment x, long at, long strideBytes, int rows) {
        check(name, x, at, strideBytes, rows);
        set(Field.X, x.address() + at);
        set(Field.X_STRIDE_BYTES, strideBytes);
    }

    private void check(String name, MemorySegment memory, long at, long strideBytes, int rows) {
        if (at < 0 || strideBytes < (long) headSize * Float.BYTES || strideBytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    name + " from byte " + at + " on, " + strideBytes + " bytes apart, of " + headSize + " columns");
        }
        Sizes.check(
                "attention", name, memory, Math.addExact(at, (rows - 1) * strideBytes + (long) headSize * Float.BYTES));
    }

    private Functions functions() {
        int i = headSize / STEP - 1;
        if (functions[i] == null) {
            functions[i] = new Functions(
                    Pages.executable(arena, HeadPackingCode.keys(headSize)),
                    Pages.executable(arena, HeadPackingCode.values(headSize)),
                    Pages.executable(arena, AttentionCode.attend(headSize)));
        }
        return functions[i];
    }

    private void set(Field field, long value) {
        set(field, 0, value);
    }

    private void set(Field field, int i, long value) {
        fields.set(JAVA_LONG, field.offset(i), value);
    }

    private void set(Field field, float value) {
        set(field, 0, value);
    }

    private void set(Field field, int i, float value) {
        fields.set(JAVA_FLOAT, field.offset(i), value);
    }

    private void call(MemorySegment function, MemorySegment x, MemorySegment y) {
        try {
            CALL.invokeExact(function, fields, x, y);
        } catch (RuntimeException e) {
            // Memory has been freed.
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
