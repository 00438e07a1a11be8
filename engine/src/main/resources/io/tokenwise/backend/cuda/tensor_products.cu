// What products on tensor cores have in common, whichever instructions they use: left sides that lie in memory as tensor cores read them, the copies of both sides
// into shared memory, and what becomes of sums. This text stands behind the prelude, in front of each file with such products.
// A Tile says how much a block computes (ROWS x COLUMNS, STEP bytes of inputs at a time), and where in shared memory the 16 bytes of a row lie.

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
        copyAsyncZero16(shared + Tile::place(row, i % chunks), from, zero);
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

/** Brings a block's rows of the left side, and its outputs' weights [outputs, inputs padded], into its stages, a step in each. */
template <class Tile, class Left>
struct StepCopies {
    const Product& p;
    Left& left;
    const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block;
    const unsigned char* weights;
    /** Bytes of an output's weights. */
    int stride;
    unsigned char* stages;
    /** Rows that use inputs, and bytes of the inputs that the first one uses. */
    int count;
    int end;
    int steps;

    __device__ __forceinline__ StepCopies(
            const Product& p,
            Left& left,
            const ProductBlock<Tile::ROWS, Tile::COLUMNS>& block,
            const unsigned char* weights,
            int stride,
            unsigned char* stages)
        : p(p), left(left), block(block), weights(weights), stride(stride), stages(stages) {
        int firstRow = blockIdx.y * Tile::ROWS;
        count = p.rowsOf(0) - firstRow;
        end = block.mostInputs(firstRow) * (int)sizeof(typename Left::Element);
        steps = (end + Tile::STEP - 1) / Tile::STEP;
    }

    /** The rows of a step's stage; its weights are behind them. */
    __device__ __forceinline__ unsigned char* stage(int step) const {
        return stages + step % Tile::STAGES * Tile::STAGE_BYTES;
    }

    /** Starts a group of copies, an empty one where there is no such step. */
    __device__ __forceinline__ void start(int step) {
        if (step < steps) {
            int firstColumn = blockIdx.x * Tile::COLUMNS;
            left.copy(stage(step), block, end, count, step);
            copyStep<Tile, Tile::COLUMNS>(
                    stage(step) + Tile::ROWS * Tile::STRIDE, weights, end, p.outputs - firstColumn, step, [&](int row) {
                        return (long long)(firstColumn + row) * stride;
                    });
        }
        copyAsyncCommit();
    }
};

/** Says which rows and columns the block has, and whether it writes any of them. Called by all threads, which then meet. */
template <class Tile>
__device__ __forceinline__ bool isWritten(const Product& p, ProductBlock<Tile::ROWS, Tile::COLUMNS>& block) {
    int firstRow = blockIdx.y * Tile::ROWS;
    block.fill(p, firstRow, blockIdx.x * Tile::COLUMNS, Tile::THREADS);
    bool isUsed = firstRow < block.entries[0] || p.rest != nullptr || isReadNarrow(p, firstRow, block.entries[0]);
    return block.target[0] >= 0 && isUsed;
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

#define BYTE_WEIGHTS(n) const signed char *weights##n, int weightStride##n, const float *scales##n, const float *sums##n
