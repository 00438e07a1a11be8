// Sums over the rows of a matrix. A block of 512 threads takes 8 columns, a sector of memory, and 64 rows at a time: its grid is ceil(columns / 8),
// without dynamic shared memory. The order of a sum depends on the number of rows alone.

#define COLUMN_THREADS 512
#define COLUMNS 8
#define ROW_LANES 64

/**
 * Adds up add(at, sums) over the rows of this thread's column, at being the place of the value in the matrix; returns whether this thread has the
 * column's sums, and is to write them.
 */
template <int N, class Add>
__device__ __forceinline__ bool columnSums(int rows, int columns, double (&sums)[N], Add add) {
    __shared__ double shared[N][ROW_LANES][COLUMNS];
    int inBlock = threadIdx.x % COLUMNS;
    int column = blockIdx.x * COLUMNS + inBlock;
    int lane = threadIdx.x / COLUMNS;
    for (int n = 0; n < N; n++) {
        sums[n] = 0;
    }
    if (column < columns) {
#pragma unroll 4
        for (int row = lane; row < rows; row += ROW_LANES) {
            add(row, (size_t)row * columns + column, sums);
        }
    }
    for (int n = 0; n < N; n++) {
        shared[n][lane][inBlock] = sums[n];
    }
    for (int half = ROW_LANES / 2; half > 0; half /= 2) {
        __syncthreads();
        for (int n = 0; n < N && lane < half; n++) {
            shared[n][lane][inBlock] += shared[n][lane + half][inBlock];
        }
    }
    for (int n = 0; n < N && lane == 0; n++) {
        sums[n] = shared[n][0][inBlock];
    }
    return lane == 0 && column < columns;
}

/** sums += the sum of x [rows, columns] over its rows. */
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS)
    addColumnSums(const float* __restrict__ x, float* __restrict__ sums, int rows, int columns) {
    double sum[1];
    if (columnSums(rows, columns, sum, [=](int, size_t at, double (&s)[1]) { s[0] += x[at]; })) {
        sums[blockIdx.x * COLUMNS + threadIdx.x % COLUMNS] += (float)sum[0];
    }
}

/** dGamma += the sum of dy times normalised x over rows, dBeta += that of dy; x and dy [rows, columns], statistics as layerNorm wrote them. */
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS)
    layerNormParameterGradient(const float* __restrict__ x, const float* __restrict__ statistics, const float* __restrict__ dy,
                               float* __restrict__ dGamma, float* __restrict__ dBeta, int rows, int columns) {
    double sums[2];
    bool writes = columnSums(rows, columns, sums, [=](int row, size_t at, double (&s)[2]) {
        float gradient = dy[at];
        s[0] += gradient * ((x[at] - statistics[2 * (size_t)row]) * statistics[2 * (size_t)row + 1]);
        s[1] += gradient;
    });
    if (writes) {
        int column = blockIdx.x * COLUMNS + threadIdx.x % COLUMNS;
        dGamma[column] += (float)sums[0];
        dBeta[column] += (float)sums[1];
    }
}
