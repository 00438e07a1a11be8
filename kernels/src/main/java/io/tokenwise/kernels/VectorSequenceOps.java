package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

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
            Floats positions,
            int positionBase,
            Floats types,
            Floats y,
            int columns,
            int from,
            int to) {
        MemorySegment wordsMemory = words.segment();
        long wordsBase = words.offset();
        MemorySegment positionsMemory = positions.segment();
        long positionsBase = positions.offset();
        boolean typed = types != null;
        MemorySegment typesMemory = typed ? types.segment() : wordsMemory;
        long typesBase = typed ? types.offset() : wordsBase;
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                long word = (long) ids[t] * columns;
                long position = (long) (t - offsets[i] + positionBase) * columns;
                long row = (long) t * columns;
                for (int j = 0; j < whole; j += LANES) {
                    FloatVector sum = FloatVector.fromMemorySegment(
                                    F, wordsMemory, wordsBase + (word + j) * Float.BYTES, ORDER)
                            .add(FloatVector.fromMemorySegment(
                                    F, positionsMemory, positionsBase + (position + j) * Float.BYTES, ORDER));
                    (typed
                                    ? sum.add(FloatVector.fromMemorySegment(
                                            F, typesMemory, typesBase + (long) j * Float.BYTES, ORDER))
                                    : sum)
                            .intoMemorySegment(yMemory, yBase + (row + j) * Float.BYTES, ORDER);
                }
                for (int j = whole; j < columns; j++) {
                    float sum = words.get(word + j) + positions.get(position + j);
                    y.set(row + j, typed ? sum + types.get(j) : sum);
                }
            }
        }
    }

    @Override
    public void embeddingSumBackward(
            int[] ids,
            int[] offsets,
            int sequences,
            Floats dy,
            Floats dWords,
            Floats dPositions,
            int positionBase,
            Floats dTypes,
            int columns,
            int columnFrom,
            int columnTo) {
        for (int i = 0; i < sequences; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                long row = (long) t * columns;
                addRow(dy, row, dWords, (long) ids[t] * columns, columnFrom, columnTo);
                addRow(dy, row, dPositions, (long) (t - offsets[i] + positionBase) * columns, columnFrom, columnTo);
                if (dTypes != null) {
                    addRow(dy, row, dTypes, 0, columnFrom, columnTo);
                }
            }
        }
    }

    private static void addRow(Floats x, long xRow, Floats y, long yRow, int from, int to) {
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        int end = from + F.loopBound(to - from);
        for (int j = from; j < end; j += LANES) {
            FloatVector.fromMemorySegment(F, yMemory, yBase + (yRow + j) * Float.BYTES, ORDER)
                    .add(FloatVector.fromMemorySegment(F, xMemory, xBase + (xRow + j) * Float.BYTES, ORDER))
                    .intoMemorySegment(yMemory, yBase + (yRow + j) * Float.BYTES, ORDER);
        }
        for (int j = end; j < to; j++) {
            y.set(yRow + j, y.get(yRow + j) + x.get(xRow + j));
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
                            F, xMemory, xBase + ((long) t * columns + j) * Float.BYTES, ORDER));
                }
                sum.mul(scale).intoMemorySegment(yMemory, yBase + ((long) i * columns + j) * Float.BYTES, ORDER);
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
                    FloatVector.fromMemorySegment(F, dyMemory, dyBase + (source + j) * Float.BYTES, ORDER)
                            .mul(scale)
                            .intoMemorySegment(dxMemory, dxBase + (row + j) * Float.BYTES, ORDER);
                }
                for (int j = whole; j < columns; j++) {
                    dx.set(row + j, dy.get(source + j) * scale);
                }
            }
        }
    }

    @Override
    public void firstPool(Floats x, int[] offsets, Floats y, int columns, int from, int to) {
        moves.firstPool(x, offsets, y, columns, from, to);
    }

    @Override
    public void firstPoolBackward(Floats dy, int[] offsets, Floats dx, int columns, int from, int to) {
        moves.firstPoolBackward(dy, offsets, dx, columns, from, to);
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
