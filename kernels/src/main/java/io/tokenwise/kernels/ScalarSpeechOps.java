package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;

/** Speech without vectors. */
final class ScalarSpeechOps implements SpeechOps {
    /** Rows that are read side by side when they become columns: one cache line of the result. */
    private static final int BLOCK = 16;

    private final RowAttention attention = new ScalarRowAttention();

    @Override
    public void tanh(Floats x, Floats y, int from, int to) {
        for (int i = from; i < to; i++) {
            y.set(i, ScalarMath.tanh(x.get(i)));
        }
    }

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
        for (int i = from; i < to; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                int angles = (places == null ? t - offsets[i] + position : places[t]) * rotated;
                for (int head = 0; head < heads; head++) {
                    rotateHead(x, (long) t * columns + head * headSize, cosines, sines, angles, 0, rotated);
                }
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
        for (int i = from; i < to; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                int angles = (places == null ? t - offsets[i] + position : places[t]) * rotated;
                for (int head = 0; head < heads; head++) {
                    rotateHalvesOfHead(x, (long) t * columns + head * headSize, cosines, sines, angles, 0, rotated);
                }
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
