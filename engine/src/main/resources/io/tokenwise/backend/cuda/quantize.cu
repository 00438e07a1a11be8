// What products multiply: rows as unsigned bytes or in bfloat16, and weights packed in each type.

/*
 * The inputs that a row uses, as unsigned bytes with one step and least value: bytes [rows, stride] and steps [rows, 2],
 * with the CPU's bits; bytes of other inputs are 0. Rows that use no slice are left alone. The other parameters are those of Product.
 * stride is a multiple of 16, bytes aligned to 4. Grid (ceil(rows / 4), 1, jobs), block 128.
 */
extern "C" __global__ void __launch_bounds__(128) quantizeRows(
        const float* __restrict__ x,
        int xStride,
        const int* rows,
        unsigned char* __restrict__ bytes,
        int stride,
        float* __restrict__ steps,
        LEFT_PARAMETERS(0),
        LEFT_PARAMETERS(1)) {
    const Product p = {LEFT_PRODUCT};
    int entry = warpRow();
    if (entry >= p.rowsOf(0)) {
        return;
    }
    int used = p.inputStarts == nullptr ? OF_JOB(inputs) : p.inputStarts[p.slicesOf(entry)];
    long long at = p.order == nullptr ? entry : p.order[entry];
    quantizeRow(x + at * xStride, used, isReadInFours(x, xStride), bytes + at * stride, stride, steps + 2 * at);
}

/*
 * The same in bfloat16: target [rows, stride], zeros for inputs that a row does not use, up to stride, a multiple of 8; target aligned to 8.
 * Grid (ceil(rows / 4), 1, jobs), block 128.
 */
extern "C" __global__ void __launch_bounds__(128) narrowRows(
        const float* __restrict__ x,
        int xStride,
        const int* rows,
        Bf16* __restrict__ target,
        int stride,
        LEFT_PARAMETERS(0),
        LEFT_PARAMETERS(1)) {
    const Product p = {LEFT_PRODUCT};
    int entry = warpRow();
    if (entry >= p.rowsOf(0)) {
        return;
    }
    int used = p.inputStarts == nullptr ? OF_JOB(inputs) : p.inputStarts[p.slicesOf(entry)];
    long long at = p.order == nullptr ? entry : p.order[entry];
    narrowRow(x + at * xStride, used, isReadInFours(x, xStride), target + at * stride, stride);
}

// ---- packing: the source is [inputs, outputs], or, if transposed, [outputs, inputs], with sourceStride floats a row

/** A tile of 32 x 32 weights by 256 threads, turned on its way through shared memory where source and target lie differently. */
struct WeightTile {
    float values[32][33];

    /** values[k][j] is the weight of input firstInput + k for output firstOutput + j, 0 outside of the matrix. */
    __device__ __forceinline__ void read(
            const float* source, int stride, bool transposed, int inputs, int outputs, int firstInput, int firstOutput) {
        int lane = threadIdx.x % 32;
        for (int row = threadIdx.x / 32; row < 32; row += 8) {
            int k = transposed ? lane : row;
            int j = transposed ? row : lane;
            int input = firstInput + k;
            int output = firstOutput + j;
            bool inside = input < inputs && output < outputs;
            long long at = transposed ? (long long)output * stride + input : (long long)input * stride + output;
            values[k][j] = inside ? source[at] : 0.0f;
        }
        __syncthreads();
    }
};

/*
 * Weights for linearF32: target [inputs, stride], stride >= outputs a multiple of 4, zeros from outputs on.
 * Grid (ceil(stride / 32), ceil(inputs / 32)), block 256.
 */
extern "C" __global__ void __launch_bounds__(256) packF32(
        const float* __restrict__ source,
        int sourceStride,
        int transposed,
        int inputs,
        int outputs,
        float* __restrict__ target,
        int stride) {
    __shared__ WeightTile tile;
    int firstInput = blockIdx.y * 32;
    int output = blockIdx.x * 32 + threadIdx.x % 32;
    tile.read(source, sourceStride, transposed != 0, inputs, outputs, firstInput, blockIdx.x * 32);
    for (int row = threadIdx.x / 32; row < 32 && firstInput + row < inputs; row += 8) {
        if (output < stride) {
            target[(long long)(firstInput + row) * stride + output] = tile.values[row][threadIdx.x % 32];
        }
    }
}

/*
 * Weights for linearBf16: target [outputs, stride], stride >= inputs a multiple of 8, zeros from inputs on.
 * Grid (ceil(stride / 32), ceil(outputs / 32)), block 256.
 */
extern "C" __global__ void __launch_bounds__(256) packBf16Weights(
        const float* __restrict__ source,
        int sourceStride,
        int transposed,
        int inputs,
        int outputs,
        Bf16* __restrict__ target,
        int stride) {
    __shared__ WeightTile tile;
    int firstOutput = blockIdx.y * 32;
    int input = blockIdx.x * 32 + threadIdx.x % 32;
    tile.read(source, sourceStride, transposed != 0, inputs, outputs, blockIdx.x * 32, firstOutput);
    for (int row = threadIdx.x / 32; row < 32 && firstOutput + row < outputs; row += 8) {
        if (input < stride) {
            target[(long long)(firstOutput + row) * stride + input] = floatToBf16(tile.values[threadIdx.x % 32][row]);
        }
    }
}

/*
 * Each output's scale, at which its largest weight by absolute value is largestStep (127), and the factor from a weight to its step, which packS8 needs; both 0 where
 * weights are so small that they might as well be 0. Grid (ceil(outputs / 32)), block 256.
 */
extern "C" __global__ void __launch_bounds__(256) scaleOutputs(
        const float* __restrict__ source,
        int sourceStride,
        int transposed,
        int inputs,
        int outputs,
        float largestStep,
        float* __restrict__ scales,
        float* __restrict__ factors) {
    __shared__ WeightTile tile;
    int lane = threadIdx.x % 32;
    int output = blockIdx.x * 32 + lane;
    float largest = 0.0f;
    for (int firstInput = 0; firstInput < inputs; firstInput += 32) {
        tile.read(source, sourceStride, transposed != 0, inputs, outputs, firstInput, blockIdx.x * 32);
        for (int row = threadIdx.x / 32; row < 32; row += 8) {
            largest = fmaxf(largest, fabsf(tile.values[row][lane]));
        }
        __syncthreads();
    }
    tile.values[threadIdx.x / 32][lane] = largest;
    __syncthreads();
    if (threadIdx.x < 32 && output < outputs) {
        for (int row = 1; row < 8; row++) {
            largest = fmaxf(largest, tile.values[row][lane]);
        }
        float factor = largestStep / largest;
        bool isZero = factor == INFINITE;
        factors[output] = isZero ? 0.0f : factor;
        scales[output] = isZero ? 0.0f : largest / largestStep;
    }
}

/*
 * Weights for linearS8: target [outputs, stride], stride >= inputs a multiple of 16, zeros from inputs on; each weight times its output's factor, rounded to
 * nearest, halves upwards. Grid (ceil(stride / 32), ceil(outputs / 32)), block 256.
 */
extern "C" __global__ void __launch_bounds__(256) packS8(
        const float* __restrict__ source,
        int sourceStride,
        int transposed,
        int inputs,
        int outputs,
        const float* __restrict__ factors,
        signed char* __restrict__ target,
        int stride) {
    __shared__ WeightTile tile;
    int firstOutput = blockIdx.y * 32;
    int input = blockIdx.x * 32 + threadIdx.x % 32;
    tile.read(source, sourceStride, transposed != 0, inputs, outputs, blockIdx.x * 32, firstOutput);
    for (int row = threadIdx.x / 32; row < 32 && firstOutput + row < outputs; row += 8) {
        if (input < stride) {
            // Rounded by itself, as on the CPU: one fused with the subtraction would bring other halves upwards.
            float value = __fmul_rn(tile.values[threadIdx.x % 32][row], factors[firstOutput + row]);
            float below = floorf(value);
            int step = (int)below + (value - below >= 0.5f ? 1 : 0);
            target[(long long)(firstOutput + row) * stride + input] = (signed char)step;
        }
    }
}

/*
 * What a left side of ones gives: sums [outputs], or, if inputStarts [slices + 1] is not null, [slices + 1, outputs], row n over the inputs of the first n slices.
 * Grid (ceil(outputs / 4)), block 128.
 */
extern "C" __global__ void __launch_bounds__(128) sumSteps(
        const signed char* __restrict__ weights,
        int stride,
        int inputs,
        int outputs,
        const float* __restrict__ scales,
        int slices,
        const int* inputStarts,
        float* __restrict__ sums) {
    int lane = threadIdx.x % 32;
    int output = blockIdx.x * 4 + threadIdx.x / 32;
    if (output >= outputs) {
        return;
    }
    int first = 0;
    float sum = 0.0f;
    for (int row = inputStarts == nullptr ? 1 : 0; row <= slices; row++) {
        int end = inputStarts == nullptr ? inputs : inputStarts[row];
        float part = 0.0f;
        for (int k = first + lane; k < end; k += 32) {
            part += (float)weights[(long long)output * stride + k];
        }
        // Whole numbers, so that the order of the sum does not matter.
        sum += warpSum(part);
        first = end;
        if (lane == 0) {
            sums[(long long)(inputStarts == nullptr ? 0 : row) * outputs + output] = sum * scales[output];
        }
    }
}

/* sums [slices + 1, outputs]: row n is the sum of the first n of the biases [slices, outputs]. Grid (ceil(outputs / 256)), block 256. */
extern "C" __global__ void __launch_bounds__(256) addUpBiases(
        const float* __restrict__ biases, int slices, int outputs, float* __restrict__ sums) {
    int output = blockIdx.x * 256 + threadIdx.x;
    if (output >= outputs) {
        return;
    }
    float sum = 0.0f;
    sums[output] = sum;
    for (int n = 0; n < slices; n++) {
        sum += biases[(long long)n * outputs + output];
        sums[(long long)(n + 1) * outputs + output] = sum;
    }
}
