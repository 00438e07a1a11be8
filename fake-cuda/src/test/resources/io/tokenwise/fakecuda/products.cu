// Tensor instructions as kernels use them: A's and B's fragments by ldmatrix from row-major A [16, k] and B transposed [8, k].

/** d = a b, bfloat16: a [16, 16], b transposed [8, 16], d [16, 8]. One warp. */
extern "C" __global__ void __launch_bounds__(32) productBf16(const unsigned short* a, const unsigned short* b, float* d) {
    __shared__ __align__(16) unsigned short left[16 * 16], right[16 * 16];
    int lane = (int)threadIdx.x;
    copyAsync16(left + 8 * lane, a + 8 * lane);
    copyAsyncZero16(right + 8 * lane, b + 8 * lane, lane >= 16);
    copyAsyncCommit();
    copyAsyncWait<0>();
    __syncwarp();
    unsigned x[4], w[4];
    ldmatrix4(x, left + lane % 16 * 16 + lane / 16 * 8);
    ldmatrix4(w, right + lane % 8 * 16 + lane / 8 % 2 * 8);
    unsigned two[2] = {w[0], w[1]};
    float sums[4] = {};
    mmaBf16(sums, x, two);
    for (int i = 0; i < 4; i++) {
        d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[i];
    }
}

/** d = a b, unsigned and signed bytes: a [16, 32], b transposed [8, 32], d [16, 8]. One warp. */
extern "C" __global__ void __launch_bounds__(32) productU8S8(const unsigned char* a, const signed char* b, int* d) {
    __shared__ __align__(16) unsigned char left[16 * 32], right[8 * 32];
    int lane = (int)threadIdx.x;
    copyAsync16(left + 16 * lane, a + 16 * lane);
    copyAsyncCommit();
    copyAsyncZero16(right + 16 * (lane % 16), b + 16 * (lane % 16), false);
    copyAsyncCommit();
    copyAsyncWait<1>();
    copyAsyncWait<0>();
    __syncwarp();
    unsigned x[4], w[4];
    ldmatrix4(x, left + lane % 16 * 32 + lane / 16 * 16);
    ldmatrix4(w, right + lane % 8 * 32 + lane / 8 % 2 * 16);
    unsigned two[2] = {w[0], w[1]};
    int sums[4] = {};
    mmaU8S8(sums, x, two);
    for (int i = 0; i < 4; i++) {
        d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[i];
    }
}

/** Two groups of copies, of which the last `left` are not waited for before y is read: y [2, 32] of x [2, 128]'s every fourth. */
template <int LEFT>
__device__ __forceinline__ void copyGroups(const float* x, float* y) {
    __shared__ __align__(16) float values[2 * 128];
    for (int group = 0; group < 2; group++) {
        copyAsync16(values + 128 * group + 4 * threadIdx.x, x + 128 * group + 4 * threadIdx.x);
        copyAsyncCommit();
    }
    copyAsyncWait<LEFT>();
    __syncthreads();
    y[threadIdx.x] = values[4 * threadIdx.x];
    y[32 + threadIdx.x] = values[128 + 4 * threadIdx.x];
}

#define COPY_GROUPS(LEFT) \
    extern "C" __global__ void __launch_bounds__(32) copyGroups##LEFT(const float* x, float* y) { copyGroups<LEFT>(x, y); }

COPY_GROUPS(0)
COPY_GROUPS(1)
COPY_GROUPS(2)

/** A copy to or from an address that is no multiple of 16. */
extern "C" __global__ void __launch_bounds__(32) copyCrooked(const float* x, int at, int from) {
    __shared__ __align__(16) float values[8];
    copyAsync16(values + at, x + from);
}

/** r = transposed blocks of the 8 x 32 bytes at x, as lanes hold them. */
extern "C" __global__ void __launch_bounds__(32) transpose(const unsigned short* x, unsigned* r) {
    __shared__ __align__(16) unsigned short rows[32 * 8];
    for (int i = 0; i < 8; i++) {
        rows[threadIdx.x * 8 + i] = x[threadIdx.x * 8 + i];
    }
    __syncwarp();
    unsigned loaded[4];
    ldmatrix4Transposed(loaded, rows + threadIdx.x * 8);
    for (int i = 0; i < 4; i++) {
        r[threadIdx.x * 4 + i] = loaded[i];
    }
}
