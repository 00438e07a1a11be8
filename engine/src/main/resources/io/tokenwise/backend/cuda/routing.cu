// How many learners each row gets, and the rows ordered by that, without the host.
//
// A routing of `rows` rows over `learners` learners, at most 64, is, in device memory:
//   choice [rows]   learners of each row
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

/**
 * A gate from its rows to a routing in one launch: each row by a warp; the block that ends last sorts all of them.
 *
 * x [rows, columns]; weight [at least outputs, columns], for each choice but the first by how much better it is than none; offsets [groups, outputs],
 * what the budget of a group of rows adds; told [rows]: a row's group, or -1 - k for a row that gets k learners unasked, or null, all are of group 0;
 * countOf [outputs + 1]: the learners of a choice; logits [rows, outputs] or null, not written for rows that are not asked; finished: an int that is 0
 * before and after. Grid:
 * ceil(rows / 32); block: 1,024.
 */
extern "C" __global__ void __launch_bounds__(ROUTING_THREADS)
    gate(const float* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ offsets, const int* __restrict__ told,
         const int* __restrict__ countOf, float* __restrict__ logits, const int* rowCount, int columns, int outputs, int learners, int* choice,
         int* __restrict__ order, int* __restrict__ partly, int* __restrict__ counts, int* finished) {
    __shared__ SortMemory shared;
    __shared__ bool last;
    int rows = *rowCount;
    int row = blockIdx.x * ROUTING_WARPS + threadIdx.x / 32;
    if (row < rows) {
        int group = told == nullptr ? 0 : told[row];
        int count = -1 - group;
        if (group >= 0) {
            float* written = logits == nullptr ? nullptr : logits + (size_t)row * outputs;
            count = countOf[gateChoice(x + (size_t)row * columns, weight, offsets + (size_t)group * outputs, columns, outputs, written)];
        }
        if (threadIdx.x % 32 == 0) {
            choice[row] = count;
        }
    }
    // What a block wrote must be seen by others before they are told that it has ended.
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(finished, 1) == (int)gridDim.x - 1;
    }
    __syncthreads();
    if (!last) {
        return;
    }
    __threadfence();
    sortRows(choice, rows, learners, order, partly, counts, shared);
    if (threadIdx.x == 0) {
        *finished = 0;
    }
}
