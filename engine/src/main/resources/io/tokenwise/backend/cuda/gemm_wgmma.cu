// Matrix products by wgmma, for Hopper only (sm_90a): instructions of a warpgroup, four warps, that read both sides from shared memory while the warps go on.
// What is multiplied and what becomes of it is that of gemm_tensor.cu, and so is the order of sums: ascending inputs, 32 bytes an instruction. In bytes both
// give the same bits, as sums are whole numbers; in bfloat16 the two kinds of instructions may round otherwise, so that they are never mixed.

// ---- instructions

#ifndef TOKENWISE_FAKE

#define SUMS_OF(r, n)                                                                                                                   \
    "+" r(d[n][0]), "+" r(d[n][1]), "+" r(d[n][2]), "+" r(d[n][3]), "+" r(d[n + 1][0]), "+" r(d[n + 1][1]), "+" r(d[n + 1][2]), "+" r(d[n + 1][3])
#define ALL_SUMS(r) \
    SUMS_OF(r, 0), SUMS_OF(r, 2), SUMS_OF(r, 4), SUMS_OF(r, 6), SUMS_OF(r, 8), SUMS_OF(r, 10), SUMS_OF(r, 12), SUMS_OF(r, 14)
#define SUM_REGISTERS                                                                                                      \
    "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, " \
    "%25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "  \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}"

/** Makes what this thread has copied or written into shared memory visible to wgmma, for which a barrier alone does not do. */
__device__ __forceinline__ void fenceForWgmma() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

/** Before the first instruction that adds to sums which others have written. */
__device__ __forceinline__ void wgmmaFence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

/**
 * Starts d += a b for a [64, 16] and b [16, 128] in bfloat16, which lie where descriptors say. Warp w of the four has rows from 16 w on; d[n] are its columns from
 * 8 n on, spread over its lanes as mma's. Until wgmmaWait has said so d must be left alone, and what is read.
 */
__device__ __forceinline__ void wgmma(float (&d)[16][4], unsigned long long a, unsigned long long b) {
    asm volatile("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 " SUM_REGISTERS ", %64, %65, 1, 1, 1, 0, 0;"
                 : ALL_SUMS("f")
                 : "l"(a), "l"(b));
}

/** The same for a [64, 32] in unsigned and b [32, 128] in signed bytes. */
__device__ __forceinline__ void wgmma(int (&d)[16][4], unsigned long long a, unsigned long long b) {
    asm volatile("wgmma.mma_async.sync.aligned.m64n128k32.s32.u8.s8 " SUM_REGISTERS ", %64, %65, 1;"
                 : ALL_SUMS("r")
                 : "l"(a), "l"(b));
}

/** Ends a group of them. */
__device__ __forceinline__ void wgmmaCommit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

/** Waits until at most the last group of this warpgroup still runs. */
__device__ __forceinline__ void wgmmaWaitButLast() { asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory"); }

/** Waits for all of them, and gives the sums back: without their names here the compiler could read them earlier. */
__device__ __forceinline__ void wgmmaWait(float (&d)[16][4]) {
    asm volatile("wgmma.wait_group.sync.aligned 0;" : ALL_SUMS("f")::"memory");
}

__device__ __forceinline__ void wgmmaWait(int (&d)[16][4]) {
    asm volatile("wgmma.wait_group.sync.aligned 0;" : ALL_SUMS("r")::"memory");
}

#endif

/** As TensorTile, by two warpgroups of 64 rows. Three stages are 98,304 bytes, so that two blocks have room in a multiprocessor; not measured. */
struct WgmmaTile {
    static const int ROWS = 128;
    static const int COLUMNS = 128;
    static const int WARP_ROWS = 16;
    static const int WARP_COLUMNS = 128;
    static const int STEP = 128;
    static const int STAGES = 3;
    static const int THREADS = 256;
    static const int STRIDE = STEP;
    static const int STAGE_BYTES = (ROWS + COLUMNS) * STRIDE;

    /** The 128-byte swizzle: of each eight rows of 128 bytes, row r has its 16 bytes number c where c XOR r would be, so that a column of them lies in different banks. */
    static __device__ __forceinline__ int place(int row, int chunk) { return row * STRIDE + (chunk ^ row % 8) * 16; }
};

/** Where the pattern of exchanged places begins anew. */
static const int SWIZZLED_BYTES = 8 * WgmmaTile::STRIDE;

/**
 * Describes a matrix of rows of inputs to wgmma, whose part of 32 bytes of each row begins at this address: of bits 0 to 13 the address, of bits 32 to 45 how far
 * eight rows are from the next eight, both in units of 16 bytes; in bits 62 and 63 1 for the 128-byte swizzle. The instruction exchanges places by the bits of the
 * address that it has computed, so a later part of the rows begins 32 bytes on; bits 49 to 51 are 0 where eight rows begin at a multiple of SWIZZLED_BYTES. Bits
 * 16 to 29 mean nothing for rows that lie so, and are said to be 1.
 */
__device__ __forceinline__ unsigned long long describeRows(const void* shared) {
    unsigned long long address = (sharedAddress(shared) & 0x3ffff) >> 4;
    return address | 1ull << 16 | (unsigned long long)(SWIZZLED_BYTES >> 4) << 32 | 1ull << 62;
}

/** The first place in dynamic shared memory where the pattern may begin. */
__device__ __forceinline__ unsigned char* swizzledStages(unsigned char* shared) {
    return shared + (SWIZZLED_BYTES - sharedAddress(shared) % SWIZZLED_BYTES) % SWIZZLED_BYTES;
}

/**
 * The block's part of a product. While a step is multiplied the next one is copied, into the stage of the one before the last: that one's products have ended, as each
 * warpgroup has waited for them before the barrier.
 */
template <class Left>
__device__ __forceinline__ void multiplyByWgmma(
        const Product& p, Left& left, const unsigned char* weights, int stride, unsigned char* shared) {
    typedef WgmmaTile Tile;
    __shared__ ProductBlock<Tile::ROWS, Tile::COLUMNS> block;
    if (!isWritten<Tile>(p, block)) {
        return;
    }
    StepCopies<Tile, Left> copies(p, left, block, weights, stride, swizzledStages(shared));
    int warpRow = threadIdx.x / 32 * Tile::WARP_ROWS;
    int groupRow = threadIdx.x / 128 * 64;
    typename Left::Sum sums[1][Tile::WARP_COLUMNS / 8][4] = {};
    copies.start(0);
    for (int step = 0; step < copies.steps; step++) {
        copyAsyncWait<0>();
        fenceForWgmma();
        __syncthreads();
        copies.start(step + 1);
        const unsigned char* stage = copies.stage(step);
        wgmmaFence();
#pragma unroll
        for (int at = 0; at < Tile::STEP; at += 32) {
            wgmma(sums[0],
                  describeRows(stage + groupRow * Tile::STRIDE + at),
                  describeRows(stage + Tile::ROWS * Tile::STRIDE + at));
        }
        wgmmaCommit();
        wgmmaWaitButLast();
    }
    wgmmaWait(sums[0]);
    writeSums<Tile, Left>(p, left, block, warpRow, 0, sums);
}

/*
 * linearNarrowLarge of gemm_tensor.cu by wgmma: its grid and block, and 99,328 dynamic shared bytes. It may differ from it in the last bits.
 */
extern "C" __global__ void __launch_bounds__(256, 2) linearNarrowWgmma(
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
    NarrowRows<WgmmaTile> left;
    left.x = x;
    left.stride = xStride;
    multiplyByWgmma(p, left, (const unsigned char*)OF_JOB(weights), OF_JOB(weightStride) * 2, dynamicShared);
}

/*
 * linearS8Large likewise, to the same bits.
 */
extern "C" __global__ void __launch_bounds__(256, 2) linearS8Wgmma(
        const unsigned char* __restrict__ x,
        int xStride,
        const float* __restrict__ steps,
        BYTE_WEIGHTS(0),
        BYTE_WEIGHTS(1),
        PRODUCT_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    const Product p = PRODUCT(nullptr);
    ByteRows<WgmmaTile> left;
    left.x = x;
    left.stride = xStride;
    left.steps = steps;
    left.scales = OF_JOB(scales);
    left.sums = OF_JOB(sums);
    multiplyByWgmma(p, left, (const unsigned char*)OF_JOB(weights), OF_JOB(weightStride), dynamicShared);
}
