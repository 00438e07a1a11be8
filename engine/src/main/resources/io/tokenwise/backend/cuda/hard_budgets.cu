// Budgets that no text exceeds: takes from a text's rows the learners that it cannot pay for, with the numbers that HardBudgets comes to.

#define HARD_THREADS 256

/** Ordered like the value, and of 31 bits, so that differences of keys do not overflow. */
__device__ __forceinline__ int slopeKey(float value) {
    int bits = __float_as_int(value);
    return (bits ^ (bits >> 31 & 0x7fffffff)) >> 1;
}

/** Keys [learners] of a row's learners, descending: the slopes of the concave hull of its logits, which are of the counts after the first. */
__device__ __forceinline__ void rankLearners(const float* logits, const int* counts, int outputs, int* keys) {
    float logit = 0;
    int from = 0;
    int column = 0;
    while (column < outputs) {
        float steepest = -INFINITE;
        int end = column;
        for (int to = column; to < outputs; to++) {
            float slope = (logits[to] - logit) / (counts[to] - from);
            if (slope >= steepest) {
                steepest = slope;
                end = to;
            }
        }
        // Rounding may leave a slope that is a little above the one before.
        int key = from == 0 ? slopeKey(steepest) : min(slopeKey(steepest), keys[from - 1]);
        for (int learner = from; learner < counts[end]; learner++) {
            keys[learner] = key;
        }
        logit = logits[end];
        from = counts[end];
        column = end + 1;
    }
}

/** How many of the keys are above the threshold. All threads of the block call it. */
__device__ __forceinline__ int keysAbove(const int* keys, int count, int threshold, double (&shared)[HARD_THREADS]) {
    int above = 0;
    for (int i = threadIdx.x; i < count; i += HARD_THREADS) {
        above += keys[i] > threshold;
    }
    return (int)blockSum((double)above, shared);
}

/** The least threshold that not more than most keys are above. */
__device__ __forceinline__ int leastThreshold(const int* keys, int count, int most, double (&shared)[HARD_THREADS]) {
    int low = -(1 << 30) - 1;
    int high = (1 << 30) - 1;
    while (low < high) {
        // The difference does not overflow as an unsigned number, the sum would.
        int middle = low + (int)(((unsigned)high - (unsigned)low) >> 1);
        if (keysAbove(keys, count, middle, shared) <= most) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/**
 * Gives most learners to a text's rows, so that the sum of their logits is the largest: those whose keys are above the threshold, and of those whose
 * keys equal it the earlier rows', as far as they go. A row can have at most trained of them, or all.
 */
__device__ __forceinline__ void giveLearners(const int* keys, int rows, int learners, int trained, int most, int* choice,
                                             double (&shared)[HARD_THREADS]) {
    __shared__ int equals[HARD_THREADS];
    int least = leastThreshold(keys, rows * learners, most, shared);
    int spare = most - keysAbove(keys, rows * learners, least, shared);
    for (int base = 0; base < rows; base += HARD_THREADS) {
        int row = base + threadIdx.x;
        int given = 0;
        int equal = 0;
        for (int learner = 0; row < rows && learner < learners; learner++) {
            int key = keys[(size_t)row * learners + learner];
            given += key > least;
            equal += key == least;
        }
        equals[threadIdx.x] = equal;
        __syncthreads();
        for (int earlier = 0; earlier < threadIdx.x; earlier++) {
            spare -= equals[earlier];
        }
        if (row < rows) {
            given += min(equal, max(0, spare));
            choice[row] = given >= learners ? learners : min(given, trained);
        }
        for (int later = threadIdx.x; later < HARD_THREADS; later++) {
            spare -= equals[later];
        }
        __syncthreads();
    }
}

/**
 * After the gate, of each text i with hard[i]: left[i], what it has not spent, grows by granted[i]; its rows keep their choice if it can pay for it besides
 * the gate, or get what it can pay for, none of them any if that is nothing (then the gate costs nothing either); left[i] falls by what that costs, in
 * multiply-adds.
 *
 * logits [rows, outputs] as the gate wrote them; countOf [outputs + 1], the learners of a choice, the last of which is learners; offsets [texts + 1]; hard,
 * granted, left [texts]; gateFlops of a row, learnerFlops of a learner of a row; keys [rows, learners], working memory; choice [rows]. Grid: texts; block: 256.
 */
extern "C" __global__ void __launch_bounds__(HARD_THREADS, 4)
    keepHardBudgets(const float* __restrict__ logits, const int* __restrict__ countOf, const int* __restrict__ offsets,
                    const int* __restrict__ hard, const long long* __restrict__ granted, long long* __restrict__ left, long long gateFlops,
                    long long learnerFlops, int outputs, int learners, int* __restrict__ keys, int* __restrict__ choice) {
    __shared__ double shared[HARD_THREADS];
    int text = blockIdx.x;
    if (hard[text] == 0) {
        return;
    }
    int from = offsets[text];
    int rows = offsets[text + 1] - from;
    choice += from;
    keys += (size_t)from * learners;
    long long has = left[text] + granted[text];
    long long payable = (has - gateFlops * rows) / learnerFlops;
    int most = (int)min(max(payable, 0ll), (long long)rows * learners);
    int sum = 0;
    for (int row = threadIdx.x; row < rows; row += HARD_THREADS) {
        sum += choice[row];
    }
    sum = (int)blockSum((double)sum, shared);
    if (most == 0) {
        for (int row = threadIdx.x; row < rows; row += HARD_THREADS) {
            choice[row] = 0;
        }
        sum = 0;
    } else if (sum > most) {
        for (int row = threadIdx.x; row < rows; row += HARD_THREADS) {
            rankLearners(logits + (size_t)(from + row) * outputs, countOf + 1, outputs, keys + (size_t)row * learners);
        }
        __syncthreads();
        giveLearners(keys, rows, learners, outputs - 1, most, choice, shared);
        sum = 0;
        for (int row = threadIdx.x; row < rows; row += HARD_THREADS) {
            sum += choice[row];
        }
        sum = (int)blockSum((double)sum, shared);
    }
    if (threadIdx.x == 0) {
        left[text] = has - (most == 0 ? 0 : gateFlops * rows) - learnerFlops * sum;
    }
}
