// Values one by one. A block of 256 threads takes 1,024 values; its grid is ceil(count / 1024), without dynamic shared memory. In any entry a result
// may lie where an operand of the same shape lies, unless a parameter says __restrict__ of both.

/** Adjacent threads take adjacent values, a quarter of the block's at a time: all four are loaded before one is written. */
#define VALUES_THREADS 256
#define VALUES_EACH 4

/** y[i] = value(i) for the block's share of i < count. */
template <class Value>
__device__ __forceinline__ void writeValues(float* y, int count, Value value) {
    unsigned first = blockIdx.x * (unsigned)(VALUES_THREADS * VALUES_EACH) + threadIdx.x;
    float results[VALUES_EACH];
#pragma unroll
    for (int k = 0; k < VALUES_EACH; k++) {
        unsigned i = first + k * VALUES_THREADS;
        results[k] = i < (unsigned)count ? value(i) : 0.0f;
    }
#pragma unroll
    for (int k = 0; k < VALUES_EACH; k++) {
        unsigned i = first + k * VALUES_THREADS;
        if (i < (unsigned)count) {
            y[i] = results[k];
        }
    }
}

/** y = x Phi(x), count values. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS) geluForward(const float* x, float* y, const int* count) {
    writeValues(y, *count, [=](unsigned i) { return gelu(x[i]); });
}

/** dx = dy gelu'(x), where gelu'(x) = Phi(x) + x phi(x); count values. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS)
    geluBackward(const float* x, const float* dy, float* dx, int count) {
    const float inverseSqrt2Pi = 0.39894228f;
    writeValues(dx, count, [=](unsigned i) {
        float value = x[i];
        float tail = normalTail(value);
        float density = expf(value * value * -0.5f) * inverseSqrt2Pi;
        return dy[i] * fmaf(value, density, value > 0 ? 1 - tail : tail);
    });
}

/** y = a + b, count values. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS)
    addValues(const float* a, const float* b, float* y, const int* count) {
    writeValues(y, *count, [=](unsigned i) { return a[i] + b[i]; });
}

/** y += factor x, count values. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS)
    addScaled(const float* x, float factor, float* y, int count) {
    writeValues(y, count, [=](unsigned i) { return fmaf(x[i], factor, y[i]); });
}

/** y = x, count values, which need not be numbers. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS) copyValues(const float* x, float* y, const int* count) {
    writeValues(y, *count, [=](unsigned i) { return x[i]; });
}

/** y = value, count times. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS) fillValues(float* y, float value, int count) {
    writeValues(y, count, [=](unsigned) { return value; });
}

/** y = tanh(x), count values. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS) tanhValues(const float* x, float* y, const int* count) {
    writeValues(y, *count, [=](unsigned i) { return tanhf(x[i]); });
}

/** y = x scale for each block of width columns: x and y [rows, blocks * width], scale [rows, blocks]; count is that of x. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS)
    scaleBlocks(const float* x, const float* __restrict__ scale, float* y, const int* count, int width) {
    writeValues(y, *count, [=](unsigned i) { return x[i] * scale[i / (unsigned)width]; });
}

/**
 * y = x scale for each unit of width columns: unit u has the factor of column places[u] of scale [rows, factors], or 1 if that is negative. x and y
 * [rows, units * width]; count is that of x.
 */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS)
    scaleUnits(const float* x, const float* __restrict__ scale, const int* __restrict__ places, float* y, const int* count, int units, int width,
               int factors) {
    writeValues(y, *count, [=](unsigned i) {
        unsigned unit = i / (unsigned)width;
        int place = places[unit % (unsigned)units];
        return place < 0 ? x[i] : x[i] * scale[unit / (unsigned)units * factors + place];
    });
}

/**
 * Puts units of columns together: y[r, u width + j] = x[r, starts[u] + j]; where a start is negative y stays as it is. x [rows, columns], y
 * [rows, units * width], of count values.
 */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS)
    gatherUnits(const float* __restrict__ x, const int* __restrict__ starts, float* __restrict__ y, const int* count, int units, int width,
                int columns) {
    writeValues(y, *count, [=](unsigned i) {
        unsigned unit = i / (unsigned)width;
        int start = starts[unit % (unsigned)units];
        return start < 0 ? y[i] : x[(size_t)(unit / (unsigned)units) * columns + start + i % (unsigned)width];
    });
}

/** y = x_1 silu(x_2) for each block [x_1, x_2] of 2 units columns of x; count is that of y, which has half of x's columns. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS)
    gatedSilu(const float* __restrict__ x, float* __restrict__ y, const int* count, int units) {
    writeValues(y, *count, [=](unsigned i) {
        size_t up = (size_t)i + i / (unsigned)units * (size_t)units;
        float gate = x[up + units];
        return x[up] * gate * openGate(gate);
    });
}

/** Gradient of gatedSilu: writes dx, of the shape of x; count is that of dy. */
extern "C" __global__ void __launch_bounds__(VALUES_THREADS)
    gatedSiluBackward(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__ dx, int count, int units) {
    for (int k = 0; k < VALUES_EACH; k++) {
        unsigned i = (blockIdx.x * (unsigned)VALUES_EACH + k) * VALUES_THREADS + threadIdx.x;
        if (i < (unsigned)count) {
            size_t up = (size_t)i + i / (unsigned)units * (size_t)units;
            float gate = x[up + units];
            float open = openGate(gate);
            dx[up] = dy[i] * gate * open;
            dx[up + units] = dy[i] * x[up] * (open * fmaf(gate, 1 - open, 1.0f));
        }
    }
}
