// Kernels that use what threads of a block do together, and kernels that are wrong on purpose.

/** y[block] = sum of x[block, 0..n): one block a row, 256 threads, 1024 bytes of dynamic shared memory. */
extern "C" __global__ void __launch_bounds__(256) sumRows(const float* __restrict__ x, float* __restrict__ y, int n) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    __shared__ float parts[8];
    float* values = reinterpret_cast<float*>(dynamicShared);
    int thread = (int)threadIdx.x;
    values[thread] = thread < n ? x[blockIdx.x * n + thread] : 0.0f;
    __syncthreads();
    float sum = values[255 - thread];
    for (int lanes = 16; lanes > 0; lanes >>= 1) {
        sum += __shfl_xor_sync(0xffffffffu, sum, lanes);
    }
    if (thread % 32 == 0) {
        parts[thread / 32] = sum;
    }
    __syncthreads();
    if (thread == 0) {
        float total = 0.0f;
        for (int i = 0; i < 8; i++) {
            total += parts[i];
        }
        y[blockIdx.x] = total;
    }
}

/** What the lanes of one warp get: y[8, 32]. */
extern "C" __global__ void __launch_bounds__(32) exchange(int* y) {
    int lane = (int)threadIdx.x;
    y[lane] = __shfl_sync(0xffffffffu, lane * 10, 5);
    y[32 + lane] = __shfl_up_sync(0xffffffffu, lane, 3);
    y[64 + lane] = __shfl_down_sync(0xffffffffu, lane, 3);
    y[96 + lane] = __shfl_xor_sync(0xffffffffu, lane, 5, 8);
    y[128 + lane] = (int)__ballot_sync(0xffffffffu, lane % 3 == 0);
    y[160 + lane] = (int)__match_any_sync(0xffffffffu, lane / 4);
    if (lane < 16) { // half a warp alone
        y[192 + lane] = __shfl_xor_sync(0x0000ffffu, lane, 1);
    } else {
        y[192 + lane] = __shfl_xor_sync(0xffff0000u, lane, 2);
    }
    y[224 + lane] = __syncthreads_count(lane < 7);
}

/** Threads that leave before the others meet. */
extern "C" __global__ void __launch_bounds__(64) leaveEarly(int leaving) {
    if ((int)threadIdx.x < leaving) {
        return;
    }
    __syncthreads();
}

/** Half of a warp votes while the other half shuffles. */
extern "C" __global__ void __launch_bounds__(32) disagree(int* y) {
    if (threadIdx.x < 16) {
        y[threadIdx.x] = __any_sync(0xffffffffu, 1);
    } else {
        y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 1);
    }
}

/** The barrier between writing and reading is missing: what a thread reads depends on who ran first. */
extern "C" __global__ void __launch_bounds__(64) withoutBarrier(float* y) {
    __shared__ float values[64];
    values[threadIdx.x] = (float)threadIdx.x;
    y[threadIdx.x] = values[63 - threadIdx.x];
}

/** y[i] = shared memory that nobody wrote, static and dynamic. */
extern "C" __global__ void __launch_bounds__(32) readUnwritten(float* y) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    __shared__ float values[32];
    y[threadIdx.x] = values[threadIdx.x];
    y[32 + threadIdx.x] = reinterpret_cast<float*>(dynamicShared)[threadIdx.x];
    values[threadIdx.x] = 1.0f;
    reinterpret_cast<float*>(dynamicShared)[threadIdx.x] = 1.0f;
}

/** Writes y[at]. */
extern "C" __global__ void __launch_bounds__(32) writeAt(float* y, long long at) { y[at + threadIdx.x] = 1.0f; }

/** Writes a byte of dynamic shared memory. */
extern "C" __global__ void __launch_bounds__(32) writeShared(int at) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    dynamicShared[at] = (unsigned char)threadIdx.x;
}

/** y[i] = 2 x[i]. */
extern "C" __global__ void __launch_bounds__(128) twice(const float* __restrict__ x, float* __restrict__ y, int n) {
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) {
        y[i] = 2.0f * x[i];
    }
}

extern "C" __global__ void __launch_bounds__(32) divide(int* y, int by) { y[threadIdx.x] = 100 / by; }

/** Every kind of parameter, one behind the other. */
extern "C" __global__ void __launch_bounds__(32) parameters(double* y, int a, long long b, float c, int d) {
    if (threadIdx.x == 0) {
        y[0] = a;
        y[1] = (double)b;
        y[2] = c;
        y[3] = d;
    }
}

/** More local memory than a thread has in the simulation. */
extern "C" __global__ void __launch_bounds__(32) deepStack(int* y, int at) {
    volatile int values[40000];
    values[at] = at;
    y[threadIdx.x] = values[at];
}
