// What gates need to learn: the choice that gradients pass through, and the loss of budgets that are not kept.

/**
 * The straight-through choice of learner counts (Gumbel-softmax, Jang et al. 2017): soft = softmax((logits + noise) / temperature), running[i, n] = 1 if
 * the largest of row i is a count above n, the first if several are equal, else 0. logits, noise and soft [rows, columns], running [rows, columns - 1].
 * Grid: ceil(rows / 256); block: 256.
 */
extern "C" __global__ void __launch_bounds__(256)
    choose(const float* __restrict__ logits, const float* __restrict__ noise, float temperature, float* __restrict__ soft,
           float* __restrict__ running, int rows, int columns) {
    int row = blockIdx.x * 256 + threadIdx.x;
    if (row >= rows) {
        return;
    }
    size_t at = (size_t)row * columns;
    int best = 0;
    float largest = -INFINITE;
    for (int column = 0; column < columns; column++) {
        float value = (logits[at + column] + noise[at + column]) / temperature;
        soft[at + column] = value;
        if (value > largest) {
            best = column;
            largest = value;
        }
    }
    float sum = 0;
    for (int column = 0; column < columns; column++) {
        float value = expf(soft[at + column] - largest);
        soft[at + column] = value;
        sum += value;
    }
    float scale = 1 / sum;
    for (int column = 0; column < columns; column++) {
        soft[at + column] *= scale;
        if (column > 0) {
            running[at - row + column - 1] = column <= best ? 1.0f : 0.0f;
        }
    }
}

/**
 * Gradient of choose as if the soft choice had been used: dLogits = softmax'(cumulated dRunning / temperature). soft and dLogits [rows, columns], dRunning
 * [rows, columns - 1]. Grid: ceil(rows / 256); block: 256.
 */
extern "C" __global__ void __launch_bounds__(256)
    chooseBackward(const float* __restrict__ soft, float temperature, const float* __restrict__ dRunning, float* __restrict__ dLogits, int rows,
                   int columns) {
    int row = blockIdx.x * 256 + threadIdx.x;
    if (row >= rows) {
        return;
    }
    size_t at = (size_t)row * columns;
    float cumulated = 0;
    float product = 0;
    dLogits[at] = 0;
    for (int column = 1; column < columns; column++) {
        cumulated += dRunning[at - row + column - 1] / temperature;
        dLogits[at + column] = cumulated;
        product = fmaf(soft[at + column], cumulated, product);
    }
    for (int column = 0; column < columns; column++) {
        dLogits[at + column] = soft[at + column] * (dLogits[at + column] - product);
    }
}

/**
 * spent[g] += sum over group g's rows of running[row, n] * flops[n]: multiply-adds, which are whole numbers. running [rows, columns], groups [rows], flops
 * [columns] those of a token, spent [number of groups]. Grid: number of groups; block: 256.
 */
extern "C" __global__ void __launch_bounds__(256)
    budgetSpent(const float* __restrict__ running, const int* __restrict__ groups, const double* __restrict__ flops, double* __restrict__ spent,
                int rows, int columns) {
    __shared__ double shared[256];
    double sum = 0;
    for (int row = threadIdx.x; row < rows; row += 256) {
        if (groups[row] == (int)blockIdx.x) {
            for (int n = 0; n < columns; n++) {
                sum += running[(size_t)row * columns + n] * flops[n];
            }
        }
    }
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) {
        spent[blockIdx.x] += sum;
    }
}

/**
 * The loss of budgets, and slopes[g], by which it grows with a multiply-add more in group g, times weight: loss = mean over groups of |spent - budget| /
 * budget. spent as budgetSpent left it; budgets [groups]; sizes [groups], the rows of each; modules [2]: what all modules' gates and what the dense modules
 * cost a token. Grid: 1; block: 1.
 */
extern "C" __global__ void __launch_bounds__(1)
    budgetLoss(const double* __restrict__ spent, const double* __restrict__ budgets, const int* __restrict__ sizes,
               const double* __restrict__ modules, float weight, int groups, double* __restrict__ slopes, double* __restrict__ loss) {
    double gates = modules[0];
    double dense = modules[1];
    double sum = 0;
    for (int group = 0; group < groups; group++) {
        double share = (spent[group] / sizes[group] + gates) / dense;
        double excess = share / budgets[group] - 1;
        sum += fabs(excess) / groups;
        double sign = excess > 0 ? 1 : excess < 0 ? -1 : 0;
        slopes[group] = weight * sign / (budgets[group] * groups * dense * sizes[group]);
    }
    *loss = sum;
}

/** gradient[row, n] = slopes[groups[row]] * flops[n], of [rows, columns], for the running that budgetSpent read. Grid: ceil(rows / 256); block: 256. */
extern "C" __global__ void __launch_bounds__(256)
    budgetGradient(const double* __restrict__ slopes, const int* __restrict__ groups, const double* __restrict__ flops,
                   float* __restrict__ gradient, int rows, int columns) {
    int row = blockIdx.x * 256 + threadIdx.x;
    if (row < rows) {
        double slope = slopes[groups[row]];
        for (int n = 0; n < columns; n++) {
            gradient[(size_t)row * columns + n] = (float)(slope * flops[n]);
        }
    }
}
