// Matrix products on tensor cores: left sides in bfloat16 or unsigned bytes, weights in bfloat16 or signed bytes, sums in float32 or int32. Both use
// the same bytes in the same way: one instruction multiplies 32 bytes of a row of the left side by 32 bytes of an output's weights.
// Each output is the sum of such instructions over ascending inputs, in tiles of every size, so that all of them give the same bits.

/** A block's part of the result: ROWS x COLUMNS, by warps of WARP_ROWS x WARP_COLUMNS, STEP bytes of inputs at a time. */
template <int ROWS_, int COLUMNS_, int WARP_ROWS_, int WARP_COLUMNS_, int STEP_, int STAGES_>
struct TensorTile {
    static const int ROWS = ROWS_;
    static const int COLUMNS = COLUMNS_;
    static const int WARP_ROWS = WARP_ROWS_;
    static const int WARP_COLUMNS = WARP_COLUMNS_;
    static const int STEP = STEP_;
    static const int STAGES = STAGES_;
    static const int THREADS = ROWS / WARP_ROWS * (COLUMNS / WARP_COLUMNS) * 32;
    /** Bytes of a row in shared memory: with 16 more than a step, eight rows lie in different banks. */
    static const int STRIDE = STEP + 16;
    static const int STAGE_BYTES = (ROWS + COLUMNS) * STRIDE;
};

/** Shared bytes: 61,440, 30,720 and 39,168. */
typedef TensorTile<128, 128, 64, 32, 64, 3> LargeTile;
typedef TensorTile<64, 64, 32, 32, 64, 3> MiddleTile;
typedef TensorTile<16, 32, 16, 8, 256, 3> SmallTile;

/** What a column's sums mean. */
struct TensorColumn {
    float bias;
    float scale;
    float sum;
};

/** Starts to copy a step of COUNT rows, of which row r lies at(r) bytes behind the source; rows from limit on and 16 bytes that begin at end or later are zeros. */
template <class Tile, int COUNT, class At>
__device__ __forceinline__ void copyStep(
        unsigned char* shared, const unsigned char* source, int end, int limit, int step, At at) {
    const int chunks = Tile::STEP / 16;
#pragma unroll
    for (int i = threadIdx.x; i < COUNT * chunks; i += Tile::THREADS) {
        int row = i / chunks;
        int byte = step * Tile::STEP + i % chunks * 16;
        bool zero = row >= limit || byte >= end;
        const unsigned char* from = zero ? source : source + at(row) + byte;
        copyAsyncZero16(shared + row * Tile::STRIDE + i % chunks * 16, from, zero);
    }
}

/** The same of a block's rows of a left side, of which the first count use inputs. */
template <class Tile>
__device__ __forceinline__ void copyLeft(
        unsigned char* shared,
        const unsigned char* x,
        int stride,
        const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block,
        int end,
        int count,
        int step) {
    copyStep<Tile, Tile::ROWS>(
            shared, x, end, count, step, [&](int row) { return (long long)block.source[row] * stride; });
}

/** What products in bfloat16 have in common. */
struct Bf16Sums {
    typedef Bf16 Element;
    typedef float Sum;

    static __device__ __forceinline__ void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
        mmaBf16(d, a, b);
    }

    __device__ __forceinline__ TensorColumn column(const Product& p, int used, int column) const {
        TensorColumn meaning = {0.0f, 1.0f, 0.0f};
        if (p.bias != nullptr && column < p.outputs) {
            meaning.bias = p.bias[(long long)used * p.outputs + column];
        }
        return meaning;
    }

    __device__ __forceinline__ float value(float sum, int, const TensorColumn& column) const {
        return sum + column.bias;
    }
};

/** A left side of floats, which become bfloat16 on their way into shared memory: through registers, one step ahead. */
template <class Tile>
struct FloatRows : Bf16Sums {
    static const int QUADS = Tile::STEP / 8;
    static const int EACH = Tile::ROWS * QUADS / Tile::THREADS;

    const float* x;
    int stride;
    bool aligned;
    float4 values[EACH];

    __device__ __forceinline__ void copy(
            unsigned char*, const ProductBlock<Tile::ROWS, Tile::COLUMNS>&, int, int, int) {}

    __device__ __forceinline__ void read(const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block, int step) {
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            int index = threadIdx.x + i * Tile::THREADS;
            int row = index / QUADS;
            int k = step * (Tile::STEP / 2) + index % QUADS * 4;
            values[i] = readFour(x + (long long)block.source[row] * stride + k, block.inputs[row] - k, aligned);
        }
    }

    __device__ __forceinline__ void write(unsigned char* shared) const {
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            int index = threadIdx.x + i * Tile::THREADS;
            uint2 narrow;
            narrow.x = packBf16(values[i].x, values[i].y);
            narrow.y = packBf16(values[i].z, values[i].w);
            *(uint2*)(shared + index / QUADS * Tile::STRIDE + index % QUADS * 8) = narrow;
        }
    }
};

/** A left side in bfloat16 [rows, stride] that narrowRows or another product has written. */
template <class Tile>
struct NarrowRows : Bf16Sums {
    const Bf16* x;
    int stride;

    __device__ __forceinline__ void copy(
            unsigned char* shared,
            const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block,
            int end,
            int count,
            int step) {
        copyLeft<Tile>(shared, (const unsigned char*)x, stride * 2, block, end, count, step);
    }

    __device__ __forceinline__ void read(const ProductBlock<Tile::ROWS, Tile::COLUMNS>&, int) {}

    __device__ __forceinline__ void write(unsigned char*) const {}
};

/** A left side of unsigned bytes [rows, stride] that quantizeRows has written. */
template <class Tile>
struct ByteRows {
    typedef unsigned char Element;
    typedef int Sum;

    const unsigned char* x;
    int stride;
    /** Each row's step and least value. */
    const float* steps;
    const float* scales;
    /** [outputs], or [slices + 1, outputs]: what a left side of ones gives. */
    const float* sums;

    __device__ __forceinline__ void copy(
            unsigned char* shared,
            const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block,
            int end,
            int count,
            int step) {
        copyLeft<Tile>(shared, x, stride, block, end, count, step);
    }

    __device__ __forceinline__ void read(const ProductBlock<Tile::ROWS, Tile::COLUMNS>&, int) {}

    __device__ __forceinline__ void write(unsigned char*) const {}

    static __device__ __forceinline__ void multiply(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
        mmaU8S8(d, a, b);
    }

    __device__ __forceinline__ TensorColumn column(const Product& p, int used, int column) const {
        TensorColumn meaning = {0.0f, 0.0f, 0.0f};
        if (column < p.outputs) {
            long long at = (long long)used * p.outputs + column;
            meaning.bias = p.bias == nullptr ? 0.0f : p.bias[at];
            meaning.scale = scales[column];
            meaning.sum = sums[at];
        }
        return meaning;
    }

    /** The CPU's bits. */
    __device__ __forceinline__ float value(int sum, int row, const TensorColumn& column) const {
        float shift = fmaf(steps[2 * row + 1], column.sum, column.bias);
        return fmaf((float)sum * steps[2 * row], column.scale, shift);
    }
};

/** Adds a step's products to a warp's sums. */
template <class Tile, class Left>
__device__ __forceinline__ void multiplyStep(
        const unsigned char* left,
        const unsigned char* weights,
        typename Left::Sum (&sums)[Tile::WARP_ROWS / 16][Tile::WARP_COLUMNS / 8][4]) {
    // One ldmatrix4 brings the weights of 8 columns for two instructions, or, where a warp has more, of 16 columns for one.
    const bool wide = Tile::WARP_COLUMNS % 16 == 0;
    const int bytes = wide ? 32 : 64;
    const int columns = wide ? 16 : 8;
    int lane = threadIdx.x % 32;
    const unsigned char* leftRow = left + lane % 16 * Tile::STRIDE + lane / 16 * 16;
    const unsigned char* weightRow = wide
            ? weights + (lane % 8 + lane / 16 * 8) * Tile::STRIDE + lane / 8 % 2 * 16
            : weights + lane % 8 * Tile::STRIDE + lane / 8 * 16;
#pragma unroll
    for (int at = 0; at < Tile::STEP; at += bytes) {
        unsigned b[Tile::WARP_COLUMNS / columns][4];
#pragma unroll
        for (int n = 0; n < Tile::WARP_COLUMNS / columns; n++) {
            ldmatrix4(b[n], weightRow + n * columns * Tile::STRIDE + at);
        }
#pragma unroll
        for (int part = 0; part < bytes; part += 32) {
#pragma unroll
            for (int m = 0; m < Tile::WARP_ROWS / 16; m++) {
                unsigned a[4];
                ldmatrix4(a, leftRow + m * 16 * Tile::STRIDE + at + part);
#pragma unroll
                for (int n = 0; n < Tile::WARP_COLUMNS / 8; n++) {
                    const unsigned* four = wide ? b[n / 2] + n % 2 * 2 : b[n] + part / 32 * 2;
                    const unsigned pair[2] = {four[0], four[1]};
                    Left::multiply(sums[m][n], a, pair);
                }
            }
        }
    }
}

/** Writes a warp's sums: each lane has two columns next to each other of two rows of each 16 x 8 of them. */
template <class Tile, class Left>
__device__ __forceinline__ void writeSums(
        const Product& p,
        const Left& left,
        const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block,
        int warpRow,
        int warpColumn,
        const typename Left::Sum (&sums)[Tile::WARP_ROWS / 16][Tile::WARP_COLUMNS / 8][4]) {
    int lane = threadIdx.x % 32;
    int firstRow = blockIdx.y * Tile::ROWS;
    bool paired = p.yStride % 2 == 0 && isAligned(p.y, 8) && (p.residual == nullptr || isAligned(p.residual, 8));
#pragma unroll
    for (int n = 0; n < Tile::WARP_COLUMNS / 8; n++) {
        int place = warpColumn + n * 8 + lane % 4 * 2;
        int column = blockIdx.x * Tile::COLUMNS + place;
        int used = -1;
        TensorColumn first;
        TensorColumn second;
#pragma unroll
        for (int part = 0; part < Tile::WARP_ROWS / 8; part++) {
            int row = warpRow + part * 8 + lane / 4;
            if (block.target[row] < 0) {
                continue;
            }
            if (used != block.used[row]) {
                used = block.used[row];
                first = left.column(p, used, column);
                second = left.column(p, used, column + 1);
            }
            int entry = firstRow + row;
            int readers = block.entries[place - place % READ_TOGETHER];
            bool usesFirst = entry < block.entries[place];
            bool usesSecond = entry < block.entries[place + 1];
            float2 values = {0.0f, 0.0f};
            values.x = usesFirst ? left.value(sums[part / 2][n][part % 2 * 2], block.target[row], first) : 0.0f;
            values.y = usesSecond ? left.value(sums[part / 2][n][part % 2 * 2 + 1], block.target[row], second) : 0.0f;
            long long at = (long long)block.target[row] * p.yStride;
            if (paired && usesSecond) {
                leavePair(p, values, at + column);
            } else {
                leave(p, entry, block.entries[place], readers, values.x, at, column);
                leave(p, entry, block.entries[place + 1], readers, values.y, at, column + 1);
            }
        }
    }
}

/** The block's part of a product with weights [outputs, inputs padded], stride bytes an output. */
template <class Tile, class Left>
__device__ __forceinline__ void multiplyTile(
        const Product& p, Left& left, const unsigned char* weights, int stride, unsigned char* stages) {
    __shared__ ProductBlock<Tile::ROWS, Tile::COLUMNS> block;
    int firstRow = blockIdx.y * Tile::ROWS;
    int firstColumn = blockIdx.x * Tile::COLUMNS;
    block.fill(p, firstRow, firstColumn, Tile::THREADS);
    bool isWritten = firstRow < block.entries[0] || p.rest != nullptr || isReadNarrow(p, firstRow, block.entries[0]);
    if (block.target[0] < 0 || !isWritten) {
        return;
    }
    int count = p.rowsOf(0) - firstRow;
    int end = block.mostInputs(firstRow) * (int)sizeof(typename Left::Element);
    int steps = (end + Tile::STEP - 1) / Tile::STEP;
    int warp = threadIdx.x / 32;
    int warpRow = warp / (Tile::COLUMNS / Tile::WARP_COLUMNS) * Tile::WARP_ROWS;
    int warpColumn = warp % (Tile::COLUMNS / Tile::WARP_COLUMNS) * Tile::WARP_COLUMNS;
    typename Left::Sum sums[Tile::WARP_ROWS / 16][Tile::WARP_COLUMNS / 8][4] = {};
    auto start = [&](int step) {
        if (step < steps) {
            unsigned char* stage = stages + step % Tile::STAGES * Tile::STAGE_BYTES;
            left.copy(stage, block, end, count, step);
            copyStep<Tile, Tile::COLUMNS>(
                    stage + Tile::ROWS * Tile::STRIDE, weights, end, p.outputs - firstColumn, step, [&](int row) {
                        return (long long)(firstColumn + row) * stride;
                    });
        }
        copyAsyncCommit();
    };
#pragma unroll
    for (int step = 0; step < Tile::STAGES - 1; step++) {
        start(step);
    }
    left.read(block, 0);
    left.write(stages);
    left.read(block, 1);
    for (int step = 0; step < steps; step++) {
        copyAsyncWait<Tile::STAGES - 2>();
        __syncthreads();
        start(step + Tile::STAGES - 1);
        left.write(stages + (step + 1) % Tile::STAGES * Tile::STAGE_BYTES);
        left.read(block, step + 2);
        const unsigned char* stage = stages + step % Tile::STAGES * Tile::STAGE_BYTES;
        multiplyStep<Tile, Left>(
                stage + warpRow * Tile::STRIDE, stage + (Tile::ROWS + warpColumn) * Tile::STRIDE, sums);
    }
    writeSums<Tile, Left>(p, left, block, warpRow, warpColumn, sums);
}

template <class Tile>
__device__ __forceinline__ void linearFloats(
        const float* x, int xStride, const Bf16* weights, int weightStride, const Product& p, unsigned char* stages) {
    FloatRows<Tile> left;
    left.x = x;
    left.stride = xStride;
    left.aligned = xStride % 4 == 0 && isAligned(x, 16);
    multiplyTile<Tile>(p, left, (const unsigned char*)weights, weightStride * 2, stages);
}

template <class Tile>
__device__ __forceinline__ void linearNarrow(
        const Bf16* x, int xStride, const Bf16* weights, int weightStride, const Product& p, unsigned char* stages) {
    NarrowRows<Tile> left;
    left.x = x;
    left.stride = xStride;
    multiplyTile<Tile>(p, left, (const unsigned char*)weights, weightStride * 2, stages);
}

template <class Tile>
__device__ __forceinline__ void linearBytes(
        const unsigned char* x,
        int xStride,
        const float* steps,
        const signed char* weights,
        int weightStride,
        const float* scales,
        const float* sums,
        const Product& p,
        unsigned char* stages) {
    ByteRows<Tile> left;
    left.x = x;
    left.stride = xStride;
    left.steps = steps;
    left.scales = scales;
    left.sums = sums;
    multiplyTile<Tile>(p, left, (const unsigned char*)weights, weightStride, stages);
}

/*
 * y = act(x W + bias) + residual, x [any, xStride] float32 narrowed to bfloat16, weights bfloat16 [outputs, weightStride], zeros from inputs on,
 * weightStride a multiple of 8; the other parameters are those of Product. Weights aligned to 16 bytes.
 * With narrow, y is null, and the result goes there in bfloat16, for linearNarrow; yStride is then a multiple of 8.
 * Grid (ceil(columns / COLUMNS), ceil(rows / ROWS), jobs), columns being outputs, with rest yStride.
 * linearBf16Large: COLUMNS 128, ROWS 128, block 256, 61,440 dynamic shared bytes.
 * linearBf16Middle: 64, 64, block 128, 30,720. linearBf16Small: 32, 16, block 128, 39,168. All give the same bits.
 */
extern "C" __global__ void __launch_bounds__(256, 2) linearBf16Large(
        const float* x,
        int xStride,
        const Bf16* weights0,
        int weightStride0,
        const Bf16* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS,
        Bf16* narrow) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(narrow);
    linearFloats<LargeTile>(x, xStride, OF_JOB(weights), OF_JOB(weightStride), p, dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 4) linearBf16Middle(
        const float* x,
        int xStride,
        const Bf16* weights0,
        int weightStride0,
        const Bf16* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS,
        Bf16* narrow) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(narrow);
    linearFloats<MiddleTile>(x, xStride, OF_JOB(weights), OF_JOB(weightStride), p, dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 4) linearBf16Small(
        const float* x,
        int xStride,
        const Bf16* weights0,
        int weightStride0,
        const Bf16* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS,
        Bf16* narrow) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(narrow);
    linearFloats<SmallTile>(x, xStride, OF_JOB(weights), OF_JOB(weightStride), p, dynamicShared);
}

/*
 * The same, to the same bits, for x [any, xStride] in bfloat16: xStride is a multiple of 8, x aligned to 16 bytes, with zeros where
 * rows do not use inputs, as narrowRows or a product with narrow leaves it.
 */
extern "C" __global__ void __launch_bounds__(256, 2) linearNarrowLarge(
        const Bf16* __restrict__ x,
        int xStride,
        const Bf16* weights0,
        int weightStride0,
        const Bf16* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS,
        Bf16* narrow) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(narrow);
    linearNarrow<LargeTile>(x, xStride, OF_JOB(weights), OF_JOB(weightStride), p, dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 4) linearNarrowMiddle(
        const Bf16* __restrict__ x,
        int xStride,
        const Bf16* weights0,
        int weightStride0,
        const Bf16* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS,
        Bf16* narrow) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(narrow);
    linearNarrow<MiddleTile>(x, xStride, OF_JOB(weights), OF_JOB(weightStride), p, dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 4) linearNarrowSmall(
        const Bf16* __restrict__ x,
        int xStride,
        const Bf16* weights0,
        int weightStride0,
        const Bf16* weights1,
        int weightStride1,
        PRODUCT_PARAMETERS,
        Bf16* narrow) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(narrow);
    linearNarrow<SmallTile>(x, xStride, OF_JOB(weights), OF_JOB(weightStride), p, dynamicShared);
}

#define BYTE_WEIGHTS(n) const signed char *weights##n, int weightStride##n, const float *scales##n, const float *sums##n

/*
 * The same for x [any, xStride] in unsigned bytes, as quantizeRows writes them with the steps [any, 2], and weights in signed bytes [outputs, weightStride],
 * zeros from inputs on, xStride and weightStride multiples of 16; scales [outputs]; sums [outputs], or with inputStarts [slices + 1, outputs].
 * x and weights aligned to 16 bytes. Grids, blocks and shared bytes of linearS8Large, Middle and Small are those of bfloat16.
 */
extern "C" __global__ void __launch_bounds__(256, 2) linearS8Large(
        const unsigned char* __restrict__ x,
        int xStride,
        const float* __restrict__ steps,
        BYTE_WEIGHTS(0),
        BYTE_WEIGHTS(1),
        PRODUCT_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(nullptr);
    linearBytes<LargeTile>(
            x, xStride, steps, OF_JOB(weights), OF_JOB(weightStride), OF_JOB(scales), OF_JOB(sums), p, dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 4) linearS8Middle(
        const unsigned char* __restrict__ x,
        int xStride,
        const float* __restrict__ steps,
        BYTE_WEIGHTS(0),
        BYTE_WEIGHTS(1),
        PRODUCT_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(nullptr);
    linearBytes<MiddleTile>(
            x, xStride, steps, OF_JOB(weights), OF_JOB(weightStride), OF_JOB(scales), OF_JOB(sums), p, dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 4) linearS8Small(
        const unsigned char* __restrict__ x,
        int xStride,
        const float* __restrict__ steps,
        BYTE_WEIGHTS(0),
        BYTE_WEIGHTS(1),
        PRODUCT_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(nullptr);
    linearBytes<SmallTile>(
            x, xStride, steps, OF_JOB(weights), OF_JOB(weightStride), OF_JOB(scales), OF_JOB(sums), p, dynamicShared);
}
