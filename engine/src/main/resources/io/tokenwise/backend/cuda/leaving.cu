// Which rows of sequences stay where some leave before the first layer.

#define STAY_THREADS 256
#define STAY_WARPS 8

/** Bits of a sequence's kind: the gate's values or the host's; lowered or not. */
#define BY_GATE 1
#define LOWERED 2

/** Ordered like the value, zeros with signs too; what is no number is worth least, whatever its sign, which is not the CPU's. */
__device__ __forceinline__ int orderedBits(float value) {
    if (value != value) {
        return -0x7fffffff - 1;
    }
    int bits = __float_as_int(value);
    return bits ^ (bits >> 31 & 0x7fffffff);
}

/**
 * Of each sequence the rows that are worth most stay, of equal ones the earlier, besides its first and last ones, which always do: writes them, ascending, to
 * staying, sequence i's from stayingOffsets[i] to stayingOffsets[i + 1], which says how many stay; at least first + last do.
 *
 * ofGate, ofHost [rows]: what the rows of a sequence are worth, each null if it is asked for none; kinds [sequences]: BY_GATE, by ofGate, else by ofHost;
 * LOWERED, less by less[row - the sequence's first row - first]. Grid: sequences, empty ones may be among them; block: 256.
 */
extern "C" __global__ void __launch_bounds__(STAY_THREADS)
    chooseStaying(const float* __restrict__ ofGate, const float* __restrict__ ofHost, const float* __restrict__ less,
                  const int* __restrict__ kinds, const int* __restrict__ offsets, const int* __restrict__ stayingOffsets, int first, int last,
                  int* __restrict__ staying) {
    __shared__ int keys[STAY_THREADS];
    __shared__ int warpStays[STAY_WARPS];
    int from = offsets[blockIdx.x];
    int rows = offsets[blockIdx.x + 1] - from;
    if (rows == 0) {
        return;
    }
    int next = stayingOffsets[blockIdx.x];
    int wanted = stayingOffsets[blockIdx.x + 1] - next;
    int kind = kinds[blockIdx.x];
    int end = rows - last;
    bool all = wanted == rows;
    auto keyOf = [&](int row) {
        if (all || row < first || row >= end) {
            return 0;
        }
        float value = ((kind & BY_GATE) != 0 ? ofGate : ofHost)[from + row];
        return orderedBits((kind & LOWERED) != 0 ? value - less[row - first] : value);
    };
    for (int base = 0; base < rows; base += STAY_THREADS) {
        int row = base + threadIdx.x;
        int key = keyOf(row);
        // How many rows that may leave are worth more, or as much and come before.
        int rank = 0;
        for (int tile = 0; tile < end && !all; tile += STAY_THREADS) {
            __syncthreads();
            keys[threadIdx.x] = keyOf(tile + threadIdx.x);
            __syncthreads();
            for (int other = max(tile, first); other < min(tile + STAY_THREADS, end); other++) {
                int otherKey = keys[other - tile];
                rank += otherKey > key || otherKey == key && other < row;
            }
        }
        bool isMark = row < first || row >= end;
        bool isStaying = row < rows && (all || isMark || rank < wanted - first - last);
        unsigned lanes = __ballot_sync(0xffffffffu, isStaying);
        if (threadIdx.x % 32 == 0) {
            warpStays[threadIdx.x / 32] = __popc(lanes);
        }
        __syncthreads();
        int place = next + __popc(lanes & ((1u << threadIdx.x % 32) - 1));
        for (int warp = 0; warp < STAY_WARPS; warp++) {
            place += warp < threadIdx.x / 32 ? warpStays[warp] : 0;
            next += warpStays[warp];
        }
        if (isStaying) {
            staying[place] = from + row;
        }
        __syncthreads();
    }
}
