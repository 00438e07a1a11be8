// How many learners each row gets, and the rows ordered by that, without the host.
//
// A routing of `rows` rows over `learners` learners, at most 64, is, in device memory:
//   choice [rows + 1]   learners of each row; behind them, how many rows' texts could not pay for the gate
//   order  [rows]   row numbers, those with most learners first, equal ones ascending
//   partly [rows]   order without the rows that have all learners; the first counts[2 learners + 1] entries count
//   counts [2 learners + 2]
//     [0]                  rows that have all learners: the first ones of order
//     [1 + n]              rows that use learner n, n from 0: the first ones of order
//     [1 + learners + n]   of them those that do not have all, n < learners - 1: the first ones of partly
//     [2 learners]         rows without learners: the last ones of order
//     [2 learners + 1]     rows that do not have all

#define ROUTING_THREADS 1024
#define ROUTING_WARPS 32
#define MOST_BUCKETS 65

/** Chunks of 32 rows that a warp loads before it looks at them. */
#define CHUNKS_AHEAD 4

/** What the sort of a block shares. Buckets are of rows with equally many learners, most first. */
struct SortMemory {
    /** For each warp and bucket first how many rows it has, then where its next one goes. */
    int next[ROUTING_WARPS][MOST_BUCKETS];
    int totals[MOST_BUCKETS];
};

/** f(row, bucket, the lanes with the same bucket) for each row of this warp's share of them, chunk by chunk; all lanes that have a row call it together. */
template <class F>
__device__ __forceinline__ void forBuckets(const volatile int* choice, int rows, int learners, F f) {
    int lane = threadIdx.x % 32;
    int chunks = (rows + 31) / 32;
    int share = (chunks + ROUTING_WARPS - 1) / ROUTING_WARPS * 32;
    int from = threadIdx.x / 32 * share;
    int to = min(rows, from + share);
    for (int at = from; at < to; at += 32 * CHUNKS_AHEAD) {
        int buckets[CHUNKS_AHEAD];
#pragma unroll
        for (int k = 0; k < CHUNKS_AHEAD; k++) {
            int row = at + 32 * k + lane;
            buckets[k] = row < to ? learners - choice[row] : -1;
        }
#pragma unroll
        for (int k = 0; k < CHUNKS_AHEAD; k++) {
            unsigned left = __ballot_sync(0xffffffffu, buckets[k] >= 0);
            while (left != 0) {
                int bucket = __shfl_sync(0xffffffffu, buckets[k], __ffs(left) - 1);
                unsigned same = __ballot_sync(0xffffffffu, buckets[k] == bucket);
                f(at + 32 * k + lane, bucket, same);
                left &= ~same;
            }
        }
    }
}

/** Counting sort of the rows by learners, most first, stable: every warp takes adjacent rows. All threads of a block of 1,024 call it. */
__device__ __forceinline__ void sortRows(const volatile int* choice, int rows, int learners, int* order, int* partly, int* counts,
                                         SortMemory& shared) {
    int thread = threadIdx.x;
    int warp = thread / 32;
    unsigned self = 1u << thread % 32;
    for (int i = thread; i < ROUTING_WARPS * MOST_BUCKETS; i += ROUTING_THREADS) {
        shared.next[i / MOST_BUCKETS][i % MOST_BUCKETS] = 0;
    }
    __syncthreads();
    forBuckets(choice, rows, learners, [&](int, int bucket, unsigned same) {
        if (self == (same & -same)) {
            shared.next[warp][bucket] += __popc(same);
        }
        __syncwarp();
    });
    __syncthreads();
    if (thread <= learners) {
        int total = 0;
        for (int other = 0; other < ROUTING_WARPS; other++) {
            int count = shared.next[other][thread];
            shared.next[other][thread] = total;
            total += count;
        }
        shared.totals[thread] = total;
    }
    __syncthreads();
    int whole = shared.totals[0];
    if (thread <= learners) {
        int start = 0;
        for (int bucket = 0; bucket < thread; bucket++) {
            start += shared.totals[bucket];
        }
        for (int other = 0; other < ROUTING_WARPS; other++) {
            shared.next[other][thread] += start;
        }
        // Where the bucket of rows with n learners starts, those before it use learner n.
        int n = learners - thread;
        if (n < learners) {
            counts[1 + n] = start;
        }
        if (n < learners - 1) {
            counts[1 + learners + n] = start - whole;
        }
        if (n == 0) {
            counts[0] = whole;
            counts[2 * learners] = rows - start;
            counts[2 * learners + 1] = rows - whole;
        }
    }
    __syncthreads();
    forBuckets(choice, rows, learners, [&](int row, int bucket, unsigned same) {
        int first = shared.next[warp][bucket];
        __syncwarp();
        if ((same & self) != 0) {
            int place = first + __popc(same & (self - 1));
            order[place] = row;
            if (place >= whole) {
                partly[place - whole] = row;
            }
        }
        if (self == (same & -same)) {
            shared.next[warp][bucket] = first + __popc(same);
        }
        __syncwarp();
    });
}

/** Makes a routing of the choice [rows]. Grid: 1; block: 1,024. */
extern "C" __global__ void __launch_bounds__(ROUTING_THREADS)
    sortByChoice(const int* __restrict__ choice, const int* rows, int learners, int* __restrict__ order, int* __restrict__ partly,
                 int* __restrict__ counts) {
    __shared__ SortMemory shared;
    sortRows(choice, *rows, learners, order, partly, counts, shared);
}

/** Outputs whose sums run side by side. */
#define GATE_OUTPUTS 4

/** The place of the largest of 0 and x . weight[o] + offset[o], 0 being that of the 0, the first if several are equal; writes these to logits if not null. */
__device__ __forceinline__ int gateChoice(const float* x, const float* __restrict__ weight, const float* __restrict__ offset, int columns,
                                          int outputs, float* logits) {
    int best = 0;
    float most = 0;
    for (int output = 0; output < outputs; output += GATE_OUTPUTS) {
        float sums[GATE_OUTPUTS] = {};
        forColumns(columns, [&](int column) {
            float value = x[column];
#pragma unroll
            for (int k = 0; k < GATE_OUTPUTS; k++) {
                if (output + k < outputs) {
                    sums[k] = fmaf(value, weight[(size_t)(output + k) * columns + column], sums[k]);
                }
            }
        });
#pragma unroll
        for (int k = 0; k < GATE_OUTPUTS; k++) {
            if (output + k < outputs) {
                float logit = warpSum(sums[k]) + offset[output + k];
                if (logits != nullptr && threadIdx.x % 32 == 0) {
                    logits[output + k] = logit;
                }
                if (logit > most) {
                    best = output + k + 1;
                    most = logit;
                }
            }
        }
    }
    return best;
}

/** A gate, in 16 words of 8 bytes. */
struct Gate {
    /** [at least outputs, columns], for each choice but the first by how much better it is than none. */
    const float* weight;
    /** [groups, outputs], what the budget of a group of rows adds. */
    const float* offsets;
    /** [rows]: a row's group, or -1 - k for a row that gets k learners unasked; null: all are of group 0. */
    const int* told;
    /** [outputs + 1]: the learners of a choice, 0 first. */
    const int* countOf;
    /** [rows, outputs], not written for rows that are not asked; null if nobody reads them. */
    float* logits;
    /** The routing. */
    int* choice;
    int* order;
    int* partly;
    int* counts;
    /** An int that is 0 before and after. */
    int* finished;
    /** Of hard budgets, else null, [texts]: what a text is granted, in multiply-adds, or -1 for one that is not bound. */
    const long long* granted;
    /** With them working memory, [rows, learners]. */
    int* keys;
    /** Multiply-adds of a row's gate, and of a learner of a row. */
    long long gateFlops;
    long long learnerFlops;
    long long outputs;
    long long learners;
};

// ---- hard budgets: the numbers that the CPU's CpuHardBudgets comes to. A warp takes a text; what other blocks have written it reads past its cache.

/** The sum over the warp's lanes, which all call it. */
__device__ __forceinline__ int warpTotal(int value) {
#pragma unroll
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        value += __shfl_xor_sync(0xffffffffu, value, lanes);
    }
    return value;
}

/** Ordered like the value, and of 31 bits, so that differences of keys do not overflow. */
__device__ __forceinline__ int slopeKey(float value) {
    int bits = __float_as_int(value);
    return (bits ^ (bits >> 31 & 0x7fffffff)) >> 1;
}

/** Keys [learners] of a row's learners, descending: the slopes of the concave hull of its logits, which are of the counts after the first. */
__device__ __forceinline__ void rankLearners(const volatile float* logits, const int* counts, int outputs, int* keys) {
    float logit = 0;
    int from = 0;
    int column = 0;
    while (column < outputs) {
        float steepest = -INFINITE;
        int end = column;
#pragma unroll 1
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

/** How many of a text's keys are above the threshold. */
__device__ __forceinline__ int keysAbove(const int* keys, int count, int threshold) {
    int above = 0;
#pragma unroll 4
    for (int i = threadIdx.x % 32; i < count; i += 32) {
        above += keys[i] > threshold;
    }
    return warpTotal(above);
}

/** The least threshold that not more than most keys are above. */
__device__ __forceinline__ int leastThreshold(const int* keys, int count, int most) {
    int low = -(1 << 30) - 1;
    int high = (1 << 30) - 1;
    while (low < high) {
        // The difference does not overflow as an unsigned number, the sum would.
        int middle = low + (int)(((unsigned)high - (unsigned)low) >> 1);
        if (keysAbove(keys, count, middle) <= most) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/** Learners of a text's rows, in this lane's those that it has. */
__device__ __forceinline__ int learnersOf(const volatile int* choice, int from, int to) {
    int sum = 0;
#pragma unroll 1
    for (int row = from + threadIdx.x % 32; row < to; row += 32) {
        sum += choice[row];
    }
    return warpTotal(sum);
}

/**
 * Gives most learners to rows from to to of a text, so that the sum of their logits is the largest: those whose keys are above a threshold, and of those whose
 * keys equal it the earlier rows', as far as they go. Where there is no such choice a row has the next smaller one.
 */
__device__ __forceinline__ void giveLearners(const Gate& gate, int from, int to, int most) {
    int lane = threadIdx.x % 32;
    int learners = (int)gate.learners;
    int outputs = (int)gate.outputs;
    for (int row = from + lane; row < to; row += 32) {
        rankLearners(gate.logits + (size_t)row * outputs, gate.countOf + 1, outputs, gate.keys + (size_t)row * learners);
    }
    __syncwarp();
    const int* keys = gate.keys + (size_t)from * learners;
    int all = (to - from) * learners;
    int least = leastThreshold(keys, all, most);
    int spare = most - keysAbove(keys, all, least);
    for (int base = from; base < to; base += 32) {
        int row = base + lane;
        int given = 0;
        int equal = 0;
        for (int learner = 0; row < to && learner < learners; learner++) {
            int key = gate.keys[(size_t)row * learners + learner];
            given += key > least;
            equal += key == least;
        }
        // Those of this row and of earlier ones.
        int until = equal;
#pragma unroll
        for (int lanes = 1; lanes < 32; lanes *= 2) {
            int earlier = __shfl_up_sync(0xffffffffu, until, lanes);
            until += lane >= lanes ? earlier : 0;
        }
        if (row < to) {
            given += min(equal, max(0, spare - (until - equal)));
            int choice = outputs;
            while (gate.countOf[choice] > given) {
                choice--;
            }
            gate.choice[row] = gate.countOf[choice];
        }
        spare -= __shfl_sync(0xffffffffu, until, 31);
    }
    __syncwarp();
}

/**
 * Of each text that is bound: left[text], what it has not spent, grows by what it is granted; its rows keep their choice if it can pay for it besides
 * the gate, or get what it can pay for, none of them any if that is nothing (then the gate costs nothing either); left[text] falls by what that costs.
 *
 * texts [textCount + 1]: first rows; fresh: left is of another batch. All threads of a block of 1,024 call it.
 */
__device__ __forceinline__ void keepHardBudgets(const Gate& gate, const int* texts, int textCount, long long* left, bool fresh, int rows) {
    __shared__ int unpaid;
    if (threadIdx.x == 0) {
        unpaid = 0;
    }
    __syncthreads();
    bool leads = threadIdx.x % 32 == 0;
    for (int text = threadIdx.x / 32; text < textCount; text += ROUTING_WARPS) {
        long long granted = gate.granted[text];
        long long has = (fresh ? 0 : left[text]) + max(granted, 0ll);
        int from = texts[text];
        int to = texts[text + 1];
        long long cost = 0;
        if (granted >= 0) {
            long long most = (has - gate.gateFlops * (to - from)) / gate.learnerFlops;
            if (most <= 0) {
                for (int row = from + threadIdx.x % 32; row < to; row += 32) {
                    gate.choice[row] = 0;
                }
                if (leads && (gate.told == nullptr || from < to && gate.told[from] >= 0)) {
                    atomicAdd(&unpaid, to - from);
                }
            } else {
                if (learnersOf(gate.choice, from, to) > most) {
                    giveLearners(gate, from, to, (int)most);
                }
                cost = gate.gateFlops * (to - from) + gate.learnerFlops * learnersOf(gate.choice, from, to);
            }
        }
        // All lanes have read it.
        __syncwarp();
        if (leads) {
            left[text] = has - cost;
        }
        __syncwarp();
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        gate.choice[rows] = unpaid;
    }
}

/** A row's choice of a gate, or what it is told; and its logits, if somebody reads them. A warp calls it. */
__device__ __forceinline__ int decideRow(const Gate& gate, const float* x, int row, int columns) {
    int group = gate.told == nullptr ? 0 : gate.told[row];
    if (group < 0) {
        return -1 - group;
    }
    int outputs = (int)gate.outputs;
    float* logits = gate.logits == nullptr ? nullptr : gate.logits + (size_t)row * outputs;
    return gate.countOf[gateChoice(x + (size_t)row * columns, gate.weight, gate.offsets + (size_t)group * outputs, columns, outputs, logits)];
}

/**
 * Gates from their rows to routings in one launch: each row of a gate by a warp; the block of a gate that ends last sorts all its rows. Under hard budgets the one
 * that ends last of all gates' does so for all of them in turn, after it has made them fit.
 *
 * x [rows, columns], the rows of all gates; gates [gridDim.y]; texts [textCount + 1], the first rows of texts, and left [textCount], what they may spend, of hard budgets, else null and 0;
 * fresh: left has not been written for this batch. Grid: ceil(rows / 32), gates; block: 1,024.
 */
extern "C" __global__ void __launch_bounds__(ROUTING_THREADS)
    gate(const float* __restrict__ x, const Gate* gates, const int* __restrict__ texts, long long* left, int textCount, int fresh,
         const int* rowCount, int columns) {
    __shared__ SortMemory shared;
    __shared__ bool last;
    int rows = *rowCount;
    bool together = textCount > 0;
    int row = blockIdx.x * ROUTING_WARPS + threadIdx.x / 32;
    if (row < rows) {
        const Gate& own = gates[blockIdx.y];
        int count = decideRow(own, x, row, columns);
        if (threadIdx.x % 32 == 0) {
            own.choice[row] = count;
        }
    }
    int first = together ? 0 : blockIdx.y;
    int behind = together ? gridDim.y : first + 1;
    // What a block wrote must be seen by others before they are told that it has ended.
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(gates[first].finished, 1) == (int)gridDim.x * (behind - first) - 1;
    }
    __syncthreads();
    if (!last) {
        return;
    }
    __threadfence();
    for (int g = first; g < behind; g++) {
        const Gate& sorted = gates[g];
        if (together) {
            keepHardBudgets(sorted, texts, textCount, left, fresh && g == 0, rows);
        } else if (threadIdx.x == 0) {
            sorted.choice[rows] = 0;
        }
        __syncthreads();
        sortRows(sorted.choice, rows, (int)sorted.learners, sorted.order, sorted.partly, sorted.counts, shared);
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        *gates[first].finished = 0;
    }
}
