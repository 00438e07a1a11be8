package io.tokenwise.kernels;

/** Rows without vectors; sums are kept in double. */
final class ScalarRowOps implements RowOps {
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
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                sum += x.get(row + j);
            }
            float mean = (float) (sum / columns);
            double squares = 0;
            for (int j = 0; j < columns; j++) {
                double difference = x.get(row + j) - mean;
                squares += difference * difference;
            }
            float scale = (float) (1 / Math.sqrt(squares / columns + epsilon));
            for (int j = 0; j < columns; j++) {
                y.set(row + j, Math.fma((x.get(row + j) - mean) * scale, gamma.get(j), beta.get(j)));
            }
            if (statistics != null) {
                statistics.set(2L * i, mean);
                statistics.set(2L * i + 1, scale);
            }
        }
    }

    @Override
    public void layerNormBackward(
            Floats x, Floats gamma, Floats statistics, Floats dy, Floats dx, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float mean = statistics.get(2L * i);
            float scale = statistics.get(2L * i + 1);
            double sum = 0;
            double product = 0;
            for (int j = 0; j < columns; j++) {
                float g = dy.get(row + j) * gamma.get(j);
                sum += g;
                product += g * ((x.get(row + j) - mean) * scale);
            }
            float meanGradient = (float) (sum / columns);
            float meanProduct = (float) (product / columns);
            for (int j = 0; j < columns; j++) {
                float g = dy.get(row + j) * gamma.get(j);
                float normalized = (x.get(row + j) - mean) * scale;
                dx.set(row + j, (g - meanGradient - normalized * meanProduct) * scale);
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
        for (int j = from; j < to; j++) {
            double gamma = 0;
            double beta = 0;
            for (int i = 0; i < rows; i++) {
                long at = (long) i * columns + j;
                gamma += dy.get(at) * ((x.get(at) - statistics.get(2L * i)) * statistics.get(2L * i + 1));
                beta += dy.get(at);
            }
            dGamma.set(j, dGamma.get(j) + (float) gamma);
            dBeta.set(j, dBeta.get(j) + (float) beta);
        }
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
        int columns = parts.columns();
        for (int i = from; i < to; i++) {
            for (int part = 0; part < parts.parts(); part++) {
                long at = parts.at(i, part);
                float inverse = (float) (1 / Math.sqrt(dot(x, x, at, columns) / columns + epsilon));
                for (int j = 0; j < columns; j++) {
                    y.set(at + j, x.get(at + j) * inverse * (gamma.get(j) + plus));
                }
                if (inverses != null) {
                    inverses.set((long) i * parts.parts() + part, inverse);
                }
            }
        }
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
        int columns = parts.columns();
        for (int i = from; i < to; i++) {
            for (int part = 0; part < parts.parts(); part++) {
                long at = parts.at(i, part);
                float inverse = inverses.get((long) i * parts.parts() + part);
                double product = 0;
                for (int j = 0; j < columns; j++) {
                    product += (double) dy.get(at + j) * (gamma.get(j) + plus) * x.get(at + j);
                }
                float mean = (float) (product * inverse * inverse / columns);
                for (int j = 0; j < columns; j++) {
                    float g = dy.get(at + j) * (gamma.get(j) + plus);
                    dx.set(at + j, Math.fma(-mean, x.get(at + j), g) * inverse);
                }
            }
        }
    }

    @Override
    public void rmsNormParameterGradient(
            Floats x, RowParts parts, Floats inverses, Floats dy, Floats dGamma, int rows, int from, int to) {
        for (int j = from; j < to; j++) {
            double sum = 0;
            for (int i = 0; i < rows; i++) {
                for (int part = 0; part < parts.parts(); part++) {
                    long at = parts.at(i, part) + j;
                    sum += (double) dy.get(at) * x.get(at) * inverses.get((long) i * parts.parts() + part);
                }
            }
            dGamma.set(j, dGamma.get(j) + (float) sum);
        }
    }

    @Override
    public void addColumnSums(Floats x, Floats sums, int rows, int columns, int from, int to) {
        for (int j = from; j < to; j++) {
            double sum = 0;
            for (int i = 0; i < rows; i++) {
                sum += x.get((long) i * columns + j);
            }
            sums.set(j, sums.get(j) + (float) sum);
        }
    }

    @Override
    public void softmax(Floats x, Floats y, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float largest = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < columns; j++) {
                largest = Math.max(largest, x.get(row + j));
            }
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                float value = ScalarMath.exp(x.get(row + j) - largest);
                y.set(row + j, value);
                sum += value;
            }
            float scale = (float) (1 / sum);
            for (int j = 0; j < columns; j++) {
                y.set(row + j, y.get(row + j) * scale);
            }
        }
    }

    @Override
    public void softmaxBackward(Floats y, Floats dy, Floats dx, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float product = (float) dot(y, dy, row, columns);
            for (int j = 0; j < columns; j++) {
                dx.set(row + j, y.get(row + j) * (dy.get(row + j) - product));
            }
        }
    }

    @Override
    public void l2Normalize(Floats x, Floats y, Floats norms, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float norm = (float) Math.sqrt(dot(x, x, row, columns));
            float scale = 1 / Math.max(norm, SMALLEST_NORM);
            for (int j = 0; j < columns; j++) {
                y.set(row + j, x.get(row + j) * scale);
            }
            if (norms != null) {
                norms.set(i, norm);
            }
        }
    }

    @Override
    public void l2NormalizeBackward(Floats y, Floats norms, Floats dy, Floats dx, int columns, int from, int to) {
        for (int i = from; i < to; i++) {
            long row = (long) i * columns;
            float product = (float) dot(y, dy, row, columns);
            float scale = 1 / Math.max(norms.get(i), SMALLEST_NORM);
            for (int j = 0; j < columns; j++) {
                dx.set(row + j, Math.fma(-product, y.get(row + j), dy.get(row + j)) * scale);
            }
        }
    }

    @Override
    public void scaleBlocks(Floats x, Floats scale, Floats y, int blocks, int width, int from, int to) {
        for (int block = from * blocks; block < to * blocks; block++) {
            long at = (long) block * width;
            float factor = scale.get(block);
            for (int j = 0; j < width; j++) {
                y.set(at + j, x.get(at + j) * factor);
            }
        }
    }

    @Override
    public void scaleBlocksBackward(
            Floats x, Floats scale, Floats dy, Floats dx, Floats dScale, int blocks, int width, int from, int to) {
        for (int block = from * blocks; block < to * blocks; block++) {
            long at = (long) block * width;
            float factor = scale.get(block);
            dScale.set(block, (float) dot(x, dy, at, width));
            for (int j = 0; j < width; j++) {
                dx.set(at + j, dy.get(at + j) * factor);
            }
        }
    }

    @Override
    public void scaleUnits(Floats x, Floats scale, int factors, int[] places, Floats y, int width, int from, int to) {
        for (int row = from; row < to; row++) {
            for (int unit = 0; unit < places.length; unit++) {
                long at = ((long) row * places.length + unit) * width;
                float factor = places[unit] < 0 ? 1 : scale.get((long) row * factors + places[unit]);
                for (int j = 0; j < width; j++) {
                    y.set(at + j, x.get(at + j) * factor);
                }
            }
        }
    }

    @Override
    public void gatherUnits(Floats x, int columns, int[] starts, int width, Floats y, int from, int to) {
        for (int row = from; row < to; row++) {
            for (int unit = 0; unit < starts.length; unit++) {
                long at = ((long) row * starts.length + unit) * width;
                for (int j = 0; starts[unit] >= 0 && j < width; j++) {
                    y.set(at + j, x.get((long) row * columns + starts[unit] + j));
                }
            }
        }
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
        for (int row = from; row < to; row++) {
            long scales = (long) row * factors;
            for (int f = 0; f < factors; f++) {
                dScale.set(scales + f, 0);
            }
            for (int unit = 0; unit < places.length; unit++) {
                long at = ((long) row * places.length + unit) * width;
                float factor = 1;
                if (places[unit] >= 0) {
                    long place = scales + places[unit];
                    factor = scale.get(place);
                    dScale.set(place, dScale.get(place) + (float) dot(x, dy, at, width));
                }
                for (int j = 0; j < width; j++) {
                    dx.set(at + j, dy.get(at + j) * factor);
                }
            }
        }
    }

    private static double dot(Floats a, Floats b, long at, int count) {
        double sum = 0;
        for (int j = 0; j < count; j++) {
            sum += (double) a.get(at + j) * b.get(at + j);
        }
        return sum;
    }

    @Override
    public void dots(
            Floats x, Floats w, Floats bias, int outputs, Floats y, int columns, int from, int to, Scratch scratch) {
        for (int row = from; row < to; row++) {
            for (int output = 0; output < outputs; output++) {
                float sum = 0;
                for (int k = 0; k < columns; k++) {
                    sum = Math.fma(x.get((long) row * columns + k), w.get((long) output * columns + k), sum);
                }
                y.set((long) row * outputs + output, sum + bias.get(output));
            }
        }
    }
}
