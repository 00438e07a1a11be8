// Rows of a row-major matrix, each by one warp, so that a row's bits depend on nothing but the row. A block of 128 threads takes 4 rows: its grid is
// ceil(rows / 4), without dynamic shared memory, unless an entry says otherwise.

/** What a row of this length is divided by when it is normalised: at least so much that a zero row stays zero; not a number if the length is none. */
__device__ __forceinline__ float divisor(float norm) { return norm < 1e-12f ? 1e-12f : norm; }

/** f(k, column) like forColumns, k counting them. With KEPT above 0 there are at most so many, and an array indexed by k lies in registers. */
template <int KEPT, class F>
__device__ __forceinline__ void forKept(int columns, F f) {
    if constexpr (KEPT > 0) {
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int k = 0; k < KEPT; k++) {
            if (k * 32 + lane < columns) {
                f(k, k * 32 + lane);
            }
        }
    } else {
        forColumns(columns, [&](int column) { f(0, column); });
    }
}

/** The sum of value(column) over the row's columns. */
template <class Value>
__device__ __forceinline__ float rowSum(int columns, Value value) {
    float sum = 0;
    forColumns(columns, [&](int column) { sum += value(column); });
    return warpSum(sum);
}

/** One row of layerNorm. With KEPT above 0 its lanes keep their values in registers, else they are read again for each sum. */
template <int KEPT>
__device__ __forceinline__ void layerNormRow(const float* x, const float* residual, const float* gamma, const float* beta, float epsilon,
                                             float* total, float* y, float* statistics, int columns) {
    float kept[KEPT > 0 ? KEPT : 1];
    forKept<KEPT>(columns, [&](int k, int column) {
        float value = residual == nullptr ? x[column] : x[column] + residual[column];
        if constexpr (KEPT > 0) {
            kept[k] = value;
        }
        if (total != nullptr) {
            total[column] = value;
        }
    });
    auto value = [&](int k, int column) {
        if constexpr (KEPT > 0) {
            return kept[k];
        } else if (total != nullptr) {
            return total[column];
        } else {
            return residual == nullptr ? x[column] : x[column] + residual[column];
        }
    };
    float sum = 0;
    forKept<KEPT>(columns, [&](int k, int column) { sum += value(k, column); });
    float mean = warpSum(sum) / columns;
    float squares = 0;
    forKept<KEPT>(columns, [&](int k, int column) {
        float difference = value(k, column) - mean;
        squares = fmaf(difference, difference, squares);
    });
    float scale = 1 / sqrtf(warpSum(squares) / columns + epsilon);
    forKept<KEPT>(columns, [&](int k, int column) {
        y[column] = fmaf((value(k, column) - mean) * scale, gamma[column], beta[column]);
    });
    if (statistics != nullptr && threadIdx.x % 32 == 0) {
        statistics[0] = mean;
        statistics[1] = scale;
    }
}

/**
 * y = (z - mean) / sqrt(variance + epsilon) * gamma + beta for each row of z = x + residual: x, residual, total and y [rows, columns], gamma and beta
 * [columns]. residual may be null, which is 0; total, null or where z is kept, may be x or residual; statistics, null or [rows, 2], receives each row's
 * mean and reciprocal standard deviation. y may be x or residual, not total.
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS, 4)
    layerNorm(const float* x, const float* residual, const float* __restrict__ gamma, const float* __restrict__ beta, float epsilon,
              float* total, float* y, float* statistics, const int* rows, int columns) {
    int row = warpRow();
    if (row >= *rows) {
        return;
    }
    size_t at = (size_t)row * columns;
    x += at;
    y += at;
    residual = residual == nullptr ? nullptr : residual + at;
    total = total == nullptr ? nullptr : total + at;
    statistics = statistics == nullptr ? nullptr : statistics + 2 * (size_t)row;
    if (columns <= 12 * 32) {
        layerNormRow<12>(x, residual, gamma, beta, epsilon, total, y, statistics, columns);
    } else if (columns <= 32 * 32) {
        layerNormRow<32>(x, residual, gamma, beta, epsilon, total, y, statistics, columns);
    } else {
        layerNormRow<0>(x, residual, gamma, beta, epsilon, total, y, statistics, columns);
    }
}

/** Gradient of layerNorm for x, with the statistics that it wrote [rows, 2]; x, dy and dx [rows, columns]. dx may be dy. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    layerNormBackward(const float* __restrict__ x, const float* __restrict__ gamma, const float* __restrict__ statistics, const float* dy,
                      float* dx, int rows, int columns) {
    int row = warpRow();
    if (row >= rows) {
        return;
    }
    size_t at = (size_t)row * columns;
    float mean = statistics[2 * (size_t)row];
    float scale = statistics[2 * (size_t)row + 1];
    float sum = 0;
    float product = 0;
    forColumns(columns, [&](int column) {
        float gradient = dy[at + column] * gamma[column];
        sum += gradient;
        product = fmaf(gradient, (x[at + column] - mean) * scale, product);
    });
    float meanGradient = warpSum(sum) / columns;
    float meanProduct = warpSum(product) / columns;
    forColumns(columns, [&](int column) {
        float gradient = dy[at + column] * gamma[column];
        float normalized = (x[at + column] - mean) * scale;
        dx[at + column] = (gradient - meanGradient - normalized * meanProduct) * scale;
    });
}

/** y = softmax(x) for each row [rows, columns]. y may be x. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS) softmax(const float* x, float* y, const int* rows, int columns) {
    int row = warpRow();
    if (row >= *rows) {
        return;
    }
    x += (size_t)row * columns;
    y += (size_t)row * columns;
    float largest = -INFINITE;
    forColumns(columns, [&](int column) { largest = fmaxf(largest, x[column]); });
    largest = warpMax(largest);
    float sum = 0;
    forColumns(columns, [&](int column) {
        float value = expf(x[column] - largest);
        y[column] = value;
        sum += value;
    });
    float scale = 1 / warpSum(sum);
    forColumns(columns, [&](int column) { y[column] *= scale; });
}

/** Gradient of softmax: dx = y (dy - y . dy) for each row [rows, columns]. dx may be dy. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    softmaxBackward(const float* __restrict__ y, const float* dy, float* dx, int rows, int columns) {
    int row = warpRow();
    if (row >= rows) {
        return;
    }
    size_t at = (size_t)row * columns;
    float product = rowSum(columns, [&](int column) { return y[at + column] * dy[at + column]; });
    forColumns(columns, [&](int column) { dx[at + column] = y[at + column] * (dy[at + column] - product); });
}

/** Each row [rows, columns] divided by its length, which norms [rows], if not null, receives. y may be x. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    l2Normalize(const float* x, float* y, float* norms, const int* rows, int columns) {
    int row = warpRow();
    if (row >= *rows) {
        return;
    }
    size_t at = (size_t)row * columns;
    float norm = sqrtf(rowSum(columns, [&](int column) { return x[at + column] * x[at + column]; }));
    float scale = 1 / divisor(norm);
    forColumns(columns, [&](int column) { y[at + column] = x[at + column] * scale; });
    if (norms != nullptr && threadIdx.x % 32 == 0) {
        norms[row] = norm;
    }
}

/** Gradient of l2Normalize, with the y and norms that it wrote. dx may be dy. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    l2NormalizeBackward(const float* __restrict__ y, const float* __restrict__ norms, const float* dy, float* dx, int rows, int columns) {
    int row = warpRow();
    if (row >= rows) {
        return;
    }
    size_t at = (size_t)row * columns;
    float product = rowSum(columns, [&](int column) { return y[at + column] * dy[at + column]; });
    float scale = 1 / divisor(norms[row]);
    forColumns(columns, [&](int column) {
        dx[at + column] = fmaf(-product, y[at + column], dy[at + column]) * scale;
    });
}

/**
 * Gradients of scaleBlocks: dScale[r, b] = x . dy over block b's width columns, dx = dy scale. x, dy and dx [rows, blocks * width]. Here a warp takes a
 * block of columns: the rows of the grid are rows * blocks, called so. dx may be dy.
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    scaleBlocksBackward(const float* __restrict__ x, const float* __restrict__ scale, const float* dy, float* dx, float* __restrict__ dScale,
                        int rows, int width) {
    int row = warpRow();
    if (row >= rows) {
        return;
    }
    size_t at = (size_t)row * width;
    float product = rowSum(width, [&](int column) { return x[at + column] * dy[at + column]; });
    float factor = scale[row];
    forColumns(width, [&](int column) { dx[at + column] = dy[at + column] * factor; });
    if (threadIdx.x % 32 == 0) {
        dScale[row] = product;
    }
}

/**
 * Gradients of scaleUnits: dScale[r, f], of [rows, factors], is x . dy over the units whose place is f, dx = dy scale. x, dy and dx
 * [rows, units * width]. dx may be dy.
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    scaleUnitsBackward(const float* __restrict__ x, const float* __restrict__ scale, const int* __restrict__ places, const float* dy,
                       float* dx, float* __restrict__ dScale, int rows, int units, int width, int factors) {
    int row = warpRow();
    if (row >= rows) {
        return;
    }
    size_t at = (size_t)row * units * width;
    for (int factor = 0; factor < factors; factor++) {
        float product = rowSum(units * width, [&](int column) {
            return places[column / width] == factor ? x[at + column] * dy[at + column] : 0.0f;
        });
        if (threadIdx.x % 32 == 0) {
            dScale[(size_t)row * factors + factor] = product;
        }
    }
    forColumns(units * width, [&](int column) {
        int place = places[column / width];
        dx[at + column] = place < 0 ? dy[at + column] : dy[at + column] * scale[(size_t)row * factors + place];
    });
}

/** places[row] = the place of the row's largest value, the first if several are equal, of x [rows, columns]. Grid: rows; block: 256. */
extern "C" __global__ void __launch_bounds__(256) argmaxRows(const float* __restrict__ x, int* __restrict__ places, int columns) {
    __shared__ float values[256];
    __shared__ int best[256];
    x += (size_t)blockIdx.x * columns;
    int thread = threadIdx.x;
    // All start at the first column: if that is not a number, it stays.
    float most = x[0];
    int place = 0;
    for (int column = thread; column < columns; column += 256) {
        if (x[column] > most) {
            most = x[column];
            place = column;
        }
    }
    values[thread] = most;
    best[thread] = place;
    __syncthreads();
    for (int half = 128; half > 0; half /= 2) {
        if (thread < half) {
            float other = values[thread + half];
            if (other > values[thread] || other == values[thread] && best[thread + half] < best[thread]) {
                values[thread] = other;
                best[thread] = best[thread + half];
            }
        }
        __syncthreads();
    }
    if (thread == 0) {
        places[blockIdx.x] = best[0];
    }
}
