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
        int fours = columns % LANES == 0 ? from + (to - from) / 4 * 4 : from;
        for (int i = from; i < fours; i += 4) {
            fourRows(x, gamma, beta, epsilon, y, statistics, columns, i);
        }
        for (int i = fours; i < to; i++) {
            long row = (long) i * columns;
            float mean = sum(x, row, columns) / columns;
            float scale = reciprocalDeviation(squaredDeviations(x, row, mean, columns), columns, epsilon);
            normalize(x, row, mean, scale, gamma, beta, y, columns);
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

    /**
     * Four rows of whole vectors, with the same bits as one at a time. A row alone waits for its sums most of the time: measured at 384 columns,
     * 99 ns a row.
     */
    private static void fourRows(
            Floats x, Floats gamma, Floats beta, float epsilon, Floats y, Floats statistics, int columns, int row) {
        MemorySegment xMemory = x.segment();
        MemorySegment yMemory = y.segment();
        long bytes = (long) columns * Float.BYTES;
        long x0 = x.at((long) row * columns);
        long x1 = x0 + bytes;
        long x2 = x1 + bytes;
        long x3 = x2 + bytes;
        long y0 = y.at((long) row * columns);
        long y1 = y0 + bytes;
        long y2 = y1 + bytes;
        long y3 = y2 + bytes;
        FloatVector zero = FloatVector.zero(F);
        FloatVector s0 = zero;
        FloatVector s1 = zero;
        FloatVector s2 = zero;
        FloatVector s3 = zero;
        for (int j = 0; j < columns; j += LANES) {
            long at = (long) j * Float.BYTES;
            s0 = s0.add(FloatVector.fromMemorySegment(F, xMemory, x0 + at, ORDER));
            s1 = s1.add(FloatVector.fromMemorySegment(F, xMemory, x1 + at, ORDER));
            s2 = s2.add(FloatVector.fromMemorySegment(F, xMemory, x2 + at, ORDER));
            s3 = s3.add(FloatVector.fromMemorySegment(F, xMemory, x3 + at, ORDER));
        }
        float mean0 = Species.sum(s0) / columns;
        float mean1 = Species.sum(s1) / columns;
        float mean2 = Species.sum(s2) / columns;
        float mean3 = Species.sum(s3) / columns;
        FloatVector m0 = FloatVector.broadcast(F, mean0);
        s0 = zero;
        FloatVector m1 = FloatVector.broadcast(F, mean1);
        s1 = zero;
        FloatVector m2 = FloatVector.broadcast(F, mean2);
        s2 = zero;
        FloatVector m3 = FloatVector.broadcast(F, mean3);
        s3 = zero;
        for (int j = 0; j < columns; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector d0 =
                    FloatVector.fromMemorySegment(F, xMemory, x0 + at, ORDER).sub(m0);
            s0 = d0.fma(d0, s0);
            d0.intoMemorySegment(yMemory, y0 + at, ORDER);
            FloatVector d1 =
                    FloatVector.fromMemorySegment(F, xMemory, x1 + at, ORDER).sub(m1);
            s1 = d1.fma(d1, s1);
            d1.intoMemorySegment(yMemory, y1 + at, ORDER);
            FloatVector d2 =
                    FloatVector.fromMemorySegment(F, xMemory, x2 + at, ORDER).sub(m2);
            s2 = d2.fma(d2, s2);
            d2.intoMemorySegment(yMemory, y2 + at, ORDER);
            FloatVector d3 =
                    FloatVector.fromMemorySegment(F, xMemory, x3 + at, ORDER).sub(m3);
            s3 = d3.fma(d3, s3);
            d3.intoMemorySegment(yMemory, y3 + at, ORDER);
        }
        float scale0 = reciprocalDeviation(Species.sum(s0), columns, epsilon);
        keep(statistics, row, mean0, scale0);
        float scale1 = reciprocalDeviation(Species.sum(s1), columns, epsilon);
        keep(statistics, row + 1, mean1, scale1);
        float scale2 = reciprocalDeviation(Species.sum(s2), columns, epsilon);
        keep(statistics, row + 2, mean2, scale2);
        float scale3 = reciprocalDeviation(Species.sum(s3), columns, epsilon);
        keep(statistics, row + 3, mean3, scale3);
        MemorySegment gammaMemory = gamma.segment();
        long gammaBase = gamma.offset();
        MemorySegment betaMemory = beta.segment();
        long betaBase = beta.offset();
        FloatVector k0 = FloatVector.broadcast(F, scale0);
        FloatVector k1 = FloatVector.broadcast(F, scale1);
        FloatVector k2 = FloatVector.broadcast(F, scale2);
        FloatVector k3 = FloatVector.broadcast(F, scale3);
        for (int j = 0; j < columns; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector g = FloatVector.fromMemorySegment(F, gammaMemory, gammaBase + at, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(F, betaMemory, betaBase + at, ORDER);
            FloatVector.fromMemorySegment(F, yMemory, y0 + at, ORDER)
                    .mul(k0)
                    .fma(g, b)
                    .intoMemorySegment(yMemory, y0 + at, ORDER);
            FloatVector.fromMemorySegment(F, yMemory, y1 + at, ORDER)
                    .mul(k1)
                    .fma(g, b)
                    .intoMemorySegment(yMemory, y1 + at, ORDER);
            FloatVector.fromMemorySegment(F, yMemory, y2 + at, ORDER)
                    .mul(k2)
                    .fma(g, b)
                    .intoMemorySegment(yMemory, y2 + at, ORDER);
            FloatVector.fromMemorySegment(F, yMemory, y3 + at, ORDER)
                    .mul(k3)
                    .fma(g, b)
                    .intoMemorySegment(yMemory, y3 + at, ORDER);
        }
    }

    /** In two loops over at most three memories each, for the reason that {@link VectorElementwise}'s AdamW has. */
    private static void normalize(
            Floats x, long row, float mean, float scale, Floats gamma, Floats beta, Floats y, int columns) {
        shiftAndScale(x, row, mean, scale, y, columns);
        MemorySegment gammaMemory = gamma.segment();
        long gammaBase = gamma.offset();
        MemorySegment betaMemory = beta.segment();
        long betaBase = beta.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.at(row);
        int whole = F.loopBound(columns);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector.fromMemorySegment(F, yMemory, yBase + at, ORDER)
                    .fma(
                            FloatVector.fromMemorySegment(F, gammaMemory, gammaBase + at, ORDER),
                            FloatVector.fromMemorySegment(F, betaMemory, betaBase + at, ORDER))
                    .intoMemorySegment(yMemory, yBase + at, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            y.set(row + j, Math.fma(y.get(row + j), gamma.get(j), beta.get(j)));
        }
    }

    private static void shiftAndScale(Floats x, long row, float mean, float scale, Floats y, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(row);
        MemorySegment yMemory = y.segment();
        long yBase = y.at(row);
        int whole = F.loopBound(columns);
        FloatVector means = FloatVector.broadcast(F, mean);
        FloatVector scales = FloatVector.broadcast(F, scale);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER)
                    .sub(means)
                    .mul(scales)
                    .intoMemorySegment(yMemory, yBase + at, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            y.set(row + j, (x.get(row + j) - mean) * scale);
        }
    }

    private static float sum(Floats x, long row, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        int whole = F.loopBound(columns);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            sums = sums.add(FloatVector.fromMemorySegment(
                    F, xMemory, xBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER));
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            sum += x.get(row + j);
        }
        return sum;
    }

    private static float squaredDeviations(Floats x, long row, float mean, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        int whole = F.loopBound(columns);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector difference = FloatVector.fromMemorySegment(
                            F, xMemory, xBase + row * Float.BYTES + (long) j * Float.BYTES, ORDER)
                    .sub(mean);
            sums = difference.fma(difference, sums);
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            float difference = x.get(row + j) - mean;
            sum = Math.fma(difference, difference, sum);
        }
        return sum;
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

    /** {@code y = x * factors} for one row. In a loop of its own to keep to three memories, like {@link #normalize}. */
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
