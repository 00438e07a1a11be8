package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.load;
import static io.tokenwise.kernels.Species.store;

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
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float mean = sum(x, row, columns) / columns;
            float scale = (float) (1 / Math.sqrt(squaredDeviations(x, row, mean, columns) / columns + epsilon));
            for (int j = 0; j < whole; j += LANES) {
                store(load(x, row + j).sub(mean).mul(scale).fma(load(gamma, j), load(beta, j)), y, row + j);
            }
            for (int j = whole; j < columns; j++) {
                y.set(row + j, Math.fma((x.get(row + j) - mean) * scale, gamma.get(j), beta.get(j)));
            }
            if (statistics != null) {
                statistics.set(2L * i, mean);
                statistics.set(2L * i + 1, scale);
            }
        }
    }

    private static float sum(Floats x, long row, int columns) {
        int whole = F.loopBound(columns);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            sums = sums.add(load(x, row + j));
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            sum += x.get(row + j);
        }
        return sum;
    }

    private static float squaredDeviations(Floats x, long row, float mean, int columns) {
        int whole = F.loopBound(columns);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector difference = load(x, row + j).sub(mean);
            sums = difference.fma(difference, sums);
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            float difference = x.get(row + j) - mean;
            sum = Math.fma(difference, difference, sum);
        }
        return sum;
    }

    @Override
    public void layerNormBackward(
            Floats x, Floats gamma, Floats statistics, Floats dy, Floats dx, int columns, int from, int to) {
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float mean = statistics.get(2L * i);
            float scale = statistics.get(2L * i + 1);
            FloatVector sums = FloatVector.zero(F);
            FloatVector products = FloatVector.zero(F);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector g = load(dy, row + j).mul(load(gamma, j));
                sums = sums.add(g);
                products = load(x, row + j).sub(mean).mul(scale).fma(g, products);
            }
            float sum = Species.sum(sums);
            float product = Species.sum(products);
            for (int j = whole; j < columns; j++) {
                float g = dy.get(row + j) * gamma.get(j);
                sum += g;
                product += (x.get(row + j) - mean) * scale * g;
            }
            float meanGradient = sum / columns;
            float meanProduct = product / columns;
            for (int j = 0; j < whole; j += LANES) {
                FloatVector normalized = load(x, row + j).sub(mean).mul(scale);
                FloatVector g = load(dy, row + j).mul(load(gamma, j)).sub(meanGradient);
                store(g.sub(normalized.mul(meanProduct)).mul(scale), dx, row + j);
            }
            for (int j = whole; j < columns; j++) {
                float normalized = (x.get(row + j) - mean) * scale;
                dx.set(row + j, (dy.get(row + j) * gamma.get(j) - meanGradient - normalized * meanProduct) * scale);
            }
        }
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
        int end = from + F.loopBound(to - from);
        for (int j = from; j < end; j += LANES) {
            FloatVector gamma = FloatVector.zero(F);
            FloatVector beta = FloatVector.zero(F);
            for (int i = 0; i < rows; i++) {
                long at = (long) i * columns + j;
                FloatVector g = load(dy, at);
                FloatVector normalized = load(x, at).sub(statistics.get(2L * i)).mul(statistics.get(2L * i + 1));
                gamma = normalized.fma(g, gamma);
                beta = beta.add(g);
            }
            store(load(dGamma, j).add(gamma), dGamma, j);
            store(load(dBeta, j).add(beta), dBeta, j);
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

    @Override
    public void addColumnSums(Floats x, Floats sums, int rows, int columns, int from, int to) {
        int end = from + F.loopBound(to - from);
        for (int j = from; j < end; j += LANES) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = 0; i < rows; i++) {
                sum = sum.add(load(x, (long) i * columns + j));
            }
            store(load(sums, j).add(sum), sums, j);
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
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float largest = largest(x, row, columns);
            FloatVector sums = FloatVector.zero(F);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector value = VectorMath.exp(load(x, row + j).sub(largest));
                store(value, y, row + j);
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
        int whole = F.loopBound(columns);
        FloatVector largest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector value = load(x, row + j);
            // Compare and blend: max() takes five instructions to get NaN right, and a NaN comes out as NaN by way of
            // exp anyway.
            largest = largest.blend(value, value.compare(VectorOperators.GT, largest));
        }
        float result = largest.reduceLanes(VectorOperators.MAX);
        for (int j = whole; j < columns; j++) {
            result = Math.max(result, x.get(row + j));
        }
        return result;
    }

    /** y = x * factor over a run of values. */
    private static void multiply(Floats x, float factor, Floats y, long at, int count) {
        int whole = F.loopBound(count);
        for (int j = 0; j < whole; j += LANES) {
            store(load(x, at + j).mul(factor), y, at + j);
        }
        for (int j = whole; j < count; j++) {
            y.set(at + j, x.get(at + j) * factor);
        }
    }

    private static float dot(Floats a, Floats b, long at, int count) {
        int whole = F.loopBound(count);
        FloatVector sums = FloatVector.zero(F);
        for (int j = 0; j < whole; j += LANES) {
            sums = load(a, at + j).fma(load(b, at + j), sums);
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < count; j++) {
            sum = Math.fma(a.get(at + j), b.get(at + j), sum);
        }
        return sum;
    }

    @Override
    public void softmaxBackward(Floats y, Floats dy, Floats dx, int columns, int from, int to) {
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float product = dot(y, dy, row, columns);
            for (int j = 0; j < whole; j += LANES) {
                store(load(dy, row + j).sub(product).mul(load(y, row + j)), dx, row + j);
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
            float norm = (float) Math.sqrt(dot(x, x, row, columns));
            multiply(x, 1 / Math.max(norm, SMALLEST_NORM), y, row, columns);
            if (norms != null) {
                norms.set(i, norm);
            }
        }
    }

    @Override
    public void l2NormalizeBackward(Floats y, Floats norms, Floats dy, Floats dx, int columns, int from, int to) {
        int whole = F.loopBound(columns);
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float product = -dot(y, dy, row, columns);
            float scale = 1 / Math.max(norms.get(i), SMALLEST_NORM);
            FloatVector factor = FloatVector.broadcast(F, product);
            for (int j = 0; j < whole; j += LANES) {
                store(load(y, row + j).fma(factor, load(dy, row + j)).mul(scale), dx, row + j);
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
            dScale.set(block, dot(x, dy, at, width));
            multiply(dy, scale.get(block), dx, at, width);
        }
    }
}
