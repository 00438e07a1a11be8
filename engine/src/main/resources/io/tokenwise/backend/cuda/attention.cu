// Attention in float32, one block for 64 queries of a head, or in the gradient for 64 keys, which goes over the other side in tiles of 64, in ascending order.
// Heads may have up to WIDTH columns, of which there is one kernel for each of three; what is beyond the head's size is 0 in shared memory.

static const int TILE = 64;
static const int ATTENTION_THREADS = 128;
/** Each thread has 8 rows of a tile and every 16th column. */
static const int EACH = 8;
static const int ACROSS = 16;
/** Floats between the rows of a tile of scores, so that they begin in different banks. */
static const int SCORES = TILE + 4;

/** Brings 64 rows of a head into shared memory [64, WIDTH + 4]; rows from count on are 0. */
template <int WIDTH>
__device__ __forceinline__ void loadHead(
        const float* values, const HeadPlace& place, const AttendedHead& a, int first, int from, int count, float* tile) {
    int c = threadIdx.x % WIDTH;
    bool isColumn = c < a.headSize;
    int column = isColumn ? place.column(a.head, a.headSize, c) : 0;
    for (int row = threadIdx.x / WIDTH; row < TILE; row += ATTENTION_THREADS / WIDTH) {
        bool inside = isColumn && from + row < count;
        tile[row * (WIDTH + 4) + c] = inside ? values[(long long)(first + from + row) * place.stride + column] : 0.0f;
    }
}

/** dots[i][j] = the inner product of the thread's i-th row of left and its j-th of right, both [64, WIDTH + 4]. */
template <int WIDTH>
__device__ __forceinline__ void dotTiles(const float* left, const float* right, float (&dots)[EACH][TILE / ACROSS]) {
    const float* leftRow = left + threadIdx.x / ACROSS * EACH * (WIDTH + 4);
    const float* rightRow = right + threadIdx.x % ACROSS * (WIDTH + 4);
#pragma unroll
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int j = 0; j < TILE / ACROSS; j++) {
            dots[i][j] = 0.0f;
        }
    }
#pragma unroll 2
    for (int c = 0; c < WIDTH; c += 4) {
        float4 b[TILE / ACROSS];
#pragma unroll
        for (int j = 0; j < TILE / ACROSS; j++) {
            b[j] = *(const float4*)(rightRow + j * ACROSS * (WIDTH + 4) + c);
        }
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            float4 four = *(const float4*)(leftRow + i * (WIDTH + 4) + c);
#pragma unroll
            for (int j = 0; j < TILE / ACROSS; j++) {
                dots[i][j] = fmaf(four.x, b[j].x, dots[i][j]);
                dots[i][j] = fmaf(four.y, b[j].y, dots[i][j]);
                dots[i][j] = fmaf(four.z, b[j].z, dots[i][j]);
                dots[i][j] = fmaf(four.w, b[j].w, dots[i][j]);
            }
        }
    }
}

/** sums[i][j] += factors [64, SCORES] times rows [64, WIDTH + 4]. */
template <int WIDTH>
__device__ __forceinline__ void addProducts(const float* factors, const float* rows, float (&sums)[EACH][WIDTH / ACROSS]) {
    const float* factorRow = factors + threadIdx.x / ACROSS * EACH * SCORES;
    const float* column = rows + threadIdx.x % ACROSS;
#pragma unroll 4
    for (int k = 0; k < TILE; k++) {
        float values[WIDTH / ACROSS];
#pragma unroll
        for (int j = 0; j < WIDTH / ACROSS; j++) {
            values[j] = column[k * (WIDTH + 4) + j * ACROSS];
        }
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            float factor = factorRow[i * SCORES + k];
#pragma unroll
            for (int j = 0; j < WIDTH / ACROSS; j++) {
                sums[i][j] = fmaf(factor, values[j], sums[i][j]);
            }
        }
    }
}

/** Writes what a thread has of a tile of scores. */
__device__ __forceinline__ void writeScores(const float (&scores)[EACH][TILE / ACROSS], float* tile) {
    float* to = tile + threadIdx.x / ACROSS * EACH * SCORES + threadIdx.x % ACROSS;
#pragma unroll
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int j = 0; j < TILE / ACROSS; j++) {
            to[i * SCORES + j * ACROSS] = scores[i][j];
        }
    }
}

/** Writes a thread's part of 64 rows of a head, those below count. */
template <int WIDTH>
__device__ __forceinline__ void writeHead(
        const float (&sums)[EACH][WIDTH / ACROSS],
        const HeadPlace& place,
        const AttendedHead& a,
        int first,
        int from,
        int count,
        float* values) {
#pragma unroll
    for (int j = 0; j < WIDTH / ACROSS; j++) {
        int c = threadIdx.x % ACROSS + j * ACROSS;
        if (c < a.headSize) {
            int column = place.column(a.head, a.headSize, c);
#pragma unroll
            for (int i = 0; i < EACH; i++) {
                int row = from + threadIdx.x / ACROSS * EACH + i;
                if (row < count) {
                    values[(long long)(first + row) * place.stride + column] = sums[i][j];
                }
            }
        }
    }
}

/** The sum over the 16 threads that share rows. */
__device__ __forceinline__ float sumAcross(float value) {
    for (int lanes = ACROSS / 2; lanes > 0; lanes >>= 1) {
        value += __shfl_xor_sync(0xffffffffu, value, lanes);
    }
    return value;
}

__device__ __forceinline__ float maxAcross(float value) {
    for (int lanes = ACROSS / 2; lanes > 0; lanes >>= 1) {
        value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, lanes));
    }
    return value;
}

/** What is known of the thread's queries: the largest score so far, and the sum of weights relative to it. */
struct RunningSoftmax {
    float largest[EACH];
    float sum[EACH];

    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            largest[i] = -INFINITE;
            sum[i] = 0.0f;
        }
    }

    /** Turns scores, as powers of 2, into weights relative to the largest so far; before[i] is by what earlier sums must be multiplied. */
    __device__ __forceinline__ void weigh(float (&scores)[EACH][TILE / ACROSS], float (&before)[EACH]) {
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            float most = largest[i];
#pragma unroll
            for (int j = 0; j < TILE / ACROSS; j++) {
                most = fmaxf(most, scores[i][j]);
            }
            most = maxAcross(most);
            // A row without any key so far, such as one beyond the queries, has weights of 0 and not NaN.
            float shift = most == -INFINITE ? 0.0f : most;
            float part = 0.0f;
#pragma unroll
            for (int j = 0; j < TILE / ACROSS; j++) {
                scores[i][j] = exp2f(scores[i][j] - shift);
                part += scores[i][j];
            }
            before[i] = exp2f(largest[i] - shift);
            sum[i] = fmaf(sum[i], before[i], sumAcross(part));
            largest[i] = most;
        }
    }
};

/** Scores times factor, those of keys that a query does not see -infinite. */
__device__ __forceinline__ void maskScores(
        const AttendedHead& a, int query, int key, float factor, float (&scores)[EACH][TILE / ACROSS]) {
#pragma unroll
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int j = 0; j < TILE / ACROSS; j++) {
            scores[i][j] = a.sees(query + i, key + j * ACROSS) ? scores[i][j] * factor : -INFINITE;
        }
    }
}

/** Scores anew, key by key, as probabilities. */
template <int WIDTH>
__device__ __forceinline__ void writeProbabilities(
        const AttendedHead& a,
        const float* k,
        const HeadPlace& kPlace,
        const float* queryTile,
        float* keyTile,
        const RunningSoftmax& softmax,
        float factor,
        float* probabilities) {
    int query = blockIdx.x * TILE + threadIdx.x / ACROSS * EACH;
    for (int from = 0; from < a.keys; from += TILE) {
        __syncthreads();
        loadHead<WIDTH>(k, kPlace, a, a.firstKey, from, a.keys, keyTile);
        __syncthreads();
        int key = from + threadIdx.x % ACROSS;
        float scores[EACH][TILE / ACROSS];
        dotTiles<WIDTH>(queryTile, keyTile, scores);
        maskScores(a, query, key, factor, scores);
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            float inverse = 1.0f / softmax.sum[i];
            float* row = probabilities + a.probabilities + (long long)(query + i) * a.keys;
#pragma unroll
            for (int j = 0; j < TILE / ACROSS; j++) {
                if (query + i < a.queries && key + j * ACROSS < a.keys) {
                    row[key + j * ACROSS] = exp2f(scores[i][j] - softmax.largest[i]) * inverse;
                }
            }
        }
    }
}

/** Shared floats: a tile of queries, one of keys, then values, and one of weights. */
template <int WIDTH>
__device__ __forceinline__ void attend(
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
        float* probabilities,
        float* shared) {
    int firstQuery = blockIdx.x * TILE;
    if (firstQuery >= a.queries) {
        return;
    }
    float* queryTile = shared;
    float* keyTile = queryTile + TILE * (WIDTH + 4);
    float* valueTile = keyTile + TILE * (WIDTH + 4);
    float* weights = valueTile + TILE * (WIDTH + 4);
    // The scale, and log2 e, since weights are powers of 2.
    float factor = scale * 1.44269504f;
    int keys = a.causal ? min(a.keys, firstQuery + TILE) : a.keys;
    RunningSoftmax softmax;
    softmax.clear();
    float sums[EACH][WIDTH / ACROSS] = {};
    loadHead<WIDTH>(q, qPlace, a, a.firstQuery, firstQuery, a.queries, queryTile);
    for (int from = 0; from < keys; from += TILE) {
        loadHead<WIDTH>(k, kPlace, a, a.firstKey, from, a.keys, keyTile);
        loadHead<WIDTH>(v, vPlace, a, a.firstKey, from, a.keys, valueTile);
        __syncthreads();
        float scores[EACH][TILE / ACROSS];
        float before[EACH];
        dotTiles<WIDTH>(queryTile, keyTile, scores);
        maskScores(a, firstQuery + threadIdx.x / ACROSS * EACH, from + threadIdx.x % ACROSS, factor, scores);
        softmax.weigh(scores, before);
        writeScores(scores, weights);
#pragma unroll
        for (int i = 0; i < EACH; i++) {
#pragma unroll
            for (int j = 0; j < WIDTH / ACROSS; j++) {
                sums[i][j] *= before[i];
            }
        }
        __syncthreads();
        addProducts<WIDTH>(weights, valueTile, sums);
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int j = 0; j < WIDTH / ACROSS; j++) {
            sums[i][j] *= 1.0f / softmax.sum[i];
        }
    }
    writeHead<WIDTH>(sums, contextPlace, a, a.firstQuery, firstQuery, a.queries, context);
    if (probabilities != nullptr) {
        writeProbabilities<WIDTH>(a, k, kPlace, queryTile, keyTile, softmax, factor, probabilities);
    }
}

/*
 * context = softmax(scale q k^T) v, head by head, sequence by sequence: queries are the rows queryOffsets[s] to queryOffsets[s + 1], which see the rows of keys and values
 * keyOffsets[s] to keyOffsets[s + 1], if causal only those up to their own place. Head h has headSize <= WIDTH columns, from first + h * headSize on, or where units say
 * (first columns of units of 8, or null; then first is not used). Other columns of the context are left alone; it is none of q, k, v.
 * probabilities may be null: [heads, queries, keys] of each sequence at probabilityOffsets, 0 for keys that a query does not see.
 * Grid (ceil(most queries of a sequence / 64), heads, sequences), block 128. WIDTH and dynamic shared bytes of
 * attention32: 45,056; attention64: 69,632; attention128: 118,784.
 */
extern "C" __global__ void __launch_bounds__(128, 3) attention32(
        ATTENTION_PARAMETERS,
        float* __restrict__ probabilities,
        const long long* probabilityOffsets) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attend<32>(
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
            probabilities,
            (float*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 3) attention64(
        ATTENTION_PARAMETERS,
        float* __restrict__ probabilities,
        const long long* probabilityOffsets) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attend<64>(
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
            probabilities,
            (float*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 1) attention128(
        ATTENTION_PARAMETERS,
        float* __restrict__ probabilities,
        const long long* probabilityOffsets) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attend<128>(
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
            probabilities,
            (float*)dynamicShared);
}

// ---- the gradient

/** What both kernels of the gradient take besides queries and results. */
#define GRADIENT_PARAMETERS                                                                                                 \
    const float *__restrict__ keysValues, int kvStride, int kFirst, int vFirst, const int *queryOffsets, const int *keyOffsets, \
        int headSize, float scale, int causal, const float *__restrict__ probabilities, const long long *probabilityOffsets,    \
        const float *__restrict__ dContext, int contextStride

/** What the gradient reads: weights[i][j] = the probability of the thread's i-th query for its j-th key, 0 outside of the matrix. */
__device__ __forceinline__ void readProbabilities(
        const AttendedHead& a, const float* probabilities, int query, int key, float (&weights)[EACH][TILE / ACROSS]) {
#pragma unroll
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int j = 0; j < TILE / ACROSS; j++) {
            int column = key + j * ACROSS;
            bool inside = query + i < a.queries && column < a.keys;
            weights[i][j] = inside ? probabilities[a.probabilities + (long long)(query + i) * a.keys + column] : 0.0f;
        }
    }
}

/** The same with the thread's rows as keys and its columns as queries. */
__device__ __forceinline__ void readProbabilitiesTurned(
        const AttendedHead& a, const float* probabilities, int key, int query, float (&weights)[EACH][TILE / ACROSS]) {
#pragma unroll
    for (int j = 0; j < TILE / ACROSS; j++) {
        int row = query + j * ACROSS;
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            bool inside = row < a.queries && key + i < a.keys;
            weights[i][j] = inside ? probabilities[a.probabilities + (long long)row * a.keys + key + i] : 0.0f;
        }
    }
}

/** Writes the gradient of 64 queries, and of each of them the sum of probabilities times their gradients, to products [queries, heads]. */
template <int WIDTH>
__device__ __forceinline__ void attendQueriesBackward(
        const AttendedHead& a,
        const HeadPlace& qPlace,
        const float* keysValues,
        const HeadPlace& kPlace,
        const HeadPlace& vPlace,
        float scale,
        const float* probabilities,
        const float* dContext,
        const HeadPlace& contextPlace,
        float* products,
        float* dQ,
        float* shared) {
    int firstQuery = blockIdx.x * TILE;
    if (firstQuery >= a.queries) {
        return;
    }
    float* contextTile = shared;
    float* valueTile = contextTile + TILE * (WIDTH + 4);
    float* keyTile = valueTile + TILE * (WIDTH + 4);
    float* scoreTile = keyTile + TILE * (WIDTH + 4);
    int query = firstQuery + threadIdx.x / ACROSS * EACH;
    int keys = a.causal ? min(a.keys, firstQuery + TILE) : a.keys;
    float product[EACH] = {};
    float gradients[EACH][TILE / ACROSS];
    float weights[EACH][TILE / ACROSS];
    loadHead<WIDTH>(dContext, contextPlace, a, a.firstQuery, firstQuery, a.queries, contextTile);
    for (int from = 0; from < keys; from += TILE) {
        loadHead<WIDTH>(keysValues, vPlace, a, a.firstKey, from, a.keys, valueTile);
        __syncthreads();
        dotTiles<WIDTH>(contextTile, valueTile, gradients);
        readProbabilities(a, probabilities, query, from + threadIdx.x % ACROSS, weights);
#pragma unroll
        for (int i = 0; i < EACH; i++) {
#pragma unroll
            for (int j = 0; j < TILE / ACROSS; j++) {
                product[i] = fmaf(gradients[i][j], weights[i][j], product[i]);
            }
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < EACH; i++) {
        product[i] = sumAcross(product[i]);
        if (threadIdx.x % ACROSS == 0 && query + i < a.queries) {
            products[(long long)(a.firstQuery + query + i) * gridDim.y + a.head] = product[i];
        }
    }
    float sums[EACH][WIDTH / ACROSS] = {};
    for (int from = 0; from < keys; from += TILE) {
        loadHead<WIDTH>(keysValues, vPlace, a, a.firstKey, from, a.keys, valueTile);
        loadHead<WIDTH>(keysValues, kPlace, a, a.firstKey, from, a.keys, keyTile);
        __syncthreads();
        dotTiles<WIDTH>(contextTile, valueTile, gradients);
        readProbabilities(a, probabilities, query, from + threadIdx.x % ACROSS, weights);
#pragma unroll
        for (int i = 0; i < EACH; i++) {
#pragma unroll
            for (int j = 0; j < TILE / ACROSS; j++) {
                gradients[i][j] = weights[i][j] * (gradients[i][j] - product[i]) * scale;
            }
        }
        writeScores(gradients, scoreTile);
        __syncthreads();
        addProducts<WIDTH>(scoreTile, keyTile, sums);
        __syncthreads();
    }
    writeHead<WIDTH>(sums, qPlace, a, a.firstQuery, firstQuery, a.queries, dQ);
}

/** Writes the gradient of 64 keys and their values. */
template <int WIDTH>
__device__ __forceinline__ void attendKeysBackward(
        const AttendedHead& a,
        const float* q,
        const HeadPlace& qPlace,
        const float* keysValues,
        const HeadPlace& kPlace,
        const HeadPlace& vPlace,
        float scale,
        const float* probabilities,
        const float* dContext,
        const HeadPlace& contextPlace,
        const float* products,
        float* dKeysValues,
        float* shared) {
    int firstKey = blockIdx.x * TILE;
    if (firstKey >= a.keys) {
        return;
    }
    float* valueTile = shared;
    float* contextTile = valueTile + TILE * (WIDTH + 4);
    float* queryTile = contextTile + TILE * (WIDTH + 4);
    float* scoreTile = queryTile + TILE * (WIDTH + 4);
    int key = firstKey + threadIdx.x / ACROSS * EACH;
    float dKeys[EACH][WIDTH / ACROSS] = {};
    float dValues[EACH][WIDTH / ACROSS] = {};
    loadHead<WIDTH>(keysValues, vPlace, a, a.firstKey, firstKey, a.keys, valueTile);
    for (int from = a.causal ? firstKey : 0; from < a.queries; from += TILE) {
        loadHead<WIDTH>(dContext, contextPlace, a, a.firstQuery, from, a.queries, contextTile);
        loadHead<WIDTH>(q, qPlace, a, a.firstQuery, from, a.queries, queryTile);
        int query = from + threadIdx.x % ACROSS;
        float gradients[EACH][TILE / ACROSS];
        readProbabilitiesTurned(a, probabilities, key, query, gradients);
        writeScores(gradients, scoreTile);
        __syncthreads();
        addProducts<WIDTH>(scoreTile, contextTile, dValues);
        dotTiles<WIDTH>(valueTile, contextTile, gradients);
        __syncthreads();
#pragma unroll
        for (int j = 0; j < TILE / ACROSS; j++) {
            int row = query + j * ACROSS;
            float product =
                    row < a.queries ? products[(long long)(a.firstQuery + row) * gridDim.y + a.head] : 0.0f;
#pragma unroll
            for (int i = 0; i < EACH; i++) {
                // The thread's own probability, which no registers are left to keep.
                float* score = scoreTile + (threadIdx.x / ACROSS * EACH + i) * SCORES + threadIdx.x % ACROSS + j * ACROSS;
                *score = *score * (gradients[i][j] - product) * scale;
            }
        }
        __syncthreads();
        addProducts<WIDTH>(scoreTile, queryTile, dKeys);
        __syncthreads();
    }
    writeHead<WIDTH>(dKeys, kPlace, a, a.firstKey, firstKey, a.keys, dKeysValues);
    writeHead<WIDTH>(dValues, vPlace, a, a.firstKey, firstKey, a.keys, dKeysValues);
}

/*
 * The gradient of attention whose probabilities were kept, heads side by side: writes the columns of queries of dQ, like q, and products [all queries, heads], which
 * attentionKeysBackward reads. Grid (ceil(most queries of a sequence / 64), heads, sequences), block 128, dynamic shared bytes as attention's.
 */
extern "C" __global__ void __launch_bounds__(128, 3) attentionQueriesBackward32(
        int qStride,
        int qFirst,
        GRADIENT_PARAMETERS,
        float* __restrict__ products,
        float* __restrict__ dQ) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attendQueriesBackward<32>(
            a,
            {qStride, qFirst, nullptr},
            keysValues,
            {kvStride, kFirst, nullptr},
            {kvStride, vFirst, nullptr},
            scale,
            probabilities,
            dContext,
            {contextStride, 0, nullptr},
            products,
            dQ,
            (float*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 2) attentionQueriesBackward64(
        int qStride,
        int qFirst,
        GRADIENT_PARAMETERS,
        float* __restrict__ products,
        float* __restrict__ dQ) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attendQueriesBackward<64>(
            a,
            {qStride, qFirst, nullptr},
            keysValues,
            {kvStride, kFirst, nullptr},
            {kvStride, vFirst, nullptr},
            scale,
            probabilities,
            dContext,
            {contextStride, 0, nullptr},
            products,
            dQ,
            (float*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 1) attentionQueriesBackward128(
        int qStride,
        int qFirst,
        GRADIENT_PARAMETERS,
        float* __restrict__ products,
        float* __restrict__ dQ) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attendQueriesBackward<128>(
            a,
            {qStride, qFirst, nullptr},
            keysValues,
            {kvStride, kFirst, nullptr},
            {kvStride, vFirst, nullptr},
            scale,
            probabilities,
            dContext,
            {contextStride, 0, nullptr},
            products,
            dQ,
            (float*)dynamicShared);
}

/*
 * The columns of keys and values of dKeysValues, like keysValues, after attentionQueriesBackward of the same WIDTH; dKeysValues may be its dQ.
 * Grid (ceil(most keys of a sequence / 64), heads, sequences), block 128, dynamic shared bytes as attention's.
 */
extern "C" __global__ void __launch_bounds__(128, 3) attentionKeysBackward32(
        const float* __restrict__ q,
        int qStride,
        int qFirst,
        GRADIENT_PARAMETERS,
        const float* __restrict__ products,
        float* __restrict__ dKeysValues) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attendKeysBackward<32>(
            a,
            q,
            {qStride, qFirst, nullptr},
            keysValues,
            {kvStride, kFirst, nullptr},
            {kvStride, vFirst, nullptr},
            scale,
            probabilities,
            dContext,
            {contextStride, 0, nullptr},
            products,
            dKeysValues,
            (float*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 2) attentionKeysBackward64(
        const float* __restrict__ q,
        int qStride,
        int qFirst,
        GRADIENT_PARAMETERS,
        const float* __restrict__ products,
        float* __restrict__ dKeysValues) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attendKeysBackward<64>(
            a,
            q,
            {qStride, qFirst, nullptr},
            keysValues,
            {kvStride, kFirst, nullptr},
            {kvStride, vFirst, nullptr},
            scale,
            probabilities,
            dContext,
            {contextStride, 0, nullptr},
            products,
            dKeysValues,
            (float*)dynamicShared);
}

extern "C" __global__ void __launch_bounds__(128, 1) attentionKeysBackward128(
        const float* __restrict__ q,
        int qStride,
        int qFirst,
        GRADIENT_PARAMETERS,
        const float* __restrict__ products,
        float* __restrict__ dKeysValues) {
    extern __shared__ __align__(16) unsigned char dynamicShared[];
    AttendedHead a = attendedHead(queryOffsets, keyOffsets, probabilityOffsets, headSize, causal);
    attendKeysBackward<128>(
            a,
            q,
            {qStride, qFirst, nullptr},
            keysValues,
            {kvStride, kFirst, nullptr},
            {kvStride, vFirst, nullptr},
            scale,
            probabilities,
            dContext,
            {contextStride, 0, nullptr},
            products,
            dKeysValues,
            (float*)dynamicShared);
}
