// Which tokens stay where some leave before the first layer.

#define STAY_THREADS 256
#define STAY_WARPS 8

/** How an input's tokens get their values: from the gate or the host, or from the table; spread or not. */
#define FROM_TABLE 1
#define SPREAD 2

/** Ordered like the value, zeros with signs too. */
__device__ __forceinline__ int orderedBits(float value) {
    int bits = __float_as_int(value);
    return bits ^ (bits >> 31 & 0x7fffffff);
}

/**
 * Of each input's tokens the most valuable stay, of equal ones the earlier, besides its first and last ones, which always do: writes their rows, ascending,
 * to stayRows, input i's from newOffsets[i] to newOffsets[i + 1], which says how many stay; at least first + last do.
 *
 * values [rows] or null: what the tokens of an input without FROM_TABLE are worth; sources [inputs]: FROM_TABLE, the value is table[ids[row]], SPREAD, it
 * is lowered by less[token - first], both, or 0; stays [rows], null or 1 for each row that stays and 0 for others. Grid: inputs; block: 256.
 */
extern "C" __global__ void __launch_bounds__(STAY_THREADS)
    chooseStaying(const float* __restrict__ values, const int* __restrict__ ids, const float* __restrict__ table,
                  const float* __restrict__ less, const int* __restrict__ sources, const int* __restrict__ offsets,
                  const int* __restrict__ newOffsets, int first, int last, int* __restrict__ stayRows, int* __restrict__ stays) {
    __shared__ int keys[STAY_THREADS];
    __shared__ int warpStays[STAY_WARPS];
    int from = offsets[blockIdx.x];
    int tokens = offsets[blockIdx.x + 1] - from;
    int next = newOffsets[blockIdx.x];
    int wanted = newOffsets[blockIdx.x + 1] - next;
    int source = sources[blockIdx.x];
    int end = tokens - last;
    bool all = wanted == tokens;
    auto keyOf = [&](int token) {
        if (all || token < first || token >= end) {
            return 0;
        }
        float value = (source & FROM_TABLE) != 0 ? table[ids[from + token]] : values[from + token];
        return orderedBits((source & SPREAD) != 0 ? value - less[token - first] : value);
    };
    for (int base = 0; base < tokens; base += STAY_THREADS) {
        int token = base + threadIdx.x;
        int key = keyOf(token);
        // How many tokens that may leave come before this one.
        int rank = 0;
        for (int tile = 0; tile < end && !all; tile += STAY_THREADS) {
            __syncthreads();
            keys[threadIdx.x] = keyOf(tile + threadIdx.x);
            __syncthreads();
            for (int other = max(tile, first); other < min(tile + STAY_THREADS, end); other++) {
                int otherKey = keys[other - tile];
                rank += otherKey > key || otherKey == key && other < token;
            }
        }
        bool isMark = token < first || token >= end;
        bool isStaying = token < tokens && (all || isMark || rank < wanted - first - last);
        unsigned staying = __ballot_sync(0xffffffffu, isStaying);
        if (threadIdx.x % 32 == 0) {
            warpStays[threadIdx.x / 32] = __popc(staying);
        }
        __syncthreads();
        int place = next + __popc(staying & ((1u << threadIdx.x % 32) - 1));
        for (int warp = 0; warp < STAY_WARPS; warp++) {
            place += warp < threadIdx.x / 32 ? warpStays[warp] : 0;
            next += warpStays[warp];
        }
        if (isStaying) {
            stayRows[place] = from + token;
        }
        if (stays != nullptr && token < tokens) {
            stays[from + token] = isStaying;
        }
        __syncthreads();
    }
}
