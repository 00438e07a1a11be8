package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static jdk.incubator.vector.VectorOperators.GT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Sequences, a vector of columns at a time; per column, values are added in the order of the tokens, as in the scalar twin. */
final class VectorSequenceOps implements SequenceOps {
    /** What only moves values needs no vectors. */
    private final ScalarSequenceOps moves = new ScalarSequenceOps();

    @Override
    public void embeddingSum(
            int[] ids,
            int[] offsets,
            Floats words,
            float scale,
            Floats positions,
            int positionBase,
            Floats types,
            Floats y,
            int columns,
            int from,
            int to) {
        for (int i = from; i < to; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                long word = (long) (ids[t] & WORD) * columns;
                long row = (long) t * columns;
                if (positions == null) {
                    scaleRow(words, word, scale, y, row, columns);
                } else {
                    long position = (long) (t - offsets[i] + positionBase) * columns;
                    sumOfRows(words, word, scale, positions, position, y, row, columns);
                }
                if (types != null) {
                    addRow(types, (long) (ids[t] >>> TYPE_SHIFT) * columns, 1, y, row, 0, columns);
                }
            }
        }
    }

    private static void scaleRow(Floats x, long xRow, float scale, Floats y, long yRow, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(xRow);
        MemorySegment yMemory = y.segment();
        long yBase = y.at(yRow);
        int whole = F.loopBound(columns);
        FloatVector scales = FloatVector.broadcast(F, scale);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector.fromMemorySegment(F, xMemory, xBase + (long) j * Float.BYTES, ORDER)
                    .mul(scales)
                    .intoMemorySegment(yMemory, yBase + (long) j * Float.BYTES, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            y.set(yRow + j, x.get(xRow + j) * scale);
        }
    }

    /** {@code y = scale * a + b}. */
    private static void sumOfRows(
            Floats a, long aRow, float scale, Floats b, long bRow, Floats y, long yRow, int columns) {
        MemorySegment aMemory = a.segment();
        long aBase = a.at(aRow);
        MemorySegment bMemory = b.segment();
        long bBase = b.at(bRow);
        MemorySegment yMemory = y.segment();
        long yBase = y.at(yRow);
        int whole = F.loopBound(columns);
        FloatVector scales = FloatVector.broadcast(F, scale);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector.fromMemorySegment(F, aMemory, aBase + (long) j * Float.BYTES, ORDER)
                    .fma(scales, FloatVector.fromMemorySegment(F, bMemory, bBase + (long) j * Float.BYTES, ORDER))
                    .intoMemorySegment(yMemory, yBase + (long) j * Float.BYTES, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            y.set(yRow + j, Math.fma(a.get(aRow + j), scale, b.get(bRow + j)));
        }
    }

    @Override
    public void embeddingSumBackward(
            int[] ids,
            int[] offsets,
            int sequences,
            Floats dy,
            Floats dWords,
            float scale,
            Floats dPositions,
            int positionBase,
            Floats dTypes,
            int columns,
            int columnFrom,
            int columnTo) {
        for (int i = 0; i < sequences; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                long row = (long) t * columns;
                long word = (long) (ids[t] & WORD) * columns;
                addRow(dy, row, scale, dWords, word, columnFrom, columnTo);
                if (dPositions != null) {
                    long position = (long) (t - offsets[i] + positionBase) * columns;
                    addRow(dy, row, 1, dPositions, position, columnFrom, columnTo);
                }
                if (dTypes != null) {
                    long type = (long) (ids[t] >>> TYPE_SHIFT) * columns;
                    addRow(dy, row, 1, dTypes, type, columnFrom, columnTo);
                }
            }
        }
    }

    /** {@code y += factor * x} for some columns of one row. */
    private static void addRow(Floats x, long xRow, float factor, Floats y, long yRow, int from, int to) {
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        int end = from + F.loopBound(to - from);
        FloatVector factors = FloatVector.broadcast(F, factor);
        for (int j = from; j < end; j += LANES) {
            FloatVector.fromMemorySegment(F, xMemory, xBase + xRow * Float.BYTES + (long) j * Float.BYTES, ORDER)
                    .fma(
                            factors,
                            FloatVector.fromMemorySegment(
                                    F, yMemory, yBase + yRow * Float.BYTES + (long) j * Float.BYTES, ORDER))
                    .intoMemorySegment(yMemory, yBase + yRow * Float.BYTES + (long) j * Float.BYTES, ORDER);
        }
        for (int j = end; j < to; j++) {
            y.set(yRow + j, Math.fma(x.get(xRow + j), factor, y.get(yRow + j)));
        }
    }

    @Override
    public void patches(int[] pixels, float[] values, int side, int patchSize, Floats y, int from, int to) {
        moves.patches(pixels, values, side, patchSize, y, from, to);
    }

    @Override
    public void withFirst(
            Floats x, Floats first, Floats positions, Floats y, int tokens, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            long row = (long) i * tokens * columns;
            sumOfRows(first, 0, 1, positions, 0, y, row, columns);
            // The rows after the first lie one after the other in all three.
            long next = row + columns;
            sumOfRows(x, (long) i * (tokens - 1) * columns, 1, positions, columns, y, next, (tokens - 1) * columns);
        }
    }

    @Override
    public void withoutFirst(Floats dy, Floats dx, int tokens, int columns, int from, int to) {
        moves.withoutFirst(dy, dx, tokens, columns, from, to);
    }

    @Override
    public void withFirstBackward(
            Floats dy,
            Floats dFirst,
            Floats dPositions,
            int tokens,
            int sequences,
            int columns,
            int columnFrom,
            int columnTo) {
        for (int i = 0; i < sequences; i++) {
            for (int t = 0; t < tokens; t++) {
                long row = ((long) i * tokens + t) * columns;
                addRow(dy, row, 1, dPositions, (long) t * columns, columnFrom, columnTo);
                if (t == 0) {
                    addRow(dy, row, 1, dFirst, 0, columnFrom, columnTo);
                }
            }
        }
    }

    @Override
    public void meanPool(Floats x, int[] offsets, Floats y, int columns, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            int first = offsets[i];
            int end = offsets[i + 1];
            float scale = 1f / (end - first);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector sum = FloatVector.zero(F);
                for (int t = first; t < end; t++) {
                    sum = sum.add(FloatVector.fromMemorySegment(
                            F, xMemory, xBase + (long) t * columns * Float.BYTES + (long) j * Float.BYTES, ORDER));
                }
                sum.mul(scale)
                        .intoMemorySegment(
                                yMemory, yBase + (long) i * columns * Float.BYTES + (long) j * Float.BYTES, ORDER);
            }
            for (int j = whole; j < columns; j++) {
                float sum = 0;
                for (int t = first; t < end; t++) {
                    sum += x.get((long) t * columns + j);
                }
                y.set((long) i * columns + j, sum * scale);
            }
        }
    }

    @Override
    public void meanPoolBackward(Floats dy, int[] offsets, Floats dx, int columns, int from, int to) {
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.offset();
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            float scale = 1f / (offsets[i + 1] - offsets[i]);
            long source = (long) i * columns;
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                long row = (long) t * columns;
                for (int j = 0; j < whole; j += LANES) {
                    FloatVector.fromMemorySegment(
                                    F, dyMemory, dyBase + source * Float.BYTES + (long) j * Float.BYTES, ORDER)
                            .mul(scale)
                            .intoMemorySegment(dxMemory, dxBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER);
                }
                for (int j = whole; j < columns; j++) {
                    dx.set(row + j, dy.get(source + j) * scale);
                }
            }
        }
    }

    @Override
    public void raiseToLargest(Floats x, int[] offsets, Floats y, int columns, int from, int to) {
        MemorySegment xMemory = x.segment();
        MemorySegment yMemory = y.segment();
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            for (int j = 0; j < whole; j += LANES) {
                FloatVector largest = FloatVector.fromMemorySegment(F, yMemory, y.at((long) i * columns + j), ORDER);
                for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                    FloatVector value = FloatVector.fromMemorySegment(F, xMemory, x.at((long) t * columns + j), ORDER);
                    largest = largest.blend(value, value.compare(GT, largest));
                }
                largest.intoMemorySegment(yMemory, y.at((long) i * columns + j), ORDER);
            }
            ScalarSequenceOps.raiseRow(x, offsets, y, columns, i, whole);
        }
    }

    @Override
    public void logs(Floats y, int from, int to) {
        moves.logs(y, from, to);
    }

    @Override
    public void attention(AttentionCall call, int sequence, int head, Scratch scratch) {
        VectorAttention.forward(call, sequence, head, scratch);
    }

    @Override
    public void attentionBackward(AttentionCall call, int sequence, int head, Scratch scratch) {
        VectorAttentionGradient.backward(call, sequence, head, scratch);
    }
}
