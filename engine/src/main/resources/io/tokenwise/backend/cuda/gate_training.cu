// What gates need to learn: the choice that gradients pass through.

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
