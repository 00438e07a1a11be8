// Matrix products in float32, each output the sum of fused multiply-adds over ascending inputs, in tiles of every size, so that all of them give the
// same bits.

/** A block's part of the result: ROWS x COLUMNS, of which a thread has EACH_ROWS x EACH_COLUMNS, STEP inputs at a time. */
template <int ROWS_, int COLUMNS_, int EACH_ROWS_, int EACH_COLUMNS_, int STEP_>
struct FloatTile {
    static const int ROWS = ROWS_;
    static const int COLUMNS = COLUMNS_;
    static const int EACH_ROWS = EACH_ROWS_;
    static const int EACH_COLUMNS = EACH_COLUMNS_;
    static const int STEP = STEP_;
    static const int ACROSS = COLUMNS / EACH_COLUMNS;
    static const int THREADS = ROWS / EACH_ROWS * ACROSS;
    /** Floats of an input of all rows in shared memory: 4 more, so that the rows' values are spread over the banks when they are turned. */
    static const int LEFT_STRIDE = ROWS + 4;
    static const int STAGE_FLOATS = STEP * (LEFT_STRIDE + COLUMNS);
    /** Groups of four values that a thread reads of a step of the left side. */
    static const int QUADS = STEP / 4;
    static const int EACH_QUADS = ROWS * QUADS / THREADS;
};

/** Shared bytes: 33,280, 16,896 and 13,312. */
typedef FloatTile<128, 128, 8, 8, 16> LargeFloatTile;
typedef FloatTile<64, 64, 8, 4, 16> MiddleFloatTile;
typedef FloatTile<16, 32, 2, 4, 32> SmallFloatTile;

template <class Tile>
__device__ __forceinline__ void readLeft(
        const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block,
        const float* x,
        int stride,
        bool aligned,
        int step,
        float4 (&values)[Tile::EACH_QUADS]) {
#pragma unroll
    for (int i = 0; i < Tile::EACH_QUADS; i++) {
        int index = threadIdx.x + i * Tile::THREADS;
        int row = index / Tile::QUADS;
        int k = step * Tile::STEP + index % Tile::QUADS * 4;
        values[i] = readFour(x + (long long)block.source[row] * stride + k, block.inputs[row] - k, aligned);
    }
}

/** Turns a step of the left side, so that an input of all rows lies together. */
template <class Tile>
__device__ __forceinline__ void writeLeft(const float4 (&values)[Tile::EACH_QUADS], float* left) {
#pragma unroll
    for (int i = 0; i < Tile::EACH_QUADS; i++) {
        int index = threadIdx.x + i * Tile::THREADS;
        float* to = left + index % Tile::QUADS * 4 * Tile::LEFT_STRIDE + index / Tile::QUADS;
        to[0] = values[i].x;
        to[Tile::LEFT_STRIDE] = values[i].y;
        to[2 * Tile::LEFT_STRIDE] = values[i].z;
        to[3 * Tile::LEFT_STRIDE] = values[i].w;
    }
}

/** Starts to copy a step of the weights; inputs from limit on and columns from stride on are zeros. */
template <class Tile>
__device__ __forceinline__ void copyWeights(
        float* shared, const float* weights, int stride, int firstColumn, int limit, int step) {
    const int chunks = Tile::COLUMNS / 4;
#pragma unroll
    for (int i = threadIdx.x; i < Tile::STEP * chunks; i += Tile::THREADS) {
        int k = step * Tile::STEP + i / chunks;
        int column = firstColumn + i % chunks * 4;
        bool zero = k >= limit || column >= stride;
        copyAsyncZero16(shared + i * 4, zero ? weights : weights + (long long)k * stride + column, zero);
    }
}

template <class Tile>
__device__ __forceinline__ void multiplyFloats(
        const float* left, const float* weights, float (&sums)[Tile::EACH_ROWS][Tile::EACH_COLUMNS]) {
    int row = threadIdx.x / Tile::ACROSS * Tile::EACH_ROWS;
    int column = threadIdx.x % Tile::ACROSS * 4;
#pragma unroll 8
    for (int k = 0; k < Tile::STEP; k++) {
        float a[Tile::EACH_ROWS];
#pragma unroll
        for (int i = 0; i < Tile::EACH_ROWS; i++) {
            a[i] = left[k * Tile::LEFT_STRIDE + row + i];
        }
#pragma unroll
        for (int group = 0; group < Tile::EACH_COLUMNS / 4; group++) {
            float4 w = *(const float4*)(weights + k * Tile::COLUMNS + group * Tile::ACROSS * 4 + column);
#pragma unroll
            for (int i = 0; i < Tile::EACH_ROWS; i++) {
                sums[i][group * 4] = fmaf(a[i], w.x, sums[i][group * 4]);
                sums[i][group * 4 + 1] = fmaf(a[i], w.y, sums[i][group * 4 + 1]);
                sums[i][group * 4 + 2] = fmaf(a[i], w.z, sums[i][group * 4 + 2]);
                sums[i][group * 4 + 3] = fmaf(a[i], w.w, sums[i][group * 4 + 3]);
            }
        }
    }
}

template <class Tile>
__device__ __forceinline__ void writeFloats(
        const Product& p,
        const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block,
        const float (&sums)[Tile::EACH_ROWS][Tile::EACH_COLUMNS]) {
    bool paired = p.yStride % 2 == 0 && isAligned(p.y, 8) && (p.residual == nullptr || isAligned(p.residual, 8));
#pragma unroll
    for (int i = 0; i < Tile::EACH_ROWS; i++) {
        int row = threadIdx.x / Tile::ACROSS * Tile::EACH_ROWS + i;
        if (block.target[row] < 0) {
            continue;
        }
        int entry = blockIdx.y * Tile::ROWS + row;
        long long at = (long long)block.target[row] * p.yStride;
        const float* bias = p.bias == nullptr ? nullptr : p.bias + (long long)block.used[row] * p.outputs;
#pragma unroll
        for (int j = 0; j < Tile::EACH_COLUMNS; j += 2) {
            int place = j / 4 * Tile::ACROSS * 4 + threadIdx.x % Tile::ACROSS * 4 + j % 4;
            int column = blockIdx.x * Tile::COLUMNS + place;
            int readers = block.entries[place - place % READ_TOGETHER];
            bool usesFirst = entry < block.entries[place];
            bool usesSecond = entry < block.entries[place + 1];
            float2 values = {sums[i][j], sums[i][j + 1]};
            values.x += bias != nullptr && usesFirst ? bias[column] : 0.0f;
            values.y += bias != nullptr && usesSecond ? bias[column + 1] : 0.0f;
            if (paired && usesSecond) {
                leavePair(p, values, at + column);
            } else {
                leave(p, entry, block.entries[place], readers, values.x, at, column);
                leave(p, entry, block.entries[place + 1], readers, values.y, at, column + 1);
            }
        }
    }
}

template <class Tile>
__device__ __forceinline__ void linearTile(
        const Product& p, const float* x, int xStride, const float* weights, int weightStride, float* stages) {
    __shared__ ProductBlock<Tile::ROWS, Tile::COLUMNS> block;
    int firstRow = blockIdx.y * Tile::ROWS;
    int firstColumn = blockIdx.x * Tile::COLUMNS;
    block.fill(p, firstRow, firstColumn, Tile::THREADS);
    if (block.target[0] < 0 || (p.rest == nullptr && firstRow >= block.entries[0])) {
        return;
    }
    int inputs = block.mostInputs(firstRow);
    int steps = (inputs + Tile::STEP - 1) / Tile::STEP;
    bool aligned = xStride % 4 == 0 && isAligned(x, 16);
    const int weightsAt = Tile::STEP * Tile::LEFT_STRIDE;
    float sums[Tile::EACH_ROWS][Tile::EACH_COLUMNS] = {};
    float4 values[Tile::EACH_QUADS];
    readLeft<Tile>(block, x, xStride, aligned, 0, values);
    for (int step = 0; step <= steps; step++) {
        // The stage that is filled now was read in the step before the last one.
        float* next = stages + step % 2 * Tile::STAGE_FLOATS;
        if (step < steps) {
            copyWeights<Tile>(next + weightsAt, weights, weightStride, firstColumn, inputs, step);
            writeLeft<Tile>(values, next);
            readLeft<Tile>(block, x, xStride, aligned, step + 1, values);
        }
        copyAsyncCommit();
        if (step > 0) {
            const float* stage = stages + (step - 1) % 2 * Tile::STAGE_FLOATS;
            multiplyFloats<Tile>(stage, stage + weightsAt, sums);
        }
        copyAsyncWait<0>();
        __syncthreads();
    }
    writeFloats<Tile>(p, block, sums);
}

/*
 * y = act(x W + bias) + residual, x [any, xStride], weights float32 [inputs, weightStride], zeros from outputs on, weightStride a multiple of 4, aligned to
 * 16 bytes; the other parameters are those of Product. Grid (ceil(columns / COLUMNS), ceil(rows / ROWS), jobs), columns being outputs, with rest yStride.
 * linearF32Large: COLUMNS 128, ROWS 128, block 256, 33,280 dynamic shared bytes.
 * linearF32Middle: 64, 64, block 128, 16,896. linearF32Small: 32, 16, block 64, 13,312. All give the same bits.
 */
extern "C" __global__ void __launch_bounds__(256, 1) linearF32Large(
        const float* x,
        int xStride,
        const float* weights0,
        int weightStride0,
        const float* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(nullptr);
    linearTile<LargeFloatTile>(p, x, xStride, OF_JOB(weights), OF_JOB(weightStride), (float*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 4) linearF32Middle(
        const float* x,
        int xStride,
        const float* weights0,
        int weightStride0,
        const float* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(nullptr);
    linearTile<MiddleFloatTile>(p, x, xStride, OF_JOB(weights), OF_JOB(weightStride), (float*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(64, 8) linearF32Small(
        const float* x,
        int xStride,
        const float* weights0,
        int weightStride0,
        const float* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(nullptr);
    linearTile<SmallFloatTile>(p, x, xStride, OF_JOB(weights), OF_JOB(weightStride), (float*)dynamicShared);
}
