package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Copies operands into the layouts that {@link VectorTiles} reads. Strides are in floats, positions in native memory in bytes. */
final class VectorPacking {
    /** A constant, so that it is never made anew. */
    private static final FloatVector ZERO = FloatVector.zero(F);

    /** Floats of a cache line. */
    private static final int LINE = 16;

    private VectorPacking() {}

    /**
     * A panel {@code [k, PANEL]} from {@code columns} columns of a row-major matrix; columns past them become zero. Copied without
     * vectors: a model is packed before anything is compiled (MiniLM: 47 ms, by vectors 294 ms), and later it costs little (5 ms, 3.5 ms).
     */
    static void panelOfRows(MemorySegment from, long at, int stride, int k, int columns, MemorySegment panel, long to) {
        from = Floats.exactlyNative(from);
        panel = Floats.exactlyNative(panel);
        if (columns < PANEL) {
            clear(panel, to, k * PANEL);
        }
        for (int p = 0; p < k; p++) {
            long source = at + (long) p * stride * Float.BYTES;
            long target = to + (long) p * PANEL * Float.BYTES;
            MemorySegment.copy(from, source, panel, target, (long) columns * Float.BYTES);
        }
    }

    /** A panel {@code [k, PANEL]} from {@code columns} rows of k values: the transpose; columns past them become zero. */
    static void panelOfColumns(
            MemorySegment from, long at, int stride, int k, int columns, MemorySegment panel, long to) {
        from = Floats.exactlyNative(from);
        panel = Floats.exactlyNative(panel);
        if (columns < PANEL) {
            clear(panel, to, k * PANEL);
        }
        for (int j = 0; j < columns; j++) {
            long source = at + (long) j * stride * Float.BYTES;
            long target = to + (long) j * Float.BYTES;
            for (int p = 0; p < k; p++) {
                float value = from.get(JAVA_FLOAT, source + (long) p * Float.BYTES);
                panel.set(JAVA_FLOAT, target + (long) p * PANEL * Float.BYTES, value);
            }
        }
    }

    /** Writes zeros; {@code count} is a multiple of LANES. */
    static void clear(MemorySegment memory, long to, int count) {
        memory = Floats.exactlyNative(memory);
        for (int i = 0; i < count; i += LANES) {
            ZERO.intoMemorySegment(memory, to + (long) i * Float.BYTES, ORDER);
        }
    }

    /** Steps {@code from} to {@code to} of rows of A, cut into blocks of DEPTH values: {@code [blocks, rowStep, DEPTH]}. */
    static void rows(GemmCall call, int row, int rows, int from, int to, float[] packed, int rowStep) {
        for (int i = 0; i < rows; i++) {
            int source = call.gather == null ? row + i : call.gather[row + i];
            long at = call.a.at((long) source * call.aStride);
            for (int p = from, base = i * DEPTH; p < to; p += DEPTH, base += rowStep * DEPTH) {
                int depth = Math.min(DEPTH, to - p);
                MemorySegment.copy(call.a.segment(), JAVA_FLOAT, at + (long) p * Float.BYTES, packed, base, depth);
            }
        }
    }

    /** The same layout from A stored {@code [k, m]}: a cache line of it at a time, since more rows would push each other out of the first-level cache. */
    static void transposedRows(GemmCall call, int row, int rows, int from, int to, float[] packed, int rowStep) {
        MemorySegment a = Floats.exactlyNative(call.a.segment());
        for (int i = 0; i < rows; i += LINE) {
            int count = Math.min(LINE, rows - i);
            for (int p = from; p < to; p++) {
                int base = ((p - from) / DEPTH * rowStep + i) * DEPTH + (p - from) % DEPTH;
                long at = call.a.at((long) p * call.aStride + row + i);
                for (int j = 0; j < count; j++) {
                    packed[base + j * DEPTH] = a.get(JAVA_FLOAT, at + (long) j * Float.BYTES);
                }
            }
        }
    }
}
