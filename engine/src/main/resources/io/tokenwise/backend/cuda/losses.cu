// Losses with their gradients, in double as on the CPU. Sums over a whole tensor are taken in two steps, over parts of 4,096 values that do not depend
// on the grid, then over the parts; sums over rows first in each row. Each loss is a double in device memory.

/** Four blocks on a multiprocessor leave each thread 64 registers, which keeps doubles out of memory. */
#define LOSS_THREADS 256
#define PART_VALUES 4096

/** parts[2 p], parts[2 p + 1] = the sums over part p of what two(i, first, second) adds for i < count. */
template <class Two>
__device__ __forceinline__ void partSums(int count, double* parts, Two two) {
    __shared__ double shared[LOSS_THREADS];
    double first = 0;
    double second = 0;
    for (int k = 0; k < PART_VALUES; k += LOSS_THREADS) {
        unsigned i = blockIdx.x * (unsigned)PART_VALUES + k + threadIdx.x;
        if (i < (unsigned)count) {
            two(i, first, second);
        }
    }
    first = blockSum(first, shared);
    second = blockSum(second, shared);
    if (threadIdx.x == 0) {
        parts[2 * (size_t)blockIdx.x] = first;
        parts[2 * (size_t)blockIdx.x + 1] = second;
    }
}

/** The sum of values[stride i + at] for i < count, which every thread of the block gets. */
__device__ __forceinline__ double sumOver(const double* values, int count, int stride, int at) {
    __shared__ double shared[LOSS_THREADS];
    double sum = 0;
    for (int i = threadIdx.x; i < count; i += LOSS_THREADS) {
        sum += values[(size_t)i * stride + at];
    }
    return blockSum(sum, shared);
}

/**
 * First step of cosineDistance: dy = -target / rows, and the parts of y . target. y, target and dy [rows, columns], of count values; parts
 * [2 * ceil(count / 4096)]. Grid: ceil(count / 4096); block: 256.
 */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    cosineDistanceParts(const float* __restrict__ y, const float* __restrict__ target, float* __restrict__ dy, int count, int rows,
                        double* __restrict__ parts) {
    float scale = -1.0f / rows;
    partSums(count, parts, [=](unsigned i, double& product, double&) {
        product += (double)y[i] * target[i];
        dy[i] = scale * target[i];
    });
}

/** loss = 1 - the sum of cosineDistanceParts / rows: the mean of 1 - y . target, for rows of length 1. partCount = ceil(count / 4096). Grid: 1; block: 256. */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    cosineDistance(const double* __restrict__ parts, int partCount, int rows, double* __restrict__ loss) {
    double sum = sumOver(parts, partCount, 2, 0);
    if (threadIdx.x == 0) {
        *loss = 1 - sum / rows;
    }
}

/** First step of relativeSquaredError: parts of (y - target)^2 and of target^2; parts [2 * ceil(count / 4096)]. Grid: ceil(count / 4096); block: 256. */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    squaredErrorParts(const float* __restrict__ y, const float* __restrict__ target, int count, double* __restrict__ parts) {
    partSums(count, parts, [=](unsigned i, double& error, double& norm) {
        double wanted = target[i];
        double difference = y[i] - wanted;
        error += difference * difference;
        norm += wanted * wanted;
    });
}

/** loss = sum (y - target)^2 / sum target^2; dy is the gradient of weight times this. Grid: ceil(count / 4096); block: 256. */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    relativeSquaredError(const float* __restrict__ y, const float* __restrict__ target, const double* __restrict__ parts, float weight, int count,
                         float* __restrict__ dy, double* __restrict__ loss) {
    double norm = sumOver(parts, gridDim.x, 2, 1) + 1e-12;
    float scale = (float)(2 * (double)weight / norm);
    for (int k = 0; k < PART_VALUES; k += LOSS_THREADS) {
        unsigned i = blockIdx.x * (unsigned)PART_VALUES + k + threadIdx.x;
        if (i < (unsigned)count) {
            dy[i] = scale * (y[i] - target[i]);
        }
    }
    if (blockIdx.x == 0) {
        double error = sumOver(parts, gridDim.x, 2, 0);
        if (threadIdx.x == 0) {
            *loss = error / norm;
        }
    }
}

/** loss = mean of (y - target)^2 over the rows whose target is a number, and its gradient; all [rows]. Grid: 1; block: 256. */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    squaredErrorWhereKnown(const float* __restrict__ y, const float* __restrict__ target, float* __restrict__ dy, int rows,
                           double* __restrict__ loss) {
    __shared__ double shared[LOSS_THREADS];
    double mine = 0;
    for (int row = threadIdx.x; row < rows; row += LOSS_THREADS) {
        mine += target[row] == target[row] ? 1 : 0;
    }
    double known = blockSum(mine, shared);
    double sum = 0;
    for (int row = threadIdx.x; row < rows; row += LOSS_THREADS) {
        double difference = target[row] == target[row] ? y[row] - target[row] : 0.0f;
        sum += difference * difference / known;
        dy[row] = (float)(2 * difference / known);
    }
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) {
        *loss = sum;
    }
}

/** log sum_c exp(row[c]), which every thread of the block gets. */
__device__ __forceinline__ double logSum(const float* row, int columns) {
    __shared__ float largests[LOSS_THREADS / 32];
    __shared__ double shared[LOSS_THREADS];
    float largest = -INFINITE;
    for (int column = threadIdx.x; column < columns; column += LOSS_THREADS) {
        largest = fmaxf(largest, row[column]);
    }
    largest = warpMax(largest);
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
        largests[threadIdx.x / 32] = largest;
    }
    __syncthreads();
    for (int warp = 0; warp < LOSS_THREADS / 32; warp++) {
        largest = fmaxf(largest, largests[warp]);
    }
    double total = 0;
    for (int column = threadIdx.x; column < columns; column += LOSS_THREADS) {
        total += exp((double)(row[column] - largest));
    }
    return log(blockSum(total, shared)) + largest;
}

/**
 * rowLosses[r] = -sum_c wanted[c] log softmax(logits)[c], and the gradient of their mean. logits and dLogits [rows, columns]; wanted [rows, columns],
 * which sum to 1 in each row, or null if labels [rows] says the class that is wanted. Grid: rows; block: 256. The loss: meanOverRows.
 */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    crossEntropyRows(const float* __restrict__ logits, const int* __restrict__ labels, const double* __restrict__ wanted,
                     float* __restrict__ dLogits, double* __restrict__ rowLosses, int rows, int columns) {
    __shared__ double shared[LOSS_THREADS];
    size_t at = (size_t)blockIdx.x * columns;
    double logTotal = logSum(logits + at, columns);
    double loss = 0;
    for (int column = threadIdx.x; column < columns; column += LOSS_THREADS) {
        double logProbability = logits[at + column] - logTotal;
        double share = wanted != nullptr ? wanted[at + column] : column == labels[blockIdx.x] ? 1.0 : 0.0;
        loss -= share == 0 ? 0 : share * logProbability;
        dLogits[at + column] = (float)((exp(logProbability) - share) / rows);
    }
    loss = blockSum(loss, shared);
    if (threadIdx.x == 0) {
        rowLosses[blockIdx.x] = loss;
    }
}

/**
 * rowLosses[r] = the divergence of softmax(logits) from softmax(target) (Kullback and Leibler 1951), and the gradient of their mean. logits, target and
 * dLogits [rows, columns]. Grid: rows; block: 256. The loss: meanOverRows.
 */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    divergenceRows(const float* __restrict__ logits, const float* __restrict__ target, float* __restrict__ dLogits,
                   double* __restrict__ rowLosses, int rows, int columns) {
    __shared__ double shared[LOSS_THREADS];
    size_t at = (size_t)blockIdx.x * columns;
    double logTotal = logSum(logits + at, columns);
    double targetLogTotal = logSum(target + at, columns);
    double loss = 0;
    for (int column = threadIdx.x; column < columns; column += LOSS_THREADS) {
        double logProbability = logits[at + column] - logTotal;
        double targetLogProbability = target[at + column] - targetLogTotal;
        double share = exp(targetLogProbability);
        loss += share == 0 ? 0 : share * (targetLogProbability - logProbability);
        dLogits[at + column] = (float)((exp(logProbability) - share) / rows);
    }
    loss = blockSum(loss, shared);
    if (threadIdx.x == 0) {
        rowLosses[blockIdx.x] = loss;
    }
}

/** loss = the mean of rowLosses [rows]. Grid: 1; block: 256. */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    meanOverRows(const double* __restrict__ rowLosses, int rows, double* __restrict__ loss) {
    double sum = sumOver(rowLosses, rows, 1, 0);
    if (threadIdx.x == 0) {
        *loss = sum / rows;
    }
}

/** cosines[p] = y[p] . y[pairs + p], for y [2 * pairs, columns], of rows of length 1. Grid: pairs; block: 256. */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    pairCosines(const float* __restrict__ y, double* __restrict__ cosines, int pairs, int columns) {
    __shared__ double shared[LOSS_THREADS];
    const float* first = y + (size_t)blockIdx.x * columns;
    const float* second = first + (size_t)pairs * columns;
    double sum = 0;
    for (int column = threadIdx.x; column < columns; column += LOSS_THREADS) {
        sum += (double)first[column] * second[column];
    }
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) {
        cosines[blockIdx.x] = sum;
    }
}

/**
 * CoSENT (Su 2022): loss = log(1 + sum exp((cos_q - cos_p) / temperature)) over all p and q of which p has the higher score, and slopes[p], by which it
 * grows with a pair's cosine. cosines, scores and slopes [pairs]. Grid: 1; block: 256.
 */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    orderLoss(const double* __restrict__ cosines, const double* __restrict__ scores, float temperature, int pairs, double* __restrict__ slopes,
              double* __restrict__ loss) {
    __shared__ double shared[LOSS_THREADS];
    double largest = 0;
    for (int p = threadIdx.x; p < pairs; p += LOSS_THREADS) {
        for (int q = 0; q < pairs; q++) {
            double exponent = (cosines[q] - cosines[p]) / temperature;
            largest = scores[p] > scores[q] && exponent > largest ? exponent : largest;
        }
    }
    shared[threadIdx.x] = largest;
    __syncthreads();
    for (int thread = 0; thread < LOSS_THREADS; thread++) {
        largest = shared[thread] > largest ? shared[thread] : largest;
    }
    __syncthreads();
    double total = 0;
    for (int p = threadIdx.x; p < pairs; p += LOSS_THREADS) {
        double slope = 0;
        for (int q = 0; q < pairs; q++) {
            // The pair with the higher score is the one whose cosine should be larger.
            if (scores[p] > scores[q]) {
                double term = exp((cosines[q] - cosines[p]) / temperature - largest);
                total += term;
                slope -= term;
            } else if (scores[q] > scores[p]) {
                slope += exp((cosines[p] - cosines[q]) / temperature - largest);
            }
        }
        slopes[p] = slope;
    }
    total = blockSum(total, shared) + exp(-largest);
    for (int p = threadIdx.x; p < pairs; p += LOSS_THREADS) {
        slopes[p] /= total * temperature;
    }
    if (threadIdx.x == 0) {
        *loss = log(total) + largest;
    }
}

/** dy of orderLoss: dy[p] = slopes[p] y[pairs + p] and dy[pairs + p] = slopes[p] y[p]; y and dy [2 * pairs, columns]. Grid: 2 * pairs; block: 256. */
extern "C" __global__ void __launch_bounds__(LOSS_THREADS, 4)
    orderGradient(const float* __restrict__ y, const double* __restrict__ slopes, float* __restrict__ dy, int pairs, int columns) {
    int row = blockIdx.x;
    int other = row < pairs ? row + pairs : row - pairs;
    double slope = slopes[min(row, other)];
    for (int column = threadIdx.x; column < columns; column += LOSS_THREADS) {
        dy[(size_t)row * columns + column] = (float)(slope * y[(size_t)other * columns + column]);
    }
}
