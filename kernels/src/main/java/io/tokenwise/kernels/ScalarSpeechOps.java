package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;

/** Speech without vectors. */
final class ScalarSpeechOps implements SpeechOps {
    /** Rows that are read side by side when they become columns: one cache line of the result. */
    private static final int BLOCK = 16;

    private final RowAttention attention = new ScalarRowAttention();

    @Override
    public void windows(
            Floats x, int[] offsets, int columns, int width, int step, Floats y, int[] yOffsets, int from, int to) {
        long bytes = (long) width * columns * Float.BYTES;
        for (int i = from; i < to; i++) {
            for (int r = yOffsets[i]; r < yOffsets[i + 1]; r++) {
                long first = offsets[i] + (long) (r - yOffsets[i]) * step;
                MemorySegment.copy(
                        x.segment(), x.at(first * columns), y.segment(), y.at((long) r * width * columns), bytes);
            }
        }
    }

    @Override
    public void groupNorm(
            Floats x,
            int[] offsets,
            Floats gamma,
            Floats beta,
            float epsilon,
            Floats y,
            int columns,
            int from,
            int to) {
        for (int i = from; i < to; i++) {
            long begin = (long) offsets[i] * columns;
            long end = (long) offsets[i + 1] * columns;
            double sum = 0;
            for (long at = begin; at < end; at++) {
                sum += x.get(at);
            }
            double mean = sum / (end - begin);
            double squares = 0;
            for (long at = begin; at < end; at++) {
                squares += (x.get(at) - mean) * (x.get(at) - mean);
            }
            float inverse = (float) (1 / Math.sqrt(squares / (end - begin) + epsilon));
            for (long at = begin; at < end; at++) {
                int column = (int) (at % columns);
                float centred = x.get(at) - (float) mean;
                y.set(at, Math.fma(centred, inverse * gamma.get(column), beta.get(column)));
            }
        }
    }

    @Override
    public void windowsBackward(
            Floats dy, int[] yOffsets, int columns, int width, int step, Floats dx, int[] offsets, int from, int to) {
        int length = width * columns;
        for (int i = from; i < to; i++) {
            zero(dx, (long) offsets[i] * columns, (long) (offsets[i + 1] - offsets[i]) * columns);
            for (int r = yOffsets[i]; r < yOffsets[i + 1]; r++) {
                long first = (offsets[i] + (long) (r - yOffsets[i]) * step) * columns;
                add(dy, (long) r * length, dx, first, 0, length);
            }
        }
    }

    /** Not by a slice that is filled: half of all JVMs kept making an object of each slice, for good. */
    static void zero(Floats x, long first, long count) {
        for (long j = first; j < first + count; j++) {
            x.set(j, 0);
        }
    }

    /** {@code y += x} for the values {@code from} to {@code to} from x's and y's first ones on. */
    static void add(Floats x, long xFirst, Floats y, long yFirst, int from, int to) {
        for (int j = from; j < to; j++) {
            y.set(yFirst + j, y.get(yFirst + j) + x.get(xFirst + j));
        }
    }

    @Override
    public void channelNorm(
            Floats x,
            int[] offsets,
            int sequences,
            Floats gamma,
            Floats beta,
            float epsilon,
            Floats y,
            int columns,
            int from,
            int to) {
        for (int i = 0; i < sequences; i++) {
            for (int column = from; column < to; column++) {
                normChannel(x, offsets[i], offsets[i + 1], gamma, beta, epsilon, y, columns, column);
            }
        }
    }

    private static void normChannel(
            Floats x, int begin, int end, Floats gamma, Floats beta, float epsilon, Floats y, int columns, int column) {
        float rows = end - begin;
        float sum = 0;
        float lost = 0;
        for (int row = begin; row < end; row++) {
            float value = x.get((long) row * columns + column) - lost;
            float next = sum + value;
            lost = next - sum - value;
            sum = next;
        }
        float mean = sum / rows;
        float squares = 0;
        lost = 0;
        for (int row = begin; row < end; row++) {
            float centred = x.get((long) row * columns + column) - mean;
            float value = Math.fma(centred, centred, -lost);
            float next = squares + value;
            lost = next - squares - value;
            squares = next;
        }
        float scale = 1 / (float) Math.sqrt(squares / rows + epsilon) * gamma.get(column);
        for (int row = begin; row < end; row++) {
            long at = (long) row * columns + column;
            y.set(at, Math.fma(x.get(at) - mean, scale, beta.get(column)));
        }
    }

    @Override
    public void paddedWindows(
            Floats x, int[] offsets, int columns, int first, int count, int width, Floats y, int from, int to) {
        long bytes = (long) count * Float.BYTES;
        int sequence = 0;
        for (int r = from; r < to; r++) {
            sequence = sequenceOf(r, offsets, sequence);
            int top = r - width / 2;
            int begin = Math.max(top, offsets[sequence]);
            int end = Math.min(top + width, offsets[sequence + 1]);
            long row = (long) r * width * count;
            zero(y, row, (long) (begin - top) * count);
            for (int source = begin; source < end; source++) {
                long at = row + (long) (source - top) * count;
                MemorySegment.copy(x.segment(), x.at((long) source * columns + first), y.segment(), y.at(at), bytes);
            }
            zero(y, row + (long) (end - top) * count, (long) (top + width - end) * count);
        }
    }

    /** The sequence of a row, which is none before the one that is given. */
    static int sequenceOf(int row, int[] offsets, int notBefore) {
        int sequence = notBefore;
        while (offsets[sequence + 1] <= row) {
            sequence++;
        }
        return sequence;
    }

    @Override
    public void paddedWindowsBackward(
            Floats dy, int[] offsets, int columns, int first, int count, int width, Floats dx, int from, int to) {
        int sequence = 0;
        for (int j = from; j < to; j++) {
            sequence = sequenceOf(j, offsets, sequence);
            sumOfWindows(dy, offsets, sequence, columns, first, count, width, dx, j, 0);
        }
    }

    /** Row j of a sequence, from a column of the {@code count} on. */
    static void sumOfWindows(
            Floats dy,
            int[] offsets,
            int sequence,
            int columns,
            int first,
            int count,
            int width,
            Floats dx,
            int j,
            int fromColumn) {
        int begin = firstWindow(j, offsets[sequence], width);
        int end = Math.min(j + width / 2 + 1, offsets[sequence + 1]);
        for (int c = fromColumn; c < count; c++) {
            float sum = 0;
            for (int r = begin; r < end; r++) {
                sum += dy.get(((long) r * width + j - r + width / 2) * count + c);
            }
            dx.set((long) j * columns + first + c, sum);
        }
    }

    /** The first of a sequence's windows that holds a row. */
    static int firstWindow(int row, int begin, int width) {
        return Math.max(begin, row + width / 2 - width + 1);
    }

    @Override
    public void copyColumns(
            Floats x, int xColumns, int xFirst, Floats y, int yColumns, int yFirst, int count, int from, int to) {
        long bytes = (long) count * Float.BYTES;
        for (int r = from; r < to; r++) {
            MemorySegment.copy(
                    x.segment(),
                    x.at((long) r * xColumns + xFirst),
                    y.segment(),
                    y.at((long) r * yColumns + yFirst),
                    bytes);
        }
    }

    @Override
    public void rotate(
            Floats x,
            int columns,
            int[] offsets,
            int position,
            int[] places,
            float[] cosines,
            float[] sines,
            int heads,
            int headSize,
            int rotated,
            int from,
            int to) {
        int sequence = 0;
        for (int t = from; t < to; t++) {
            sequence = sequenceOf(t, offsets, sequence);
            int angles = (places == null ? t - offsets[sequence] + position : places[t]) * rotated;
            for (int head = 0; head < heads; head++) {
                rotateHead(x, (long) t * columns + head * headSize, cosines, sines, angles, 0, rotated);
            }
        }
    }

    /** One head, from an even column on. */
    static void rotateHead(Floats x, long at, float[] cosines, float[] sines, int angles, int column, int rotated) {
        for (int c = column; c < rotated; c += 2) {
            float even = x.get(at + c);
            float odd = x.get(at + c + 1);
            x.set(at + c, Math.fma(odd, sines[angles + c], even * cosines[angles + c]));
            x.set(at + c + 1, Math.fma(even, sines[angles + c + 1], odd * cosines[angles + c + 1]));
        }
    }

    @Override
    public void rotateHalves(
            Floats x,
            int columns,
            int[] offsets,
            int position,
            int[] places,
            float[] cosines,
            float[] sines,
            int heads,
            int headSize,
            int rotated,
            int from,
            int to) {
        int sequence = 0;
        for (int t = from; t < to; t++) {
            sequence = sequenceOf(t, offsets, sequence);
            int angles = (places == null ? t - offsets[sequence] + position : places[t]) * rotated;
            for (int head = 0; head < heads; head++) {
                rotateHalvesOfHead(x, (long) t * columns + head * headSize, cosines, sines, angles, 0, rotated);
            }
        }
    }

    /** One head, from a column of its first half on. */
    static void rotateHalvesOfHead(
            Floats x, long at, float[] cosines, float[] sines, int angles, int column, int rotated) {
        int half = rotated / 2;
        for (int c = column; c < half; c++) {
            float low = x.get(at + c);
            float high = x.get(at + half + c);
            int other = angles + half;
            x.set(at + c, Math.fma(high, sines[angles + c], low * cosines[angles + c]));
            x.set(at + half + c, Math.fma(low, sines[other + c], high * cosines[other + c]));
        }
    }

    @Override
    public void toColumns(Floats x, int rows, int columns, int column, Floats cache, int count, int stride, int at) {
        for (int first = 0; first < rows; first += BLOCK) {
            int end = Math.min(rows, first + BLOCK);
            for (int c = 0; c < count; c++) {
                for (int r = first; r < end; r++) {
                    cache.set((long) c * stride + at + r, x.get((long) r * columns + column + c));
                }
            }
        }
    }

    @Override
    public void attendOne(
            Floats query,
            Floats keys,
            Floats values,
            int stride,
            int length,
            int headSize,
            float scale,
            Floats context,
            int from,
            int to,
            Scratch scratch) {
        float[] weights = scratch.floats(length);
        for (int head = from; head < to; head++) {
            int first = head * headSize;
            float largest = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < length; j++) {
                float score = 0;
                for (int c = first; c < first + headSize; c++) {
                    score = Math.fma(query.get(c), keys.get((long) c * stride + j), score);
                }
                weights[j] = score * scale;
                largest = Math.max(largest, weights[j]);
            }
            float sum = 0;
            for (int j = 0; j < length; j++) {
                weights[j] = ScalarMath.exp(weights[j] - largest);
                sum += weights[j];
            }
            for (int c = first; c < first + headSize; c++) {
                float value = 0;
                for (int j = 0; j < length; j++) {
                    value = Math.fma(weights[j], values.get((long) c * stride + j), value);
                }
                context.set(c, value / sum);
            }
        }
    }

    @Override
    public void attend(AttendCall call, int sequence, int head) {
        attention.forward(call, sequence, head);
    }

    @Override
    public void attendBackward(AttendCall call, int sequence, int head, Scratch scratch) {
        attention.backward(call, sequence, head, scratch);
    }
}
