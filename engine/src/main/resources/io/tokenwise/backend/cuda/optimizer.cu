// What optimizers need besides products. Values: blocks of 256 threads take 1,024 of them, grid ceil(count / 1024). No dynamic shared memory.

#define OPTIMIZER_THREADS 256
#define OPTIMIZER_EACH 4
#define SQUARES_VALUES 16384

/** f(i) for the block's share of i < count. */
template <class F>
__device__ __forceinline__ void forParameters(int count, F f) {
#pragma unroll
    for (int k = 0; k < OPTIMIZER_EACH; k++) {
        unsigned i = (blockIdx.x * (unsigned)OPTIMIZER_EACH + k) * OPTIMIZER_THREADS + threadIdx.x;
        if (i < (unsigned)count) {
            f(i);
        }
    }
}

/** parts[p] = the sum of squares over part p of 16,384 values of x, of count. Grid: ceil(count / 16384); block: 256. */
extern "C" __global__ void __launch_bounds__(OPTIMIZER_THREADS)
    sumOfSquaresParts(const float* __restrict__ x, int count, double* __restrict__ parts) {
    __shared__ double shared[OPTIMIZER_THREADS];
    double sum = 0;
    for (int k = 0; k < SQUARES_VALUES; k += OPTIMIZER_THREADS) {
        unsigned i = blockIdx.x * (unsigned)SQUARES_VALUES + k + threadIdx.x;
        double value = i < (unsigned)count ? x[i] : 0.0f;
        sum += value * value;
    }
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = sum;
    }
}

/** total = the sum of parts [count]: of one tensor's, or of all gradients' one after the other. Grid: 1; block: 256. */
extern "C" __global__ void __launch_bounds__(OPTIMIZER_THREADS)
    sumParts(const double* __restrict__ parts, int count, double* __restrict__ total) {
    __shared__ double shared[OPTIMIZER_THREADS];
    double sum = 0;
    for (int i = threadIdx.x; i < count; i += OPTIMIZER_THREADS) {
        sum += parts[i];
    }
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) {
        *total = sum;
    }
}

/**
 * One step of AdamW (Loshchilov and Hutter 2019, algorithm 2): m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, w -= rate * (m / correction1
 * / (sqrt(v / correction2) + epsilon) + decay * w), where g is the gradient times gradientScale. correctionN is 1 - betaN^t; count values.
 */
extern "C" __global__ void __launch_bounds__(OPTIMIZER_THREADS)
    adamW(float* __restrict__ w, const float* __restrict__ gradient, float* __restrict__ m, float* __restrict__ v, float rate, float beta1,
          float beta2, float epsilon, float decay, float correction1, float correction2, float gradientScale, int count) {
    float inverse1 = 1 / correction1;
    float inverse2 = 1 / correction2;
    forParameters(count, [=](unsigned i) {
        float g = gradient[i] * gradientScale;
        float mean = fmaf(beta1, m[i], (1 - beta1) * g);
        float square = fmaf(beta2, v[i], (1 - beta2) * (g * g));
        float direction = mean * inverse1 / (sqrtf(square * inverse2) + epsilon);
        float weight = w[i];
        m[i] = mean;
        v[i] = square;
        w[i] = fmaf(-rate, fmaf(decay, weight, direction), weight);
    });
}
