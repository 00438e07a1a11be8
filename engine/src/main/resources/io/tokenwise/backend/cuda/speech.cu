// What speech models need besides products and attention. Samples are floats whose bits arrive as ints: a copy, no kernel.

/**
 * What a convolution multiplies: row r of a sequence of y is the width rows of x from its row r * step on, one after the other. x [any, columns], offsets
 * and yOffsets [sequences + 1], y [rows, width * columns]. Grid: ceil(rows / 4); block: 128.
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    windows(const float* __restrict__ x, const int* __restrict__ offsets, const int* __restrict__ yOffsets, int sequences, int width, int step,
            float* __restrict__ y, const int* rows, int columns) {
    int row = warpRow();
    if (row >= *rows) {
        return;
    }
    int sequence = sequenceOf(yOffsets, sequences, row);
    size_t first = (size_t)offsets[sequence] + (size_t)(row - yOffsets[sequence]) * step;
    const float* window = x + first * columns;
    y += (size_t)row * width * columns;
    forColumns(width * columns, [&](int column) { y[column] = window[column]; });
}

/** Values of a sequence that a block of groupNorm takes, and its threads. */
#define GROUP_VALUES 8192
#define GROUP_THREADS 256

/** The sum over the block's threads, which each of them gets. */
__device__ __forceinline__ float groupSum(float value) {
    __shared__ float warps[GROUP_THREADS / 32];
    value = warpSum(value);
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
        warps[threadIdx.x / 32] = value;
    }
    __syncthreads();
    float sum = 0;
    for (int warp = 0; warp < GROUP_THREADS / 32; warp++) {
        sum += warps[warp];
    }
    return sum;
}

/** Values of the block's part of its sequence, which has so many in all. */
__device__ __forceinline__ int partLength(long long length) {
    long long left = length - (long long)blockIdx.x * GROUP_VALUES;
    return left < 0 ? 0 : left < GROUP_VALUES ? (int)left : GROUP_VALUES;
}

/**
 * First step of groupNorm: of each part of 8,192 values of each sequence the mean and the sum of squares about it. x [rows, columns], offsets
 * [sequences + 1], parts [sequences, maxParts, 2], maxParts being ceil(rows of the longest sequence * columns / 8192). Grid: (maxParts, sequences);
 * block: 256.
 */
extern "C" __global__ void __launch_bounds__(GROUP_THREADS)
    groupNormParts(const float* __restrict__ x, const int* __restrict__ offsets, float* __restrict__ parts, int columns) {
    int from = offsets[blockIdx.y];
    int count = partLength((long long)(offsets[blockIdx.y + 1] - from) * columns);
    if (count == 0) {
        return;
    }
    x += (size_t)from * columns + (size_t)blockIdx.x * GROUP_VALUES;
    float sum = 0;
#pragma unroll 4
    for (int i = threadIdx.x; i < count; i += GROUP_THREADS) {
        sum += x[i];
    }
    float mean = groupSum(sum) / count;
    float squares = 0;
#pragma unroll 4
    for (int i = threadIdx.x; i < count; i += GROUP_THREADS) {
        squares = fmaf(x[i] - mean, x[i] - mean, squares);
    }
    squares = groupSum(squares);
    if (threadIdx.x == 0) {
        float* part = parts + 2 * ((size_t)blockIdx.y * gridDim.x + blockIdx.x);
        part[0] = mean;
        part[1] = squares;
    }
}

/**
 * Second step: all values of a sequence brought to mean 0 and variance 1, then * gamma + beta by columns. x and y [rows, columns], gamma and beta
 * [columns], parts as groupNormParts wrote them; grid and block like its. y may be x.
 */
extern "C" __global__ void __launch_bounds__(GROUP_THREADS)
    groupNorm(const float* x, const int* __restrict__ offsets, const float* __restrict__ parts, const float* __restrict__ gamma,
              const float* __restrict__ beta, float epsilon, float* y, int columns) {
    __shared__ double shared[GROUP_THREADS];
    int from = offsets[blockIdx.y];
    long long length = (long long)(offsets[blockIdx.y + 1] - from) * columns;
    int count = partLength(length);
    if (count == 0) {
        return;
    }
    // Every block adds up the parts of its sequence, in the same order.
    parts += 2 * (size_t)blockIdx.y * gridDim.x;
    int partCount = (int)((length + GROUP_VALUES - 1) / GROUP_VALUES);
    auto sizeOf = [&](int part) { return (double)min((long long)GROUP_VALUES, length - (long long)part * GROUP_VALUES); };
    double sum = 0;
    for (int part = threadIdx.x; part < partCount; part += GROUP_THREADS) {
        sum += sizeOf(part) * parts[2 * part];
    }
    double mean = blockSum(sum, shared) / length;
    double squares = 0;
    for (int part = threadIdx.x; part < partCount; part += GROUP_THREADS) {
        double difference = parts[2 * part] - mean;
        squares += parts[2 * part + 1] + sizeOf(part) * difference * difference;
    }
    float inverse = (float)(1 / sqrt(blockSum(squares, shared) / length + epsilon));
    size_t at = (size_t)from * columns + (size_t)blockIdx.x * GROUP_VALUES;
#pragma unroll 4
    for (int i = threadIdx.x; i < count; i += GROUP_THREADS) {
        int column = (int)((at + i) % columns);
        y[at + i] = fmaf(x[at + i] - (float)mean, inverse * gamma[column], beta[column]);
    }
}

/**
 * Rotary positions (Su et al. 2021, equation 34), in place: of each of the first heads heads of a row of x [rows, columns], side by side from its first
 * column on, columns 2i and 2i + 1 of the first rotated are turned as a pair: x[c] = x[c] cosines[p, c] + x[c ^ 1] sines[p, c], p being *position for the
 * first row of a sequence. cosines and sines [positions, rotated], each angle's twice, sines with a minus at even columns. *count = rows * heads *
 * rotated / 2. Grid: ceil(count / 256); block: 256.
 */
extern "C" __global__ void __launch_bounds__(256)
    rotate(float* __restrict__ x, const int* __restrict__ offsets, int sequences, const int* position, const float* __restrict__ cosines,
           const float* __restrict__ sines, int heads, int headSize, int rotated, int columns, const int* count) {
    int i = blockIdx.x * 256 + threadIdx.x;
    if (i >= *count) {
        return;
    }
    int column = i % (rotated / 2) * 2;
    int head = i / (rotated / 2) % heads;
    int row = i / (rotated / 2) / heads;
    size_t angle = (size_t)(row - offsets[sequenceOf(offsets, sequences, row)] + *position) * rotated + column;
    float* pair = x + (size_t)row * columns + (size_t)head * headSize + column;
    float even = pair[0];
    float odd = pair[1];
    pair[0] = fmaf(odd, sines[angle], even * cosines[angle]);
    pair[1] = fmaf(even, sines[angle + 1], odd * cosines[angle + 1]);
}

/**
 * Keeps rows as columns, for attention of one query: cache[c, *at + r] = x[r, column + c] for all rows of x [rows, columns], cache [count, stride]. Grid:
 * (ceil(count / 32), ceil(rows / 32)); block: 256.
 */
extern "C" __global__ void __launch_bounds__(256)
    toColumns(const float* __restrict__ x, const int* rows, int columns, int column, float* __restrict__ cache, int count, int stride,
              const int* at) {
    // One column more, so that the lanes of a warp, which read down a column, read from different banks.
    __shared__ float tile[32][33];
    int firstColumn = blockIdx.x * 32;
    int firstRow = blockIdx.y * 32;
    int lane = threadIdx.x % 32;
    int rowCount = *rows;
    int to = *at + firstRow;
    for (int r = threadIdx.x / 32; r < 32; r += 8) {
        if (firstRow + r < rowCount && firstColumn + lane < count) {
            tile[r][lane] = x[(size_t)(firstRow + r) * columns + column + firstColumn + lane];
        }
    }
    __syncthreads();
    for (int c = threadIdx.x / 32; c < 32; c += 8) {
        if (firstColumn + c < count && firstRow + lane < rowCount) {
            cache[(size_t)(firstColumn + c) * stride + to + lane] = tile[lane][c];
        }
    }
}
