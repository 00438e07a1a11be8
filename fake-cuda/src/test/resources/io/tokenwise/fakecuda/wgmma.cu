// A product of a warpgroup by wgmma, from rows of 128 bytes with the 128-byte swizzle, and what may be done wrong.

#define UNFENCED 1
#define UNSEEN 2
#define EARLY 3
#define OVERWRITTEN 4
#define UNSWIZZLED 5
#define CROOKED 6
#define UNAWAITED 7
#define DIFFERENT 8
#define OUTSIDE 9

__device__ __forceinline__ unsigned long long describe(const unsigned char* shared, int mistake) {
    unsigned long long swizzle = mistake == UNSWIZZLED ? 0 : 1;
    return (unsigned long long)(sharedAddress(shared) >> 4) | 1ull << 16 | 64ull << 32 | swizzle << 62;
}

/** d [64, 128] = a b, a [64, 128 bytes], b transposed [128, 128 bytes]. Four warps, 25,600 shared bytes. */
template <class T>
__device__ __forceinline__ void product(
        const unsigned char* a, const unsigned char* b, T* d, int mistake, unsigned char* shared) {
    unsigned char* left = shared + (1024 - sharedAddress(shared) % 1024) % 1024;
    for (int i = threadIdx.x; i < (64 + 128) * 8; i += 128) {
        int row = i / 8;
        copyAsync16(left + row * 128 + (i % 8 ^ row % 8) * 16, (row < 64 ? a + row * 128 : b + (row - 64) * 128) + i % 8 * 16);
    }
    copyAsyncCommit();
    copyAsyncWait<0>();
    if (mistake != UNSEEN) {
        fenceForWgmma();
    }
    __syncthreads();
    T sums[16][4] = {};
    if (mistake != UNFENCED) {
        wgmmaFence();
    }
    int shift = mistake == CROOKED ? 128 : mistake == DIFFERENT ? 1024 * (threadIdx.x / 64) : 0;
    for (int at = 0; at < 128; at += 32) {
        wgmma(sums, describe(left + at + shift, mistake), describe(left + (mistake == OUTSIDE ? 128 : 64) * 128 + at, mistake));
    }
    wgmmaCommit();
    T early = sums[0][0];
    if (mistake == OVERWRITTEN) {
        *(int*)(left + threadIdx.x / 2 * 128) = 0x01020304;
    }
    if (mistake != UNAWAITED) {
        wgmmaWait(sums);
    }
    sums[0][0] = mistake == EARLY ? early : sums[0][0];
    for (int i = 0; i < 64; i++) {
        int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4 + i % 4 / 2 * 8;
        d[row * 128 + i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2] = sums[i / 4][i % 4];
    }
}

extern "C" __global__ void __launch_bounds__(128) wgmmaBf16(const unsigned char* a, const unsigned char* b, float* d, int mistake) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    product(a, b, d, mistake, dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128) wgmmaU8S8(const unsigned char* a, const unsigned char* b, int* d, int mistake) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    product(a, b, d, mistake, dynamicShared);
}
