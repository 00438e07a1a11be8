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
    public void windowsBackward(
            Floats dy, int[] yOffsets, int columns, int width, int step, Floats dx, int[] offsets, int from, int to) {
        int length = width * columns;
        for (int i = from; i < to; i++) {
            ScalarSpeechOps.zero(dx, (long) offsets[i] * columns, (long) (offsets[i + 1] - offsets[i]) * columns);
            for (int r = yOffsets[i]; r < yOffsets[i + 1]; r++) {
                long first = (offsets[i] + (long) (r - yOffsets[i]) * step) * columns;
                add(dy, (long) r * length, dx, first, length);
            }
        }
    }

    private static void add(Floats x, long xFirst, Floats y, long yFirst, int count) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(xFirst);
        MemorySegment yMemory = y.segment();
        long yBase = y.at(yFirst);
        int whole = F.loopBound(count);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector.fromMemorySegment(F, yMemory, yBase + at, ORDER)
                    .add(FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER))
                    .intoMemorySegment(yMemory, yBase + at, ORDER);
        }
        ScalarSpeechOps.add(x, xFirst, y, yFirst, whole, count);
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
        int end = from + F.loopBound(Math.max(0, to - from));
        for (int i = 0; i < sequences; i++) {
            for (int column = from; column < end; column += LANES) {
                normChannels(x, offsets[i], offsets[i + 1], gamma, beta, epsilon, y, columns, column);
            }
        }
        scalar.channelNorm(x, offsets, sequences, gamma, beta, epsilon, y, columns, end, to);
    }

    /** A vector of columns. */
    private static void normChannels(
            Floats x, int begin, int end, Floats gamma, Floats beta, float epsilon, Floats y, int columns, int column) {
        MemorySegment xMemory = x.segment();
        long first = x.at((long) begin * columns + column);
        long stride = (long) columns * Float.BYTES;
        float rows = end - begin;
        FloatVector sum = FloatVector.zero(F);
        FloatVector lost = FloatVector.zero(F);
        for (int row = 0; row < end - begin; row++) {
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, first + row * stride, ORDER)
                    .sub(lost);
            FloatVector next = sum.add(value);
            lost = next.sub(sum).sub(value);
            sum = next;
        }
        FloatVector mean = sum.div(rows);
        FloatVector squares = FloatVector.zero(F);
        lost = FloatVector.zero(F);
        for (int row = 0; row < end - begin; row++) {
            FloatVector centred = FloatVector.fromMemorySegment(F, xMemory, first + row * stride, ORDER)
                    .sub(mean);
            FloatVector value = centred.fma(centred, lost.neg());
            FloatVector next = squares.add(value);
            lost = next.sub(squares).sub(value);
            squares = next;
        }
        FloatVector scale = FloatVector.broadcast(F, 1)
                .div(squares.div(rows).add(epsilon).sqrt())
                .mul(FloatVector.fromMemorySegment(F, gamma.segment(), gamma.at(column), ORDER));
        FloatVector shift = FloatVector.fromMemorySegment(F, beta.segment(), beta.at(column), ORDER);
        MemorySegment yMemory = y.segment();
        long firstOfY = y.at((long) begin * columns + column);
        for (int row = 0; row < end - begin; row++) {
            FloatVector.fromMemorySegment(F, xMemory, first + row * stride, ORDER)
                    .sub(mean)
                    .fma(scale, shift)
                    .intoMemorySegment(yMemory, firstOfY + row * stride, ORDER);
        }
    }

    @Override
    public void paddedWindows(
            Floats x, int[] offsets, int columns, int first, int count, int width, Floats y, int from, int to) {
        scalar.paddedWindows(x, offsets, columns, first, count, width, y, from, to);
    }

    @Override
    public void paddedWindowsBackward(
            Floats dy, int[] offsets, int columns, int first, int count, int width, Floats dx, int from, int to) {
        MemorySegment memory = dy.segment();
        long stride = (long) (width - 1) * count * Float.BYTES;
        int whole = F.loopBound(count);
        int sequence = 0;
        for (int j = from; j < to; j++) {
            sequence = ScalarSpeechOps.sequenceOf(j, offsets, sequence);
            int begin = ScalarSpeechOps.firstWindow(j, offsets[sequence], width);
            int windows = Math.min(j + width / 2 + 1, offsets[sequence + 1]) - begin;
            // A window further on has the row a row earlier.
            long top = dy.at(((long) begin * width + j - begin + width / 2) * count);
            for (int c = 0; c < whole; c += LANES) {
                FloatVector sum = FloatVector.zero(F);
                for (int r = 0; r < windows; r++) {
                    long at = top + (long) c * Float.BYTES + r * stride;
                    sum = sum.add(FloatVector.fromMemorySegment(F, memory, at, ORDER));
                }
                sum.intoMemorySegment(dx.segment(), dx.at((long) j * columns + first + c), ORDER);
            }
            ScalarSpeechOps.sumOfWindows(dy, offsets, sequence, columns, first, count, width, dx, j, whole);
        }
    }

    @Override
    public void copyColumns(
            Floats x, int xColumns, int xFirst, Floats y, int yColumns, int yFirst, int count, int from, int to) {
        scalar.copyColumns(x, xColumns, xFirst, y, yColumns, yFirst, count, from, to);
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
        int sequence = 0;
        for (int t = from; t < to; t++) {
            sequence = ScalarSpeechOps.sequenceOf(t, offsets, sequence);
            int angles = (places == null ? t - offsets[sequence] + position : places[t]) * rotated;
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
        int sequence = 0;
        for (int t = from; t < to; t++) {
            sequence = ScalarSpeechOps.sequenceOf(t, offsets, sequence);
            int angles = (places == null ? t - offsets[sequence] + position : places[t]) * rotated;
            int other = angles + half;
            long row = (long) t * columns;
            // All heads have the same angles, and a head has too few columns for a loop.
            for (int c = 0; c < whole; c += LANES) {
                FloatVector lowCosines = FloatVector.fromArray(F, cosines, angles + c);
                FloatVector lowSines = FloatVector.fromArray(F, sines, angles + c);
                FloatVector highCosines = FloatVector.fromArray(F, cosines, other + c);
                FloatVector highSines = FloatVector.fromArray(F, sines, other + c);
                long lows = x.at(row + c);
                long highs = x.at(row + half + c);
                for (int head = 0; head < heads; head++) {
                    long at = (long) head * headSize * Float.BYTES;
                    FloatVector low = FloatVector.fromMemorySegment(F, memory, lows + at, ORDER);
                    FloatVector high = FloatVector.fromMemorySegment(F, memory, highs + at, ORDER);
                    high.fma(lowSines, low.mul(lowCosines)).intoMemorySegment(memory, lows + at, ORDER);
                    low.fma(highSines, high.mul(highCosines)).intoMemorySegment(memory, highs + at, ORDER);
                }
            }
            for (int head = 0; whole < half && head < heads; head++) {
                long first = row + (long) head * headSize;
                ScalarSpeechOps.rotateHalvesOfHead(x, first, cosines, sines, angles, whole, rotated);
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
