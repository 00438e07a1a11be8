// Sequences: offsets[0..sequences] cut the rows of a matrix into sequences, none of them empty but those behind all rows, which a bucket adds. Most entries take a row by a warp: blocks of
// 128 threads, grid ceil(rows / 4); no entry has dynamic shared memory.

/** The word of an id; what is above, its token's type, is by 24 bits to the right. */
__device__ __forceinline__ int wordOf(int id) {
    return id & 0xffffff;
}

/**
 * y[t] = scale * words[word of ids[t]] + positions[first + t - its sequence's first row] + types[type of ids[t]], positions and types null or tables.
 * y [rows, columns], ids [rows].
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    embeddingSum(const int* __restrict__ ids, const int* __restrict__ offsets, int sequences, const float* __restrict__ words, float scale,
                 const float* __restrict__ positions, int first, const float* __restrict__ types, float* __restrict__ y, const int* rows,
                 int columns) {
    int row = warpRow();
    if (row >= *rows) {
        return;
    }
    const float* word = words + (size_t)wordOf(ids[row]) * columns;
    const float* position =
        positions + (positions == nullptr ? 0 : (size_t)(first + row - offsets[sequenceOf(offsets, sequences, row)]) * columns);
    const float* type = types + (types == nullptr ? 0 : (size_t)(ids[row] >> 24) * columns);
    y += (size_t)row * columns;
    forColumns(columns, [&](int column) {
        float sum = positions == nullptr ? word[column] * scale : fmaf(word[column], scale, position[column]);
        y[column] = types == nullptr ? sum : sum + type[column];
    });
}

/** Columns that a warp of a table's gradient takes: each lane keeps the sums of 4 in registers. */
#define TABLE_COLUMNS 128
#define TABLE_EACH 4

/** f(k, column) for the table's columns of this lane in this block's column range. */
template <class F>
__device__ __forceinline__ void forTableColumns(int columns, F f) {
#pragma unroll
    for (int k = 0; k < TABLE_EACH; k++) {
        int column = blockIdx.y * TABLE_COLUMNS + k * 32 + threadIdx.x % 32;
        if (column < columns) {
            f(k, column);
        }
    }
}

/**
 * dTable[word of ids[t] >> shift] += scale * dy[t] for all rows t, those of one row of the table in ascending order: the first that has one adds up all of
 * them, so that nothing is added by two. shift: 0 for words, 24 for types; dy [rows, columns], ids [rows]. Grid: (ceil(rows / 4), ceil(columns / 128)).
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    embeddingBackward(const int* __restrict__ ids, int shift, const float* __restrict__ dy, float* __restrict__ dTable, float scale, int rows,
                      int columns) {
    int first = warpRow();
    if (first >= rows) {
        return;
    }
    int lane = threadIdx.x % 32;
    int word = wordOf(ids[first] >> shift);
    for (int from = 0; from < first; from += 32) {
        if (__ballot_sync(0xffffffffu, from + lane < first && wordOf(ids[from + lane] >> shift) == word) != 0) {
            return;
        }
    }
    float sums[TABLE_EACH];
    float* table = dTable + (size_t)word * columns;
    forTableColumns(columns, [&](int k, int column) { sums[k] = table[column]; });
    for (int from = first; from < rows; from += 32) {
        unsigned same = __ballot_sync(0xffffffffu, from + lane < rows && wordOf(ids[from + lane] >> shift) == word);
        for (; same != 0; same &= same - 1) {
            const float* gradient = dy + (size_t)(from + __ffs(same) - 1) * columns;
            forTableColumns(columns, [&](int k, int column) { sums[k] = fmaf(gradient[column], scale, sums[k]); });
        }
    }
    forTableColumns(columns, [&](int k, int column) { table[column] = sums[k]; });
}

/**
 * dPositions[first + p] += dy of the p-th row of each sequence that has one, sequence by sequence. dy [rows, columns], positions at least those of the
 * longest sequence. Grid: (ceil(positions / 4), ceil(columns / 128)).
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    embeddingPositionsBackward(const int* __restrict__ offsets, int sequences, const float* __restrict__ dy, float* __restrict__ dPositions,
                               int first, int positions, int columns) {
    int position = warpRow();
    if (position >= positions) {
        return;
    }
    float sums[TABLE_EACH];
    float* table = dPositions + (size_t)(first + position) * columns;
    forTableColumns(columns, [&](int k, int column) { sums[k] = table[column]; });
    for (int i = 0; i < sequences; i++) {
        int row = offsets[i] + position;
        if (row < offsets[i + 1]) {
            forTableColumns(columns, [&](int k, int column) { sums[k] += dy[(size_t)row * columns + column]; });
        }
    }
    forTableColumns(columns, [&](int k, int column) { table[column] = sums[k]; });
}

/**
 * Square images as patches: y [images * side * side, 3 * patchSize * patchSize], patches row by row, of each first its red values, then green, then blue.
 * pixels: 0xRRGGBB, image by image, row by row, of (side * patchSize)^2; table: what a colour's value becomes, 256 for red, then green, then blue; count:
 * the pixels of all images. Grid: ceil(count / 256); block: 256.
 */
extern "C" __global__ void __launch_bounds__(256)
    patches(const int* __restrict__ pixels, const float* __restrict__ table, int side, int patchSize, float* __restrict__ y, const int* count) {
    int i = blockIdx.x * 256 + threadIdx.x;
    if (i >= *count) {
        return;
    }
    int area = patchSize * patchSize;
    int patch = i / area;
    int place = i % area;
    int inImage = patch % (side * side);
    int row = inImage / side * patchSize + place / patchSize;
    int column = inImage % side * patchSize + place % patchSize;
    int size = side * patchSize;
    int pixel = pixels[((size_t)(patch / (side * side)) * size + row) * size + column];
    float* values = y + (size_t)patch * 3 * area + place;
    values[0] = table[pixel >> 16 & 0xff];
    values[area] = table[256 + (pixel >> 8 & 0xff)];
    values[2 * (size_t)area] = table[512 + (pixel & 0xff)];
}

/**
 * y = [first; x] + positions for sequences of tokens rows each: x [sequences * (tokens - 1), columns], first [columns], positions [tokens, columns], y
 * [rows, columns].
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    withFirst(const float* __restrict__ x, const float* __restrict__ first, const float* __restrict__ positions, float* __restrict__ y,
              const int* rows, int tokens, int columns) {
    int row = warpRow();
    if (row >= *rows) {
        return;
    }
    int token = row % tokens;
    const float* source = token == 0 ? first : x + ((size_t)row - row / tokens - 1) * columns;
    forColumns(columns, [&](int column) { y[(size_t)row * columns + column] = source[column] + positions[(size_t)token * columns + column]; });
}

/**
 * Gradient of withFirst: writes dx, which may be null, and adds to dPositions [tokens, columns] and dFirst [columns], sequence by sequence; dy
 * [sequences * tokens, columns]. Here a warp takes a token of all sequences. Grid: (ceil(tokens / 4), ceil(columns / 128)).
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    withFirstBackward(const float* __restrict__ dy, float* __restrict__ dx, float* __restrict__ dFirst, float* __restrict__ dPositions,
                      int sequences, int tokens, int columns) {
    int token = warpRow();
    if (token >= tokens) {
        return;
    }
    float sums[TABLE_EACH];
    float firsts[TABLE_EACH];
    float* table = dPositions + (size_t)token * columns;
    forTableColumns(columns, [&](int k, int column) {
        sums[k] = table[column];
        firsts[k] = dFirst[column];
    });
    for (int i = 0; i < sequences; i++) {
        forTableColumns(columns, [&](int k, int column) {
            float gradient = dy[((size_t)i * tokens + token) * columns + column];
            sums[k] += gradient;
            firsts[k] += gradient;
            if (dx != nullptr && token > 0) {
                dx[((size_t)i * (tokens - 1) + token - 1) * columns + column] = gradient;
            }
        });
    }
    forTableColumns(columns, [&](int k, int column) {
        table[column] = sums[k];
        if (token == 0) {
            dFirst[column] = firsts[k];
        }
    });
}

/** y[i] = x[taken[i]] for all rows of y [rows, columns]. Of offsets as taken, the first row of each sequence. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    takeRows(const float* __restrict__ x, const int* __restrict__ taken, float* __restrict__ y, const int* rows, int columns) {
    int row = warpRow();
    if (row >= *rows) {
        return;
    }
    const float* source = x + (size_t)taken[row] * columns;
    forColumns(columns, [&](int column) { y[(size_t)row * columns + column] = source[column]; });
}

/** y[taken[i]] = x[i] for all rows of x [rows, columns], none of which is put twice; other rows of y stay as they are. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    putRows(const float* __restrict__ x, const int* __restrict__ taken, float* __restrict__ y, int rows, int columns) {
    int row = warpRow();
    if (row >= rows) {
        return;
    }
    float* target = y + (size_t)taken[row] * columns;
    forColumns(columns, [&](int column) { target[column] = x[(size_t)row * columns + column]; });
}

/**
 * Mean over the rows of each sequence: x [rows, columns], y [sequences, columns]. Grid: (ceil(columns / 32), sequences), empty ones may be among
 * them; block: 256.
 */
extern "C" __global__ void __launch_bounds__(256)
    meanPool(const float* __restrict__ x, const int* __restrict__ offsets, float* __restrict__ y, int columns) {
    __shared__ float sums[8][32];
    int column = blockIdx.x * 32 + threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int from = offsets[blockIdx.y];
    int to = offsets[blockIdx.y + 1];
    if (from == to) {
        return;
    }
    float sum = 0;
    if (column < columns) {
#pragma unroll 4
        for (int row = from + warp; row < to; row += 8) {
            sum += x[(size_t)row * columns + column];
        }
    }
    sums[warp][threadIdx.x % 32] = sum;
    __syncthreads();
    if (warp == 0 && column < columns) {
        for (int other = 1; other < 8; other++) {
            sum += sums[other][threadIdx.x];
        }
        y[(size_t)blockIdx.y * columns + column] = sum * (1.0f / (to - from));
    }
}

/** Gradient of meanPool: dx[t] = dy of t's sequence divided by its length, for all rows of dx [rows, columns]. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    meanPoolBackward(const float* __restrict__ dy, const int* __restrict__ offsets, int sequences, float* __restrict__ dx, int rows,
                     int columns) {
    int row = warpRow();
    if (row >= rows) {
        return;
    }
    int sequence = sequenceOf(offsets, sequences, row);
    float scale = 1.0f / (offsets[sequence + 1] - offsets[sequence]);
    forColumns(columns, [&](int column) { dx[(size_t)row * columns + column] = dy[(size_t)sequence * columns + column] * scale; });
}
