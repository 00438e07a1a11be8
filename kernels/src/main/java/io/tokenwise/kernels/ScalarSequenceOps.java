package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;

/** Sequences without vectors. */
final class ScalarSequenceOps implements SequenceOps {
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
                long position = (long) (t - offsets[i] + positionBase) * columns;
                long type = (long) (ids[t] >>> TYPE_SHIFT) * columns;
                long row = (long) t * columns;
                for (int j = 0; j < columns; j++) {
                    float sum = positions == null
                            ? words.get(word + j) * scale
                            : Math.fma(words.get(word + j), scale, positions.get(position + j));
                    y.set(row + j, types == null ? sum : sum + types.get(type + j));
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

    private static void addRow(Floats x, long xRow, float factor, Floats y, long yRow, int from, int to) {
        for (int j = from; j < to; j++) {
            y.set(yRow + j, Math.fma(x.get(xRow + j), factor, y.get(yRow + j)));
        }
    }

    @Override
    public void patches(int[] pixels, float[] values, int side, int patchSize, Floats y, int from, int to) {
        int size = side * patchSize;
        int area = patchSize * patchSize;
        long at = (long) from * side * side * 3 * area;
        for (int i = from; i < to; i++) {
            for (int patch = 0; patch < side * side; patch++) {
                int corner = (i * size + patch / side * patchSize) * size + patch % side * patchSize;
                for (int place = 0; place < area; place++) {
                    int pixel = pixels[corner + place / patchSize * size + place % patchSize];
                    y.set(at + place, values[pixel >> 16 & 0xFF]);
                    y.set(at + area + place, values[256 + (pixel >> 8 & 0xFF)]);
                    y.set(at + 2 * area + place, values[512 + (pixel & 0xFF)]);
                }
                at += 3 * area;
            }
        }
    }

    @Override
    public void withFirst(
            Floats x, Floats first, Floats positions, Floats y, int tokens, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            for (int t = 0; t < tokens; t++) {
                Floats source = t == 0 ? first : x;
                long sourceRow = t == 0 ? 0 : ((long) i * (tokens - 1) + t - 1) * columns;
                long row = ((long) i * tokens + t) * columns;
                for (int j = 0; j < columns; j++) {
                    y.set(row + j, source.get(sourceRow + j) + positions.get((long) t * columns + j));
                }
            }
        }
    }

    @Override
    public void withoutFirst(Floats dy, Floats dx, int tokens, int columns, int from, int to) {
        int values = (tokens - 1) * columns;
        for (int i = from; i < to; i++) {
            MemorySegment.copy(
                    dy.segment(),
                    dy.at(((long) i * tokens + 1) * columns),
                    dx.segment(),
                    dx.at((long) i * values),
                    (long) values * Float.BYTES);
        }
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
        for (int i = from; i < to; i++) {
            float scale = 1f / (offsets[i + 1] - offsets[i]);
            for (int j = 0; j < columns; j++) {
                float sum = 0;
                for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                    sum += x.get((long) t * columns + j);
                }
                y.set((long) i * columns + j, sum * scale);
            }
        }
    }

    @Override
    public void meanPoolBackward(Floats dy, int[] offsets, Floats dx, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            float scale = 1f / (offsets[i + 1] - offsets[i]);
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                for (int j = 0; j < columns; j++) {
                    dx.set((long) t * columns + j, dy.get((long) i * columns + j) * scale);
                }
            }
        }
    }

    @Override
    public void raiseToLargest(Floats x, int[] offsets, Floats y, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            raiseRow(x, offsets, y, columns, i, 0);
        }
    }

    /** One row from that column on. */
    static void raiseRow(Floats x, int[] offsets, Floats y, int columns, int row, int column) {
        long first = (long) row * columns;
        for (int j = column; j < columns; j++) {
            float largest = y.get(first + j);
            for (int t = offsets[row]; t < offsets[row + 1]; t++) {
                float value = x.get((long) t * columns + j);
                largest = value > largest ? value : largest;
            }
            y.set(first + j, largest);
        }
    }

    /** One by one, since of most words a text has none. */
    @Override
    public void logs(Floats y, int from, int to) {
        for (int i = from; i < to; i++) {
            if (y.get(i) > 0) {
                y.set(i, (float) StrictMath.log1p(y.get(i)));
            }
        }
    }

    @Override
    public void attention(AttentionCall call, int sequence, int head, Scratch scratch) {
        ScalarAttention.forward(call, sequence, head, scratch);
    }

    @Override
    public void attentionBackward(AttentionCall call, int sequence, int head, Scratch scratch) {
        ScalarAttention.backward(call, sequence, head, scratch);
    }
}
