// Attention on tensor cores: queries, keys, values and weights in bfloat16, sums and the softmax in float32. A block has 64 queries of a head, 16 a warp, and goes over
// the keys in tiles of 64, in ascending order; what a tile gives stays in registers.

static const int BF16_TILE = 64;
static const int BF16_THREADS = 128;

/** Brings 64 rows of a head into shared memory [64, WIDTH + 8], narrowed; rows from count on and columns beyond the head are 0. */
template <int WIDTH>
__device__ __forceinline__ void loadNarrow(
        const float* values, const HeadPlace& place, const AttendedHead& a, int first, int from, int count, Bf16* tile) {
    const int pairs = WIDTH / 2;
    int c = threadIdx.x % pairs * 2;
    int column = c < a.headSize ? place.column(a.head, a.headSize, c) : 0;
    bool paired = a.headSize % 2 == 0 && place.first % 2 == 0 && place.stride % 2 == 0 && isAligned(values, 8);
#pragma unroll 8
    for (int row = threadIdx.x / pairs; row < BF16_TILE; row += BF16_THREADS / pairs) {
        const float* at = values + (long long)(first + from + row) * place.stride + column;
        float2 two = {0.0f, 0.0f};
        if (from + row < count && c < a.headSize) {
            if (paired) {
                two = *(const float2*)at;
            } else {
                two.x = at[0];
                two.y = c + 1 < a.headSize ? at[1] : 0.0f;
            }
        }
        *(unsigned*)(tile + row * (WIDTH + 8) + c) = packBf16(two.x, two.y);
    }
}

/** scores = the inner products of a warp's 16 queries, in registers, with 64 keys, of which so many exist. */
template <int WIDTH>
__device__ __forceinline__ void scoreKeys(
        const unsigned (&queries)[WIDTH / 16][4], const Bf16* keyTile, int keys, float (&scores)[BF16_TILE / 8][4]) {
    int lane = threadIdx.x % 32;
    const Bf16* keyRow = keyTile + (lane % 8 + lane / 16 * 8) * (WIDTH + 8) + lane / 8 % 2 * 8;
#pragma unroll
    for (int n = 0; n < BF16_TILE / 8; n += 2) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            scores[n][i] = 0.0f;
            scores[n + 1][i] = 0.0f;
        }
        if (n * 8 >= keys) {
            continue;
        }
#pragma unroll
        for (int k = 0; k < WIDTH / 16; k++) {
            unsigned b[4];
            ldmatrix4(b, keyRow + n * 8 * (WIDTH + 8) + k * 16);
            const unsigned first[2] = {b[0], b[1]};
            const unsigned second[2] = {b[2], b[3]};
            mmaBf16(scores[n], queries[k], first);
            mmaBf16(scores[n + 1], queries[k], second);
        }
    }
}

/** sums += a warp's weights [16, 64] times 64 rows of values, of which so many exist. */
template <int WIDTH>
__device__ __forceinline__ void addValues(
        const float (&weights)[BF16_TILE / 8][4], const Bf16* valueTile, int keys, float (&sums)[WIDTH / 8][4]) {
    int lane = threadIdx.x % 32;
    const Bf16* valueRow = valueTile + (lane % 8 + lane / 8 % 2 * 8) * (WIDTH + 8) + lane / 16 * 8;
#pragma unroll
    for (int k = 0; k < BF16_TILE / 16; k++) {
        if (k * 16 >= keys) {
            continue;
        }
        // What a lane has of two blocks of sums is what it must have of one left side.
        const float(&low)[4] = weights[2 * k];
        const float(&high)[4] = weights[2 * k + 1];
        const unsigned a[4] = {
            packBf16(low[0], low[1]), packBf16(low[2], low[3]), packBf16(high[0], high[1]), packBf16(high[2], high[3])};
#pragma unroll
        for (int n = 0; n < WIDTH / 8; n += 2) {
            unsigned b[4];
            ldmatrix4Transposed(b, valueRow + k * 16 * (WIDTH + 8) + n * 8);
            const unsigned first[2] = {b[0], b[1]};
            const unsigned second[2] = {b[2], b[3]};
            mmaBf16(sums[n], a, first);
            mmaBf16(sums[n + 1], a, second);
        }
    }
}

/** One of the two queries of which a lane has every fourth pair of scores: the largest so far, and the sum of weights relative to it. */
struct QuerySoftmax {
    float largest;
    float sum;

    /** Turns scores, places part and part + 1 of each four, into weights; returns by what earlier sums must be multiplied. */
    __device__ __forceinline__ float weigh(
            const AttendedHead& a, int query, int firstKey, float factor, int part, float (&scores)[BF16_TILE / 8][4]) {
        float most = largest;
#pragma unroll
        for (int n = 0; n < BF16_TILE / 8; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float& score = scores[n][part + i];
                score = a.sees(query, firstKey + n * 8 + i) ? score * factor : -INFINITE;
                most = fmaxf(most, score);
            }
        }
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
        // A row without any key so far, such as one beyond the queries, has weights of 0 and not NaN.
        float shift = most == -INFINITE ? 0.0f : most;
        float added = 0.0f;
#pragma unroll
        for (int n = 0; n < BF16_TILE / 8; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                scores[n][part + i] = exp2f(scores[n][part + i] - shift);
                added += scores[n][part + i];
            }
        }
        added += __shfl_xor_sync(0xffffffffu, added, 1);
        added += __shfl_xor_sync(0xffffffffu, added, 2);
        float before = exp2f(largest - shift);
        sum = fmaf(sum, before, added);
        largest = most;
        return before;
    }
};

/** Writes a row of a head, of which a lane has two columns of every 8. */
template <int WIDTH>
__device__ __forceinline__ void writeContext(
        const float (&sums)[WIDTH / 8][4], int part, float factor, const AttendedHead& a, const HeadPlace& place, float* row) {
#pragma unroll
    for (int n = 0; n < WIDTH / 8; n++) {
        int c = n * 8 + threadIdx.x % 4 * 2;
        if (c < a.headSize) {
            int column = place.column(a.head, a.headSize, c);
            row[column] = sums[n][part] * factor;
            if (c + 1 < a.headSize) {
                row[column + 1] = sums[n][part + 1] * factor;
            }
        }
    }
}

template <int WIDTH>
__device__ __forceinline__ void attendNarrow(
        const AttendedHead& a,
        const float* q,
        const HeadPlace& qPlace,
        const float* k,
        const HeadPlace& kPlace,
        const float* v,
        const HeadPlace& vPlace,
        float scale,
        float* context,
        const HeadPlace& contextPlace,
        Bf16* shared) {
    int firstQuery = blockIdx.x * BF16_TILE;
    if (firstQuery >= a.queries) {
        return;
    }
    Bf16* keyTile = shared;
    Bf16* valueTile = keyTile + BF16_TILE * (WIDTH + 8);
    int lane = threadIdx.x % 32;
    int warpRow = threadIdx.x / 32 * 16;
    int query = firstQuery + warpRow + lane / 4;
    // The scale, and log2 e, since weights are powers of 2.
    float factor = scale * 1.44269504f;
    // Queries pass through the keys' place on their way into registers.
    loadNarrow<WIDTH>(q, qPlace, a, a.firstQuery, firstQuery, a.queries, keyTile);
    __syncthreads();
    unsigned queries[WIDTH / 16][4];
#pragma unroll
    for (int i = 0; i < WIDTH / 16; i++) {
        ldmatrix4(queries[i], keyTile + (warpRow + lane % 16) * (WIDTH + 8) + i * 16 + lane / 16 * 8);
    }
    __syncthreads();
    QuerySoftmax first = {-INFINITE, 0.0f};
    QuerySoftmax second = {-INFINITE, 0.0f};
    float sums[WIDTH / 8][4] = {};
    int keys = a.causal ? min(a.keys, firstQuery + BF16_TILE) : a.keys;
    for (int from = 0; from < keys; from += BF16_TILE) {
        loadNarrow<WIDTH>(k, kPlace, a, a.firstKey, from, a.keys, keyTile);
        loadNarrow<WIDTH>(v, vPlace, a, a.firstKey, from, a.keys, valueTile);
        __syncthreads();
        // Most texts are short: a warp without queries, and keys that do not exist, cost nothing.
        if (firstQuery + warpRow < a.queries) {
            float scores[BF16_TILE / 8][4];
            scoreKeys<WIDTH>(queries, keyTile, keys - from, scores);
            float before = first.weigh(a, query, from + lane % 4 * 2, factor, 0, scores);
            float beforeSecond = second.weigh(a, query + 8, from + lane % 4 * 2, factor, 2, scores);
#pragma unroll
            for (int n = 0; n < WIDTH / 8; n++) {
                sums[n][0] *= before;
                sums[n][1] *= before;
                sums[n][2] *= beforeSecond;
                sums[n][3] *= beforeSecond;
            }
            addValues<WIDTH>(scores, valueTile, keys - from, sums);
        }
        __syncthreads();
    }
    float* row = context + (long long)(a.firstQuery + query) * contextPlace.stride;
    if (query < a.queries) {
        writeContext<WIDTH>(sums, 0, 1.0f / first.sum, a, contextPlace, row);
    }
    if (query + 8 < a.queries) {
        writeContext<WIDTH>(sums, 2, 1.0f / second.sum, a, contextPlace, row + 8LL * contextPlace.stride);
    }
}

/*
 * attention without probabilities, in bfloat16: the other parameters, shapes and the grid are the same, block 128.
 * Dynamic shared bytes of attentionBf16Width32: 10,240; Width64: 18,432; Width128: 34,816.
 */
extern "C" __global__ void __launch_bounds__(128, 4) attentionBf16Width32(ATTENTION_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, nullptr, headSize, causal);
    attendNarrow<32>(
            a,
            q,
            {qStride, qFirst, qUnits},
            k,
            {kStride, kFirst, kUnits},
            v,
            {vStride, vFirst, vUnits},
            scale,
            context,
            {contextStride, 0, contextUnits},
            (Bf16*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 3) attentionBf16Width64(ATTENTION_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, nullptr, headSize, causal);
    attendNarrow<64>(
            a,
            q,
            {qStride, qFirst, qUnits},
            k,
            {kStride, kFirst, kUnits},
            v,
            {vStride, vFirst, vUnits},
            scale,
            context,
            {contextStride, 0, contextUnits},
            (Bf16*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 2) attentionBf16Width128(ATTENTION_PARAMETERS) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, nullptr, headSize, causal);
    attendNarrow<128>(
            a,
            q,
            {qStride, qFirst, qUnits},
            k,
            {kStride, kFirst, kUnits},
            v,
            {vStride, vFirst, vUnits},
            scale,
            context,
            {contextStride, 0, contextUnits},
            (Bf16*)dynamicShared);
}
