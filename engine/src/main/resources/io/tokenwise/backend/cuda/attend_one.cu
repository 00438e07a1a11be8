// Attention of one query over a cache, for decoders.

/** The sum, or the largest, of a value of each of 128 threads, the same for all of them; parts are 4 shared floats. */
__device__ __forceinline__ float sumOfBlock(float value, float* parts) {
    value = warpSum(value);
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
        parts[threadIdx.x / 32] = value;
    }
    __syncthreads();
    return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

__device__ __forceinline__ float maxOfBlock(float value, float* parts) {
    value = warpMax(value);
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
        parts[threadIdx.x / 32] = value;
    }
    __syncthreads();
    return fmaxf(fmaxf(parts[0], parts[1]), fmaxf(parts[2], parts[3]));
}

/*
 * One query [heads * headSize] over the first *length columns of a cache [2 * heads * headSize, stride] of keys, then values, to context
 * [heads * headSize]. length lies on the device, so that a graph can be replayed for every token.
 * Grid (heads), block 128, dynamic shared bytes 4 * (the most that length can be).
 */
extern "C" __global__ void __launch_bounds__(128) attendOne(
        const float* __restrict__ query,
        const float* __restrict__ cache,
        int stride,
        const int* length,
        int headSize,
        float scale,
        float* __restrict__ context) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    __shared__ float parts[4];
    float* weights = (float*)dynamicShared;
    int tokens = *length;
    int first = blockIdx.x * headSize;
    const float* keys = cache + (long long)first * stride;
    float largest = -INFINITE;
    for (int j = threadIdx.x; j < tokens; j += 128) {
        float score = 0.0f;
        for (int c = 0; c < headSize; c++) {
            score = fmaf(query[first + c], keys[(long long)c * stride + j], score);
        }
        weights[j] = score * scale;
        largest = fmaxf(largest, weights[j]);
    }
    largest = maxOfBlock(largest, parts);
    float sum = 0.0f;
    for (int j = threadIdx.x; j < tokens; j += 128) {
        weights[j] = expf(weights[j] - largest);
        sum += weights[j];
    }
    // Also the barrier after which all weights are there.
    sum = sumOfBlock(sum, parts);
    const float* values = keys + (long long)gridDim.x * headSize * stride;
    for (int c = threadIdx.x / 32; c < headSize; c += 4) {
        float value = 0.0f;
        for (int j = threadIdx.x % 32; j < tokens; j += 32) {
            value = fmaf(weights[j], values[(long long)c * stride + j], value);
        }
        value = warpSum(value);
        if (threadIdx.x % 32 == 0) {
            context[first + c] = value / sum;
        }
    }
}
