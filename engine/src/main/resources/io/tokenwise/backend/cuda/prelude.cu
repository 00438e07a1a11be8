// What every kernel file may use: this text stands in front of each of them when it is compiled. No includes, so that NVRTC needs no headers.
// A count that a kernel is given by address, such as const int* rows, lies on the device, so that a graph serves other counts too: its grid may be of
// more, and blocks beyond it return at once. Comments call it by the plain name.
// Each instruction that C++ has no word for is one function here. Where TOKENWISE_FAKE is defined, a test's stand-in runs the kernels on
// the CPU and brings functions of the same names.

#define INFINITE __int_as_float(0x7f800000)

typedef unsigned short Bf16;

// ---- numbers

/** A bfloat16's value. */
__device__ __forceinline__ float bf16ToFloat(Bf16 bits) { return __int_as_float((int)((unsigned)bits << 16)); }

/** Rounded to nearest, ties to even; a NaN stays one. */
__device__ __forceinline__ Bf16 floatToBf16(float value) {
    unsigned bits = (unsigned)__float_as_int(value);
    return value != value ? (Bf16)0x7fc0 : (Bf16)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/** Phi(-|x|), Phi being the standard normal distribution: the fit and the bits of the CPU's ScalarMath.tail. */
__device__ __forceinline__ float normalTail(float x) {
    float u = fminf(fabsf(x), 6.4f);
    float p = fmaf(-2.986565e-07f, u, 7.506507e-06f);
    p = fmaf(p, u, -6.0337348e-05f);
    p = fmaf(p, u, 3.4293415e-05f);
    p = fmaf(p, u, 0.0015048078f);
    p = fmaf(p, u, -0.0006728507f);
    p = fmaf(p, u, -0.031927347f);
    p = fmaf(p, u, -0.091457665f);
    p = fmaf(p, u, 0.91700405f);
    p *= p;
    p *= p;
    return p * p;
}

/** x Phi(x): the erf form of GELU, with the bits of the CPU's. */
__device__ __forceinline__ float gelu(float x) { return fmaf(-fabsf(x), normalTail(x), fmaxf(x, 0.0f)); }

/** What of x passes silu's gate: 1 / (1 + e^-gate). */
__device__ __forceinline__ float openGate(float gate) {
    return 1 / (1 + expf(fminf(-gate, 80.0f)));
}

/** What the CPU's Activation of this ordinal, of those before TANH, makes of x. */
__device__ __forceinline__ float activated(int activation, float x) {
    switch (activation) {
        case 0:
            return gelu(x);
        case 1:
            // The tanh form: sqrt(8 / pi) (x + 0.044715 x^3).
            return x * openGate(1.5957691f * fmaf(0.044715f * x * x, x, x));
        case 2:
            return x * openGate(x);
        default:
            // A NaN stays one.
            return x < 0.0f ? 0.0f : x;
    }
}

// ---- a warp's lanes: always all 32, and always in this order, so that sums have one order

__device__ __forceinline__ float warpSum(float value) {
    for (int lanes = 16; lanes > 0; lanes >>= 1) {
        value += __shfl_xor_sync(0xffffffffu, value, lanes);
    }
    return value;
}

__device__ __forceinline__ float warpMax(float value) {
    for (int lanes = 16; lanes > 0; lanes >>= 1) {
        value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, lanes));
    }
    return value;
}

// ---- a block's threads, and a row's sequence

/** The sum over a block's threads, in one order; each of them gets it. All must call. */
template <int THREADS>
__device__ __forceinline__ double blockSum(double value, double (&shared)[THREADS]) {
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            shared[threadIdx.x] += shared[threadIdx.x + half];
        }
        __syncthreads();
    }
    double total = shared[0];
    __syncthreads();
    return total;
}

/** The sequence that a row belongs to: offsets[0..sequences] ascend, and none is empty but those behind all rows. */
__device__ __forceinline__ int sequenceOf(const int* offsets, int sequences, int row) {
    int low = 0;
    int high = sequences - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (offsets[middle] <= row) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

// ---- rows by warps: a block of 128 threads takes 4 rows, so that a row's bits depend on nothing but the row

#define ROW_THREADS 128
#define ROW_WARPS 4

/** The row of this thread's warp. */
__device__ __forceinline__ int warpRow() { return blockIdx.x * ROW_WARPS + threadIdx.x / 32; }

/** f(column) for the columns of this thread's lane, ascending. */
template <class F>
__device__ __forceinline__ void forColumns(int columns, F f) {
#pragma unroll 4
    for (int column = threadIdx.x % 32; column < columns; column += 32) {
        f(column);
    }
}

// ---- instructions

#ifndef TOKENWISE_FAKE

__device__ __forceinline__ unsigned sharedAddress(const void* pointer) {
    return (unsigned)__cvta_generic_to_shared(pointer);
}

/** d += a b for a [16, 16] and b [16, 8] in bfloat16, spread over a warp as the instruction's manual says. */
__device__ __forceinline__ void mmaBf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/** d += a b for a [16, 32] in unsigned and b [32, 8] in signed bytes. */
__device__ __forceinline__ void mmaU8S8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/** Four blocks of 8 rows of 16 bytes: lane i gives the address of row i % 8 of block i / 8, aligned to 16 bytes. */
__device__ __forceinline__ void ldmatrix4(unsigned (&r)[4], const void* sharedRow) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(sharedAddress(sharedRow))
                 : "memory");
}

/** The same with each block of 8 x 8 halves turned. */
__device__ __forceinline__ void ldmatrix4Transposed(unsigned (&r)[4], const void* sharedRow) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(sharedAddress(sharedRow))
                 : "memory");
}

/** Starts to copy 16 bytes, both sides aligned to 16; they are there for this thread after copyAsyncWait, for others after a barrier too. */
__device__ __forceinline__ void copyAsync16(void* shared, const void* global) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(sharedAddress(shared)), "l"(global) : "memory");
}

/** The same, or 16 zero bytes, for which nothing is read. */
__device__ __forceinline__ void copyAsyncZero16(void* shared, const void* global, bool zero) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(sharedAddress(shared)), "l"(global), "r"(zero ? 0 : 16)
                 : "memory");
}

/** Ends a group of copies. */
__device__ __forceinline__ void copyAsyncCommit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/** Waits until at most N of the last groups of copies still run. */
template <int N>
__device__ __forceinline__ void copyAsyncWait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

/** Two floats rounded to nearest, ties to even; low is in the low 16 bits. */
__device__ __forceinline__ unsigned packBf16(float low, float high) {
    unsigned packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}

#endif

// ---- memory

/** Four floats, those from count on 0; aligned says that the address may be read as 16 bytes. Nothing beyond count is read. */
__device__ __forceinline__ float4 readFour(const float* from, int count, bool aligned) {
    float4 four = {0.0f, 0.0f, 0.0f, 0.0f};
    if (aligned && count >= 4) {
        return *(const float4*)from;
    }
    four.x = count > 0 ? from[0] : 0.0f;
    four.y = count > 1 ? from[1] : 0.0f;
    four.z = count > 2 ? from[2] : 0.0f;
    four.w = count > 3 ? from[3] : 0.0f;
    return four;
}

__device__ __forceinline__ bool isAligned(const void* pointer, int bytes) {
    return ((unsigned long long)pointer & (unsigned long long)(bytes - 1)) == 0;
}

/** Whether all rows of a matrix may be read by 16 bytes. */
__device__ __forceinline__ bool isReadInFours(const void* matrix, int stride) { return stride % 4 == 0 && isAligned(matrix, 16); }

// ---- a row in the forms that tensor cores read, by a warp: the first used values, and zeros up to stride

/** The CPU's rounding: the rounded integer lies in the lowest bits of the sum. */
__device__ __forceinline__ unsigned toByte(float value, float least, float factor, bool isUsed) {
    float shifted = fmaf(value - least, factor, 12582912.0f);
    return isUsed ? (unsigned)__float_as_int(shifted) & 255u : 0u;
}

/** As unsigned bytes, aligned to 4, with one step and least value: the CPU's bits. */
__device__ __forceinline__ void quantizeRow(
        const float* row, int used, bool aligned, unsigned char* bytes, int stride, float* stepAndLeast) {
    int lane = threadIdx.x % 32;
    float least = INFINITE;
    float largest = -INFINITE;
    bool isNumber = true;
    for (int k = lane; k < used; k += 32) {
        least = fminf(least, row[k]);
        largest = fmaxf(largest, row[k]);
        isNumber = isNumber && row[k] == row[k];
    }
    least = -warpMax(-least);
    largest = warpMax(largest);
    float factor = largest == least ? 0.0f : 255.0f / (largest - least);
    for (int k = lane * 4; k < stride; k += 128) {
        float4 four = readFour(row + k, used - k, aligned);
        unsigned packed = toByte(four.x, least, factor, k < used);
        packed |= toByte(four.y, least, factor, k + 1 < used) << 8;
        packed |= toByte(four.z, least, factor, k + 2 < used) << 16;
        packed |= toByte(four.w, least, factor, k + 3 < used) << 24;
        *(unsigned*)(bytes + k) = packed;
    }
    // Bytes cannot say that there was a NaN.
    bool allNumbers = __ballot_sync(0xffffffffu, isNumber) == 0xffffffffu;
    if (lane == 0) {
        stepAndLeast[0] = allNumbers ? (largest - least) / 255.0f : __int_as_float(0x7fc00000);
        stepAndLeast[1] = least;
    }
}

/** In bfloat16, aligned to 8. */
__device__ __forceinline__ void narrowRow(const float* row, int used, bool aligned, Bf16* target, int stride) {
    for (int k = threadIdx.x % 32 * 4; k < stride; k += 128) {
        float4 four = readFour(row + k, used - k, aligned);
        uint2 narrow;
        narrow.x = packBf16(four.x, four.y);
        narrow.y = packBf16(four.z, four.w);
        *(uint2*)(target + k) = narrow;
    }
}

// ---- matrix products: which rows and columns a product has

/**
 * A product y = act(x W + bias) + residual of which not every row uses every slice: entry i of the order uses slice n if i < counts[n]. The slices cut
 * the inputs, or the outputs, or there is one. Pointers may be null where said.
 */
struct Product {
    /** At most so many entries. */
    int rows;
    /** The row of x, y and residual that entry i is; null: row i. */
    const int* order;
    /** Descending, one for each slice; null: all rows use all. */
    const int* counts;
    int slices;
    /** Where the slices begin, and the last one ends; null if they do not cut the inputs. Likewise of outputs. */
    const int* inputStarts;
    const int* outputStarts;
    int inputs;
    int outputs;
    /** How many entries are written; null: those that use a slice. */
    const int* total;
    /** [outputs]; if slices cut the inputs [slices + 1, outputs]: row k is what the first k slices add. May be null. */
    const float* bias;
    bool gelu;
    /** Like y, or null; may be y. */
    const float* residual;
    float* y;
    int yStride;
    /** A row like y, which entries get, with the residual, in columns of slices that they do not use and beyond the slices; or null. */
    const float* rest;
    /** What receives the result in y's place, in bfloat16, with zeros where a block reads what an entry does not use; or null. */
    Bf16* narrow;

    __device__ __forceinline__ int rowsOf(int slice) const {
        return counts == nullptr ? rows : min(rows, counts[slice]);
    }

    /** How many entries use the slice of a column, 0 for columns beyond the outputs. */
    __device__ __forceinline__ int rowsOfColumn(int column) const {
        int slice = 0;
        while (outputStarts != nullptr && slice < slices && column >= outputStarts[slice + 1]) {
            slice++;
        }
        return column < outputs && slice < slices ? rowsOf(slice) : 0;
    }

    /** How many slices of the inputs an entry uses. */
    __device__ __forceinline__ int slicesOf(int entry) const {
        int used = 0;
        while (inputStarts != nullptr && used < slices && rowsOf(used) > entry) {
            used++;
        }
        return used;
    }
};

// A launch has one or two jobs, products of the same x into the same y for different rows by different weights, such as those of an adaptive block: rows
// with all learners, and others. blockIdx.z says which one a block has a part of; those past their job's rows return at once.

/** What every kernel that reads rows of a left side must know of a job. */
#define LEFT_PARAMETERS(n) const int *order##n, const int *counts##n, int slices##n, const int *inputStarts##n, int inputs##n

#define JOB_PARAMETERS(n) \
    LEFT_PARAMETERS(n), const int *outputStarts##n, int outputs##n, const int *total##n, const float *bias##n

/** That of the block's job. */
#define OF_JOB(name) (blockIdx.z == 0 ? name##0 : name##1)

/** What every kernel of products takes besides its operands, and the product that it says. */
#define PRODUCT_PARAMETERS                                                                                   \
    int gelu, const float *residual, float *y, int yStride, const float *rest, const int *rows, JOB_PARAMETERS(0), \
        JOB_PARAMETERS(1)
#define LEFT_PRODUCT *rows, OF_JOB(order), OF_JOB(counts), OF_JOB(slices), OF_JOB(inputStarts)
#define PRODUCT(narrow)                                                                                     \
    {LEFT_PRODUCT, OF_JOB(outputStarts), OF_JOB(inputs), OF_JOB(outputs), OF_JOB(total), OF_JOB(bias), gelu != 0, \
     residual,     y,                    yStride,        rest,            narrow}

/** What a block of a product must know of its rows and columns, in shared memory. */
template <int ROWS, int COLUMNS>
struct ProductBlock {
    /** The row of x. */
    int source[ROWS];
    /** The row of y, -1 if nothing is written to it. */
    int target[ROWS];
    /** How many inputs an entry uses. */
    int inputs[ROWS];
    /** How many slices of the inputs. */
    int used[ROWS];
    /** How many entries use a column. */
    int entries[COLUMNS];

    /** Called by all threads, which then meet. */
    __device__ __forceinline__ void fill(const Product& p, int firstRow, int firstColumn, int threads) {
        int using0 = p.rowsOf(0);
        int written = p.total == nullptr ? using0 : min(p.rows, *p.total);
        for (int i = threadIdx.x; i < ROWS; i += threads) {
            int entry = firstRow + i;
            bool uses = entry < using0;
            used[i] = uses ? p.slicesOf(entry) : 0;
            inputs[i] = !uses ? 0 : p.inputStarts == nullptr ? p.inputs : p.inputStarts[used[i]];
            int row = entry >= written ? -1 : p.order == nullptr ? entry : p.order[entry];
            source[i] = uses ? row : 0;
            target[i] = row;
        }
        for (int i = threadIdx.x; i < COLUMNS; i += threads) {
            entries[i] = p.rowsOfColumn(firstColumn + i);
        }
        __syncthreads();
    }

    /** How many inputs the block's first row uses, which uses most; 0 if no row uses its first column, which is used by most. */
    __device__ __forceinline__ int mostInputs(int firstRow) const {
        return firstRow < entries[0] ? inputs[0] : 0;
    }
};

/** Rows of the largest block of any product, and inputs that it reads together. */
static const int MOST_BLOCK_ROWS = 128;
static const int READ_TOGETHER = 8;

/** Whether a block that reads narrow values reads an entry's among inputs of which the first is used by so many entries. */
__device__ __forceinline__ bool isReadNarrow(const Product& p, int entry, int entries) {
    return p.narrow != nullptr && entry - entry % MOST_BLOCK_ROWS < entries;
}

/**
 * Writes a value of y, given the product's with its bias.
 *
 * @param entries how many use the column
 * @param readers how many use the first of the columns that are read together with it
 */
__device__ __forceinline__ void leave(
        const Product& p, int entry, int entries, int readers, float value, long long at, int column) {
    if (entry < entries) {
        value = p.gelu ? gelu(value) : value;
        value = p.residual == nullptr ? value : value + p.residual[at + column];
        if (p.narrow == nullptr) {
            p.y[at + column] = value;
        } else {
            p.narrow[at + column] = floatToBf16(value);
        }
    } else if (column < p.yStride) {
        if (p.rest != nullptr) {
            p.y[at + column] = p.residual == nullptr ? p.rest[column] : p.rest[column] + p.residual[at + column];
        } else if (isReadNarrow(p, entry, readers)) {
            p.narrow[at + column] = 0;
        }
    }
}

/** Two values of columns next to each other that an entry uses, at an even place of y. */
__device__ __forceinline__ void leavePair(const Product& p, float2 values, long long at) {
    if (p.gelu) {
        values.x = gelu(values.x);
        values.y = gelu(values.y);
    }
    if (p.residual != nullptr) {
        float2 residual = *(const float2*)(p.residual + at);
        values.x += residual.x;
        values.y += residual.y;
    }
    if (p.narrow == nullptr) {
        *(float2*)(p.y + at) = values;
    } else {
        *(unsigned*)(p.narrow + at) = packBf16(values.x, values.y);
    }
}

// ---- attention: whose columns and rows

/** The columns of a head in a matrix: side by side from one on, or in units of 8, unit i of head h beginning at units[h * headSize / 8 + i]. */
struct HeadPlace {
    int stride;
    int first;
    const int* units;

    __device__ __forceinline__ int column(int head, int headSize, int c) const {
        int column = head * headSize + c;
        return units == nullptr ? first + column : units[column / 8] + column % 8;
    }
};

/** The rows that a block works on, and where the probabilities of its head begin. */
struct AttendedHead {
    int head;
    int headSize;
    int firstQuery;
    int queries;
    int firstKey;
    int keys;
    bool causal;
    long long probabilities;

    __device__ __forceinline__ bool sees(int query, int key) const {
        return query < queries && key < keys && (!causal || key <= query);
    }
};

__device__ __forceinline__ AttendedHead attendedHead(
        const int* queryOffsets, const int* keyOffsets, const long long* probabilityOffsets, int headSize, int causal) {
    int sequence = blockIdx.z;
    AttendedHead a;
    a.head = blockIdx.y;
    a.headSize = headSize;
    a.firstQuery = queryOffsets[sequence];
    a.queries = queryOffsets[sequence + 1] - a.firstQuery;
    a.firstKey = keyOffsets[sequence];
    a.keys = keyOffsets[sequence + 1] - a.firstKey;
    a.causal = causal != 0;
    a.probabilities = probabilityOffsets == nullptr
            ? 0
            : probabilityOffsets[sequence] + (long long)a.head * a.queries * a.keys;
    return a;
}

/** What every kernel of attention takes. */
#define ATTENTION_PARAMETERS                                                                                                   \
    const float *__restrict__ q, int qStride, int qFirst, const int *qUnits, const float *__restrict__ k, int kStride, int kFirst, \
        const int *kUnits, const float *__restrict__ v, int vStride, int vFirst, const int *vUnits, const int *queryOffsets,     \
        const int *keyOffsets, int headSize, float scale, int causal, float *__restrict__ context, int contextStride,            \
        const int *contextUnits
