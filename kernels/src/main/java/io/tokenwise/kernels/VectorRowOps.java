package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Rows a vector at a time, what remains of a row one by one. Sums run in the lanes of one vector, then over the lanes. */
final class VectorRowOps implements RowOps {
    @Override
    public void layerNorm(
            Floats x,
            Floats gamma,
            Floats beta,
            float epsilon,
            Floats y,
            Floats statistics,
            int columns,
            int from,
            int to) {
        VectorLayerNorm.forward(x, gamma, beta, epsilon, y, statistics, columns, from, to);
    }

    @Override
    public void layerNormBackward(
            Floats x, Floats gamma, Floats statistics, Floats dy, Floats dx, int columns, int from, int to) {
        VectorLayerNorm.backward(x, gamma, statistics, dy, dx, columns, from, to);
    }

    @Override
    public void layerNormParameterGradient(
            Floats x,
            Floats statistics,
            Floats dy,
            Floats dGamma,
            Floats dBeta,
            int rows,
            int columns,
            int from,
            int to) {
        VectorLayerNorm.parameterGradient(x, statistics, dy, dGamma, dBeta, rows, columns, from, to);
    }

    @Override
    public void rmsNorm(
            Floats x,
            RowParts parts,
            Floats gamma,
            float plus,
            float epsilon,
            Floats y,
            Floats inverses,
            int from,
            int to) {
        VectorRmsNorm.forward(x, parts, gamma, plus, epsilon, y, inverses, from, to);
    }

    @Override
    public void rmsNormBackward(
            Floats x,
            RowParts parts,
            Floats gamma,
            float plus,
            Floats inverses,
            Floats dy,
            Floats dx,
            int from,
            int to) {
        VectorRmsNorm.backward(x, parts, gamma, plus, inverses, dy, dx, from, to);
    }

    @Override
    public void rmsNormParameterGradient(
            Floats x, RowParts parts, Floats inverses, Floats dy, Floats dGamma, int rows, int from, int to) {
        VectorRmsNorm.parameterGradient(x, parts, inverses, dy, dGamma, rows, from, to);
    }

    @Override
    public void addColumnSums(Floats x, Floats sums, int rows, int columns, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment sumsMemory = sums.segment();
        long sumsBase = sums.offset();
        int end = from + F.loopBound(to - from);
        for (int j = from; j < end; j += LANES) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = 0; i < rows; i++) {
                sum = sum.add(FloatVector.fromMemorySegment(
                        F, xMemory, xBase + (long) i * columns * Float.BYTES + (long) j * Float.BYTES, ORDER));
            }
            FloatVector.fromMemorySegment(F, sumsMemory, sumsBase + (long) j * Float.BYTES, ORDER)
                    .add(sum)
                    .intoMemorySegment(sumsMemory, sumsBase + (long) j * Float.BYTES, ORDER);
        }
        for (int j = end; j < to; j++) {
            float sum = 0;
            for (int i = 0; i < rows; i++) {
                sum += x.get((long) i * columns + j);
            }
            sums.set(j, sums.get(j) + sum);
        }
    }

    @Override
    public void softmax(Floats x, Floats y, int columns, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float largest = largest(x, row, columns);
            FloatVector sums = FloatVector.zero(F);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector value = VectorMath.exp(FloatVector.fromMemorySegment(
                                F, xMemory, xBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER)
                        .sub(largest));
                value.intoMemorySegment(yMemory, yBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER);
                sums = sums.add(value);
            }
            float sum = Species.sum(sums);
            for (int j = whole; j < columns; j++) {
                float value = ScalarMath.exp(x.get(row + j) - largest);
                y.set(row + j, value);
                sum += value;
            }
            multiply(y, 1 / sum, y, row, columns);
        }
    }

    private static float largest(Floats x, long row, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        int whole = F.loopBound(columns);
        FloatVector largest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector value = FloatVector.fromMemorySegment(
                    F, xMemory, xBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER);
            // Compare and blend: max() takes five instructions to get NaN right, and a NaN comes out as NaN by way of
            // exp anyway.
            largest = largest.blend(value, value.compare(VectorOperators.GT, largest));
        }
        float result = VectorMath.largestLane(largest);
        for (int j = whole; j < columns; j++) {
            result = Math.max(result, x.get(row + j));
        }
        return result;
    }

    /** y = x * factor over a run of values. */
    private static void multiply(Floats x, float factor, Floats y, long at, int count) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        int whole = F.loopBound(count);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector.fromMemorySegment(F, xMemory, xBase + at * Float.BYTES + (long) j * Float.BYTES, ORDER)
                    .mul(factor)
                    .intoMemorySegment(yMemory, yBase + at * Float.BYTES + (long) j * Float.BYTES, ORDER);
        }
        for (int j = whole; j < count; j++) {
            y.set(at + j, x.get(at + j) * factor);
        }
    }

    static float dot(Floats a, long aRow, Floats b, long bRow, int count) {
        MemorySegment aMemory = a.segment();
        long aBase = a.offset();
        MemorySegment bMemory = b.segment();
        long bBase = b.offset();
        int whole = F.loopBound(count);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            sums = FloatVector.fromMemorySegment(F, aMemory, aBase + aRow * Float.BYTES + (long) j * Float.BYTES, ORDER)
                    .fma(
                            FloatVector.fromMemorySegment(
                                    F, bMemory, bBase + bRow * Float.BYTES + (long) j * Float.BYTES, ORDER),
                            sums);
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < count; j++) {
            sum = Math.fma(a.get(aRow + j), b.get(bRow + j), sum);
        }
        return sum;
    }

    @Override
    public void softmaxBackward(Floats y, Floats dy, Floats dx, int columns, int from, int to) {
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.offset();
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float product = dot(y, row, dy, row, columns);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector.fromMemorySegment(F, dyMemory, dyBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER)
                        .sub(product)
                        .mul(FloatVector.fromMemorySegment(
                                F, yMemory, yBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER))
                        .intoMemorySegment(dxMemory, dxBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER);
            }
            for (int j = whole; j < columns; j++) {
                dx.set(row + j, (dy.get(row + j) - product) * y.get(row + j));
            }
        }
    }

    @Override
    public void l2Normalize(Floats x, Floats y, Floats norms, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float norm = (float) Math.sqrt(dot(x, row, x, row, columns));
            multiply(x, 1 / Math.max(norm, SMALLEST_NORM), y, row, columns);
            if (norms != null) {
                norms.set(i, norm);
            }
        }
    }

    @Override
    public void l2NormalizeBackward(Floats y, Floats norms, Floats dy, Floats dx, int columns, int from, int to) {
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.offset();
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float product = -dot(y, row, dy, row, columns);
            float scale = 1 / Math.max(norms.get(i), SMALLEST_NORM);
            FloatVector factor = FloatVector.broadcast(F, product);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector.fromMemorySegment(F, yMemory, yBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER)
                        .fma(
                                factor,
                                FloatVector.fromMemorySegment(
                                        F, dyMemory, dyBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER))
                        .mul(scale)
                        .intoMemorySegment(dxMemory, dxBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER);
            }
            for (int j = whole; j < columns; j++) {
                dx.set(row + j, Math.fma(product, y.get(row + j), dy.get(row + j)) * scale);
            }
        }
    }

    @Override
    public void scaleBlocks(Floats x, Floats scale, Floats y, int blocks, int width, int from, int to) {
        for (int block = from * blocks; block < to * blocks; block++) {
            multiply(x, scale.get(block), y, (long) block * width, width);
        }
    }

    @Override
    public void scaleBlocksBackward(
            Floats x, Floats scale, Floats dy, Floats dx, Floats dScale, int blocks, int width, int from, int to) {
        for (int block = from * blocks; block < to * blocks; block++) {
            long at = (long) block * width;
            dScale.set(block, dot(x, at, dy, at, width));
            multiply(dy, scale.get(block), dx, at, width);
        }
    }

    @Override
    public void scaleUnits(Floats x, Floats scale, int factors, int[] places, Floats y, int width, int from, int to) {
        VectorUnits.scale(x, scale, factors, places, y, width, from, to);
    }

    @Override
    public void gatherUnits(Floats x, int columns, int[] starts, int width, Floats y, int from, int to) {
        VectorUnits.gather(x, columns, starts, width, y, from, to);
    }

    @Override
    public void scaleUnitsBackward(
            Floats x,
            Floats scale,
            int factors,
            int[] places,
            Floats dy,
            Floats dx,
            Floats dScale,
            int width,
            int from,
            int to) {
        VectorUnits.scaleBackward(x, scale, factors, places, dy, dx, dScale, width, from, to);
    }

    @Override
    public void dots(
            Floats x, Floats w, Floats bias, int outputs, Floats y, int columns, int from, int to, Scratch scratch) {
        VectorDots.dots(x, w, bias, outputs, y, columns, from, to, scratch);
    }
}
