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

    static __device__ __forceinline__ int place(int row, int chunk) { return row * STRIDE + chunk * 16; }
};

/** Shared bytes: 61,440, 30,720 and 39,168. */
typedef TensorTile<128, 128, 64, 32, 64, 3> LargeTile;
typedef TensorTile<64, 64, 32, 32, 64, 3> MiddleTile;
typedef TensorTile<16, 32, 16, 8, 256, 3> SmallTile;

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

/** The block's part of a product with weights [outputs, inputs padded], stride bytes an output. */
template <class Tile, class Left>
__device__ __forceinline__ void multiplyTile(
        const Product& p, Left& left, const unsigned char* weights, int stride, unsigned char* stages) {
    __shared__ ProductBlock<Tile::ROWS, Tile::COLUMNS> block;
    if (!isWritten<Tile>(p, block)) {
        return;
    }
    StepCopies<Tile, Left> copies(p, left, block, weights, stride, stages);
    int warp = threadIdx.x / 32;
    int warpRow = warp / (Tile::COLUMNS / Tile::WARP_COLUMNS) * Tile::WARP_ROWS;
    int warpColumn = warp % (Tile::COLUMNS / Tile::WARP_COLUMNS) * Tile::WARP_COLUMNS;
    typename Left::Sum sums[Tile::WARP_ROWS / 16][Tile::WARP_COLUMNS / 8][4] = {};
#pragma unroll
    for (int step = 0; step < Tile::STAGES - 1; step++) {
        copies.start(step);
    }
    left.read(block, 0);
    left.write(stages);
    left.read(block, 1);
    for (int step = 0; step < copies.steps; step++) {
        copyAsyncWait<Tile::STAGES - 2>();
        __syncthreads();
        copies.start(step + Tile::STAGES - 1);
        left.write(copies.stage(step + 1));
        left.read(block, step + 2);
        const unsigned char* stage = copies.stage(step);
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
