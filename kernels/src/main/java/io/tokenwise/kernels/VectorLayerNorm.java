package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** LayerNorm and its gradients; see {@link RowOps}. */
final class VectorLayerNorm {
    private VectorLayerNorm() {}

    static void forward(
            Floats x,
            Floats gamma,
            Floats beta,
            float epsilon,
            Floats y,
            Floats statistics,
            int columns,
            int from,
            int to) {
        int i = from;
        for (; i + 4 <= to; i += 4) {
            // Step by step over four rows: one alone would wait for its sums most of the time.
            long row0 = (long) i * columns;
            long row1 = row0 + columns;
            long row2 = row1 + columns;
            long row3 = row2 + columns;
            float mean0 = sum(x, row0, columns) / columns;
            float mean1 = sum(x, row1, columns) / columns;
            float mean2 = sum(x, row2, columns) / columns;
            float mean3 = sum(x, row3, columns) / columns;
            float scale0 = reciprocalDeviation(center(x, row0, mean0, y, columns), columns, epsilon);
            float scale1 = reciprocalDeviation(center(x, row1, mean1, y, columns), columns, epsilon);
            float scale2 = reciprocalDeviation(center(x, row2, mean2, y, columns), columns, epsilon);
            float scale3 = reciprocalDeviation(center(x, row3, mean3, y, columns), columns, epsilon);
            scaleAndShift(y, row0, scale0, gamma, beta, columns);
            scaleAndShift(y, row1, scale1, gamma, beta, columns);
            scaleAndShift(y, row2, scale2, gamma, beta, columns);
            scaleAndShift(y, row3, scale3, gamma, beta, columns);
            keep(statistics, i, mean0, scale0);
            keep(statistics, i + 1, mean1, scale1);
            keep(statistics, i + 2, mean2, scale2);
            keep(statistics, i + 3, mean3, scale3);
        }
        for (; i < to; i++) {
            long row = (long) i * columns;
            float mean = sum(x, row, columns) / columns;
            float scale = reciprocalDeviation(center(x, row, mean, y, columns), columns, epsilon);
            scaleAndShift(y, row, scale, gamma, beta, columns);
            keep(statistics, i, mean, scale);
        }
    }

    private static float reciprocalDeviation(float squaredDeviations, int columns, float epsilon) {
        return (float) (1 / Math.sqrt(squaredDeviations / columns + epsilon));
    }

    private static void keep(Floats statistics, int row, float mean, float scale) {
        if (statistics != null) {
            statistics.set(2L * row, mean);
            statistics.set(2L * row + 1, scale);
        }
    }

    private static float sum(Floats x, long row, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(row);
        int whole = F.loopBound(columns);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            sums = sums.add(FloatVector.fromMemorySegment(F, xMemory, xBase + (long) j * Float.BYTES, ORDER));
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            sum += x.get(row + j);
        }
        return sum;
    }

    /** {@code y = x - mean} for one row; the sum of the squares. */
    private static float center(Floats x, long row, float mean, Floats y, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(row);
        MemorySegment yMemory = y.segment();
        long yBase = y.at(row);
        int whole = F.loopBound(columns);
        FloatVector means = FloatVector.broadcast(F, mean);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector difference =
                    FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER).sub(means);
            difference.intoMemorySegment(yMemory, yBase + at, ORDER);
            sums = difference.fma(difference, sums);
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            float difference = x.get(row + j) - mean;
            y.set(row + j, difference);
            sum = Math.fma(difference, difference, sum);
        }
        return sum;
    }

    /** {@code y = y * scale * gamma + beta} for one row. */
    private static void scaleAndShift(Floats y, long row, float scale, Floats gamma, Floats beta, int columns) {
        MemorySegment gammaMemory = gamma.segment();
        long gammaBase = gamma.offset();
        MemorySegment betaMemory = beta.segment();
        long betaBase = beta.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.at(row);
        int whole = F.loopBound(columns);
        FloatVector scales = FloatVector.broadcast(F, scale);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector.fromMemorySegment(F, yMemory, yBase + at, ORDER)
                    .mul(scales)
                    .fma(
                            FloatVector.fromMemorySegment(F, gammaMemory, gammaBase + at, ORDER),
                            FloatVector.fromMemorySegment(F, betaMemory, betaBase + at, ORDER))
                    .intoMemorySegment(yMemory, yBase + at, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            y.set(row + j, Math.fma(y.get(row + j) * scale, gamma.get(j), beta.get(j)));
        }
    }

    static void backward(
            Floats x, Floats gamma, Floats statistics, Floats dy, Floats dx, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float mean = statistics.get(2L * i);
            float scale = statistics.get(2L * i + 1);
            float meanGradient = VectorRowOps.dot(dy, row, gamma, 0, columns) / columns;
            float meanProduct = gradientProduct(x, gamma, mean, scale, dy, row, columns) / columns;
            multiplyByVector(dy, gamma, dx, row, columns);
            center(x, mean, scale, meanGradient, meanProduct, dx, row, columns);
        }
    }

    /** {@code y = x * factors} for one row. In a loop of its own to keep to three memories, for the reason that {@link VectorElementwise}'s AdamW has. */
    private static void multiplyByVector(Floats x, Floats factors, Floats y, long row, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(row);
        MemorySegment factorsMemory = factors.segment();
        long factorsBase = factors.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.at(row);
        int whole = F.loopBound(columns);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER)
                    .mul(FloatVector.fromMemorySegment(F, factorsMemory, factorsBase + at, ORDER))
                    .intoMemorySegment(yMemory, yBase + at, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            y.set(row + j, x.get(row + j) * factors.get(j));
        }
    }

    /** {@code dx = (dx - meanGradient - normalized x * meanProduct) * scale} for one row. */
    private static void center(
            Floats x,
            float mean,
            float scale,
            float meanGradient,
            float meanProduct,
            Floats dx,
            long row,
            int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(row);
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.at(row);
        int whole = F.loopBound(columns);
        FloatVector means = FloatVector.broadcast(F, mean);
        FloatVector scales = FloatVector.broadcast(F, scale);
        FloatVector meanGradients = FloatVector.broadcast(F, meanGradient);
        FloatVector meanProducts = FloatVector.broadcast(F, meanProduct);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector normalized = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER)
                    .sub(means)
                    .mul(scales);
            FloatVector.fromMemorySegment(F, dxMemory, dxBase + at, ORDER)
                    .sub(meanGradients)
                    .sub(normalized.mul(meanProducts))
                    .mul(scales)
                    .intoMemorySegment(dxMemory, dxBase + at, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            float normalized = (x.get(row + j) - mean) * scale;
            dx.set(row + j, (dx.get(row + j) - meanGradient - normalized * meanProduct) * scale);
        }
    }

    /** Sum of normalized x times the gradient for it, of one row. */
    private static float gradientProduct(
            Floats x, Floats gamma, float mean, float scale, Floats dy, long row, int columns) {
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment gammaMemory = gamma.segment();
        long gammaBase = gamma.offset();
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        int whole = F.loopBound(columns);
        FloatVector products = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(
                            F, dyMemory, dyBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER)
                    .mul(FloatVector.fromMemorySegment(F, gammaMemory, gammaBase + (long) j * Float.BYTES, ORDER));
            products = FloatVector.fromMemorySegment(
                            F, xMemory, xBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER)
                    .sub(mean)
                    .mul(scale)
                    .fma(g, products);
        }
        float product = Species.sum(products);
        for (int j = whole; j < columns; j++) {
            product = Math.fma((x.get(row + j) - mean) * scale, dy.get(row + j) * gamma.get(j), product);
        }
        return product;
    }

    static void parameterGradient(
            Floats x,
            Floats statistics,
            Floats dy,
            Floats dGamma,
            Floats dBeta,
            int rows,
            int columns,
            int from,
            int to) {
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment dGammaMemory = dGamma.segment();
        long dGammaBase = dGamma.offset();
        MemorySegment dBetaMemory = dBeta.segment();
        long dBetaBase = dBeta.offset();
        int end = from + F.loopBound(to - from);
        for (int j = from; j < end; j += LANES) {
            FloatVector gamma = FloatVector.zero(F);
            FloatVector beta = FloatVector.zero(F);
            for (int i = 0; i < rows; i++) {
                long at = (long) i * columns + j;
                FloatVector g = FloatVector.fromMemorySegment(F, dyMemory, dyBase + at * Float.BYTES, ORDER);
                FloatVector normalized = FloatVector.fromMemorySegment(F, xMemory, xBase + at * Float.BYTES, ORDER)
                        .sub(statistics.get(2L * i))
                        .mul(statistics.get(2L * i + 1));
                gamma = normalized.fma(g, gamma);
                beta = beta.add(g);
            }
            FloatVector.fromMemorySegment(F, dGammaMemory, dGammaBase + (long) j * Float.BYTES, ORDER)
                    .add(gamma)
                    .intoMemorySegment(dGammaMemory, dGammaBase + (long) j * Float.BYTES, ORDER);
            FloatVector.fromMemorySegment(F, dBetaMemory, dBetaBase + (long) j * Float.BYTES, ORDER)
                    .add(beta)
                    .intoMemorySegment(dBetaMemory, dBetaBase + (long) j * Float.BYTES, ORDER);
        }
        for (int j = end; j < to; j++) {
            float gamma = 0;
            float beta = 0;
            for (int i = 0; i < rows; i++) {
                long at = (long) i * columns + j;
                float g = dy.get(at);
                gamma = Math.fma((x.get(at) - statistics.get(2L * i)) * statistics.get(2L * i + 1), g, gamma);
                beta += g;
            }
            dGamma.set(j, dGamma.get(j) + gamma);
            dBeta.set(j, dBeta.get(j) + beta);
        }
    }
}
