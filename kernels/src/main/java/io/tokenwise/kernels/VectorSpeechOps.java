package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/** Speech, a vector of values or columns at a time; what remains of a row goes to the scalar twin, which gives the same bits. */
final class VectorSpeechOps implements SpeechOps {
    private static final VectorShuffle<Float> OTHER_OF_PAIR = VectorShuffle.fromOp(F, lane -> lane ^ 1);

    /** What only moves values needs no vectors. */
    private final ScalarSpeechOps scalar = new ScalarSpeechOps();

    private final RowAttention attention = new VectorRowAttention();

    @Override
    public void tanh(Floats x, Floats y, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        int end = from + F.loopBound(Math.max(0, to - from));
        for (int i = from; i < end; i += LANES) {
            VectorMath.tanh(FloatVector.fromMemorySegment(F, xMemory, xBase + (long) i * Float.BYTES, ORDER))
                    .intoMemorySegment(yMemory, yBase + (long) i * Float.BYTES, ORDER);
        }
        scalar.tanh(x, y, end, to);
    }

    @Override
    public void windows(
            Floats x, int[] offsets, int columns, int width, int step, Floats y, int[] yOffsets, int from, int to) {
        scalar.windows(x, offsets, columns, width, step, y, yOffsets, from, to);
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
            double count = (double) (offsets[i + 1] - offsets[i]) * columns;
            double sum = 0;
            for (int row = offsets[i]; row < offsets[i + 1]; row++) {
                sum += sum(x, (long) row * columns, columns);
            }
            float mean = (float) (sum / count);
            double squares = 0;
            for (int row = offsets[i]; row < offsets[i + 1]; row++) {
                squares += squares(x, (long) row * columns, columns, mean);
            }
            float inverse = (float) (1 / Math.sqrt(squares / count + epsilon));
            for (int row = offsets[i]; row < offsets[i + 1]; row++) {
                normalize(x, y, (long) row * columns, columns, mean, inverse, gamma, beta);
            }
        }
    }

    private static float sum(Floats x, long row, int columns) {
        MemorySegment memory = x.segment();
        long base = x.at(row);
        int whole = F.loopBound(columns);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            sums = sums.add(FloatVector.fromMemorySegment(F, memory, base + (long) j * Float.BYTES, ORDER));
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            sum += x.get(row + j);
        }
        return sum;
    }

    private static float squares(Floats x, long row, int columns, float mean) {
        MemorySegment memory = x.segment();
        long base = x.at(row);
        int whole = F.loopBound(columns);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector centred = FloatVector.fromMemorySegment(F, memory, base + (long) j * Float.BYTES, ORDER)
                    .sub(mean);
            sums = centred.fma(centred, sums);
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            float centred = x.get(row + j) - mean;
            sum = Math.fma(centred, centred, sum);
        }
        return sum;
    }

    private static void normalize(
            Floats x, Floats y, long row, int columns, float mean, float inverse, Floats gamma, Floats beta) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(row);
        MemorySegment yMemory = y.segment();
        long yBase = y.at(row);
        MemorySegment gammas = gamma.segment();
        MemorySegment betas = beta.segment();
        int whole = F.loopBound(columns);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector scale = FloatVector.fromMemorySegment(F, gammas, gamma.offset() + at, ORDER)
                    .mul(inverse);
            FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER)
                    .sub(mean)
                    .fma(scale, FloatVector.fromMemorySegment(F, betas, beta.offset() + at, ORDER))
                    .intoMemorySegment(yMemory, yBase + at, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            y.set(row + j, Math.fma(x.get(row + j) - mean, inverse * gamma.get(j), beta.get(j)));
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
        MemorySegment memory = x.segment();
        int whole = F.loopBound(rotated);
        for (int i = from; i < to; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                int angles = (places == null ? t - offsets[i] + position : places[t]) * rotated;
                for (int head = 0; head < heads; head++) {
                    long first = (long) t * columns + head * headSize;
                    long base = x.at(first);
                    for (int c = 0; c < whole; c += LANES) {
                        long at = base + (long) c * Float.BYTES;
                        FloatVector value = FloatVector.fromMemorySegment(F, memory, at, ORDER);
                        value.rearrange(OTHER_OF_PAIR)
                                .fma(
                                        FloatVector.fromArray(F, sines, angles + c),
                                        value.mul(FloatVector.fromArray(F, cosines, angles + c)))
                                .intoMemorySegment(memory, at, ORDER);
                    }
                    ScalarSpeechOps.rotateHead(x, first, cosines, sines, angles, whole, rotated);
                }
            }
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
        MemorySegment memory = x.segment();
        int half = rotated / 2;
        int whole = F.loopBound(half);
        for (int i = from; i < to; i++) {
            for (int t = offsets[i]; t < offsets[i + 1]; t++) {
                int angles = (places == null ? t - offsets[i] + position : places[t]) * rotated;
                int other = angles + half;
                for (int head = 0; head < heads; head++) {
                    long first = (long) t * columns + head * headSize;
                    long lows = x.at(first);
                    long highs = x.at(first + half);
                    for (int c = 0; c < whole; c += LANES) {
                        long at = (long) c * Float.BYTES;
                        FloatVector low = FloatVector.fromMemorySegment(F, memory, lows + at, ORDER);
                        FloatVector high = FloatVector.fromMemorySegment(F, memory, highs + at, ORDER);
                        high.fma(
                                        FloatVector.fromArray(F, sines, angles + c),
                                        low.mul(FloatVector.fromArray(F, cosines, angles + c)))
                                .intoMemorySegment(memory, lows + at, ORDER);
                        low.fma(
                                        FloatVector.fromArray(F, sines, other + c),
                                        high.mul(FloatVector.fromArray(F, cosines, other + c)))
                                .intoMemorySegment(memory, highs + at, ORDER);
                    }
                    ScalarSpeechOps.rotateHalvesOfHead(x, first, cosines, sines, angles, whole, rotated);
                }
            }
        }
    }

    @Override
    public void toColumns(Floats x, int rows, int columns, int column, Floats cache, int count, int stride, int at) {
        scalar.toColumns(x, rows, columns, column, cache, count, stride, at);
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
        for (int head = from; head < to; head++) {
            VectorSingleAttention.attend(
                    query, keys, values, stride, length, head * headSize, headSize, scale, context, scratch);
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
