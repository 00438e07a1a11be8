// Matrix products whose weights are not packed: with few outputs, and gradients of weights.

/*
 * y [rows, outputs] = x [rows, inputs] weight^T + bias, weight [at least outputs, inputs], for few outputs such as a gate's. A row's sum has the same order wherever
 * it stands: input k belongs to lane k % 32. Grid (ceil(rows / 4)), block 128.
 */
extern "C" __global__ void __launch_bounds__(128) dots(
        const float* __restrict__ x,
        const float* __restrict__ weight,
        const float* __restrict__ bias,
        const int* rows,
        int inputs,
        int outputs,
        float* __restrict__ y) {
    int lane = threadIdx.x % 32;
    int row = blockIdx.x * 4 + threadIdx.x / 32;
    if (row >= *rows) {
        return;
    }
    const float* values = x + (long long)row * inputs;
    for (int output = 0; output < outputs; output += 4) {
        float sums[4] = {};
        for (int k = lane; k < inputs; k += 32) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                float factor = output + j < outputs ? weight[(long long)(output + j) * inputs + k] : 0.0f;
                sums[j] = fmaf(values[k], factor, sums[j]);
            }
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float sum = warpSum(sums[j]);
            if (lane == 0 && output + j < outputs) {
                y[(long long)row * outputs + output + j] = sum + bias[output + j];
            }
        }
    }
}

static const int GRADIENT_TILE = 64;
static const int GRADIENT_ROWS = 16;

/** Four values of a row of x or dy, 0 beyond its columns or the rows. */
__device__ __forceinline__ float4 gradientFour(const float* values, int columns, int rows, int row, int column) {
    bool aligned = columns % 4 == 0 && isAligned(values, 16);
    return readFour(values + (long long)row * columns + column, row < rows ? columns - column : 0, aligned);
}

/*
 * dWeight [inputs, outputs] += x^T dy, for x [rows, inputs] and dy [rows, outputs], rows in ascending order.
 * Grid (ceil(outputs / 64), ceil(inputs / 64)), block 256.
 */
extern "C" __global__ void __launch_bounds__(256, 2) weightGradient(
        const float* __restrict__ x,
        const float* __restrict__ dy,
        int rows,
        int inputs,
        int outputs,
        float* __restrict__ dWeight) {
    __shared__ __align__(16) float left[2][GRADIENT_ROWS][GRADIENT_TILE];
    __shared__ __align__(16) float right[2][GRADIENT_ROWS][GRADIENT_TILE];
    int firstInput = blockIdx.y * GRADIENT_TILE;
    int firstOutput = blockIdx.x * GRADIENT_TILE;
    int loadRow = threadIdx.x / 16;
    int place = threadIdx.x % 16 * 4;
    int eachInput = threadIdx.x / 16 * 4;
    float sums[4][4] = {};
    float4 nextLeft = gradientFour(x, inputs, rows, loadRow, firstInput + place);
    float4 nextRight = gradientFour(dy, outputs, rows, loadRow, firstOutput + place);
    for (int row = 0; row < rows; row += GRADIENT_ROWS) {
        int stage = row / GRADIENT_ROWS % 2;
        *(float4*)&left[stage][loadRow][place] = nextLeft;
        *(float4*)&right[stage][loadRow][place] = nextRight;
        nextLeft = gradientFour(x, inputs, rows, row + GRADIENT_ROWS + loadRow, firstInput + place);
        nextRight = gradientFour(dy, outputs, rows, row + GRADIENT_ROWS + loadRow, firstOutput + place);
        // One barrier a step is enough: the other stage is written only after the next one.
        __syncthreads();
#pragma unroll
        for (int r = 0; r < GRADIENT_ROWS; r++) {
            float4 a = *(const float4*)&left[stage][r][eachInput];
            float4 b = *(const float4*)&right[stage][r][place];
            const float factors[4] = {a.x, a.y, a.z, a.w};
#pragma unroll
            for (int i = 0; i < 4; i++) {
                sums[i][0] = fmaf(factors[i], b.x, sums[i][0]);
                sums[i][1] = fmaf(factors[i], b.y, sums[i][1]);
                sums[i][2] = fmaf(factors[i], b.z, sums[i][2]);
                sums[i][3] = fmaf(factors[i], b.w, sums[i][3]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int input = firstInput + eachInput + i;
            int output = firstOutput + place + j;
            if (input < inputs && output < outputs) {
                dWeight[(long long)input * outputs + output] += sums[i][j];
            }
        }
    }
}
