// The tensor instructions, by the fragment layouts of the PTX manual (Warp-level matrix instructions: Matrix fragments for mma.m16n8k16
// with floating point type, for mma.m16n8k32 with integer type; and ldmatrix). The order of sums is ours: ascending k in float32. A real
// card adds in an order and with a rounding of its own, so that the last bits differ.
//
// With group = lane / 4 and place = lane % 4, and register r of A's four holding n = 2 bf16 or n = 4 bytes:
//   A: row group + 8 (r & 1), columns n place + 4n (r >> 1) and the next n - 1
//   B: column group, rows n place + 4n r and the next n - 1, r < 2
//   C, D: register r < 4 is row group + 8 (r >> 1), column 2 place + (r & 1)
#pragma once

#include "warp.h"

namespace tokenwise {

constexpr int MMA_ROWS = 16, MMA_COLUMNS = 8;

typedef float FloatRow __attribute__((vector_size(32)));
typedef int IntRow __attribute__((vector_size(32)));

inline float upperHalf(unsigned bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** The sums of a warp as rows, and back. */
template <class Row, class T>
inline void gatherSums(const Warp& warp, Row (&d)[MMA_ROWS]) {
    for (int lane = 0; lane < 32; lane++) {
        auto* registers = static_cast<const T*>(warp.result[lane]);
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++) {
            d[lane / 4 + 8 * (r >> 1)][2 * (lane % 4) + (r & 1)] = registers[r];
        }
    }
}

template <class Row, class T>
inline void scatterSums(Warp& warp, const Row (&d)[MMA_ROWS]) {
    for (int lane = 0; lane < 32; lane++) {
        auto* registers = static_cast<T*>(warp.result[lane]);
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++) {
            registers[r] = d[lane / 4 + 8 * (r >> 1)][2 * (lane % 4) + (r & 1)];
        }
    }
}

template <class Row, class T, int K>
inline void addProduct(const T (&a)[MMA_ROWS][K], const Row (&b)[K], Row (&d)[MMA_ROWS]) {
    // Eight rows at a time: sums in k of one row wait for each other, those of different rows do not.
    for (int first = 0; first < MMA_ROWS; first += 8) {
        Row sums[8];
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            sums[i] = d[first + i];
        }
        for (int k = 0; k < K; k++) {
#pragma GCC unroll 8
            for (int i = 0; i < 8; i++) {
                sums[i] += a[first + i][k] * b[k];
            }
        }
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            d[first + i] = sums[i];
        }
    }
    grid.multiplyAdds += MMA_ROWS * MMA_COLUMNS * K;
}

inline void multiplyBf16(Warp& warp, unsigned) {
    float a[MMA_ROWS][16];
    FloatRow b[16], d[MMA_ROWS];
    for (int lane = 0; lane < 32; lane++) {
        int group = lane / 4, place = lane % 4;
        auto* left = static_cast<const unsigned*>(warp.left[lane]);
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++) {
            float* two = &a[group + 8 * (r & 1)][2 * place + 8 * (r >> 1)];
            two[0] = upperHalf(left[r] << 16);
            two[1] = upperHalf(left[r] & 0xffff0000u);
        }
        auto* right = static_cast<const unsigned*>(warp.right[lane]);
#pragma GCC unroll 2
        for (int r = 0; r < 2; r++) {
            b[2 * place + 8 * r][group] = upperHalf(right[r] << 16);
            b[2 * place + 8 * r + 1][group] = upperHalf(right[r] & 0xffff0000u);
        }
    }
    gatherSums<FloatRow, float>(warp, d);
    addProduct<FloatRow, float, 16>(a, b, d);
    scatterSums<FloatRow, float>(warp, d);
}

inline void multiplyU8S8(Warp& warp, unsigned) {
    int a[MMA_ROWS][32];
    IntRow b[32], d[MMA_ROWS];
    for (int lane = 0; lane < 32; lane++) {
        int group = lane / 4, place = lane % 4;
        auto* left = static_cast<const unsigned*>(warp.left[lane]);
        auto* right = static_cast<const unsigned*>(warp.right[lane]);
#pragma GCC unroll 4
        for (int byte = 0; byte < 4; byte++) {
#pragma GCC unroll 4
            for (int r = 0; r < 4; r++) {
                a[group + 8 * (r & 1)][4 * place + byte + 16 * (r >> 1)] = int(left[r] >> 8 * byte & 255);
            }
#pragma GCC unroll 2
            for (int r = 0; r < 2; r++) {
                b[4 * place + byte + 16 * r][group] = int(static_cast<signed char>(right[r] >> 8 * byte & 255));
            }
        }
    }
    gatherSums<IntRow, int>(warp, d);
    addProduct<IntRow, int, 32>(a, b, d);
    scatterSums<IntRow, int>(warp, d);
}

/** Block i of 8 rows of 8 halves lies where lanes 8i to 8i + 7 say; lane l gets halves 2 (l % 4) and the next of row l / 4 of each. */
inline void loadMatrices(Warp& warp, unsigned) {
    for (int lane = 0; lane < 32; lane++) {
        auto* registers = static_cast<unsigned*>(warp.result[lane]);
        for (int block = 0; block < 4; block++) {
            auto* row = static_cast<const unsigned*>(warp.left[8 * block + lane / 4]);
            registers[block] = row[lane % 4];
        }
    }
}

/** The same, each block transposed: lane l gets halves l / 4 of rows 2 (l % 4) and the next. */
inline void loadTransposed(Warp& warp, unsigned) {
    for (int lane = 0; lane < 32; lane++) {
        auto* registers = static_cast<unsigned*>(warp.result[lane]);
        for (int block = 0; block < 4; block++) {
            auto* low = static_cast<const unsigned short*>(warp.left[8 * block + 2 * (lane % 4)]);
            auto* high = static_cast<const unsigned short*>(warp.left[8 * block + 2 * (lane % 4) + 1]);
            registers[block] = low[lane / 4] | unsigned(high[lane / 4]) << 16;
        }
    }
}

/** Whether bytes lie in the shared memory of the block, static or dynamic. */
bool inShared(const void* address, size_t bytes);

inline void tensorOperation(WarpOperation operation, void* result, const void* left, const void* right, const char* place) {
    Thread* me = grid.current;
    Warp* warp = me->warp;
    if (warp->existing != 0xffffffffu) {
        fail(719, "%s: the warp has fewer than 32 threads", place);
    }
    warp->result[me->lane] = result;
    warp->left[me->lane] = left;
    warp->right[me->lane] = right;
    meet(operation, 0xffffffffu, place);
}

inline void loadMatrix(WarpOperation operation, unsigned (&r)[4], const void* sharedRow, const char* place) {
    if (reinterpret_cast<uintptr_t>(sharedRow) % 16 != 0) {
        fail(716, "%s: the row's address %p is no multiple of 16", place, sharedRow);
    }
    if (!inShared(sharedRow, 16)) {
        fail(717, "%s: the row at %p is not in shared memory", place, sharedRow);
    }
    tensorOperation(operation, r, sharedRow, nullptr, place);
}

} // namespace tokenwise

inline void mmaBf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    ::tokenwise::tensorOperation(::tokenwise::multiplyBf16, d, a, b, "mmaBf16");
}

inline void mmaU8S8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    ::tokenwise::tensorOperation(::tokenwise::multiplyU8S8, d, a, b, "mmaU8S8");
}

inline void ldmatrix4(unsigned (&r)[4], const void* sharedRow) {
    ::tokenwise::loadMatrix(::tokenwise::loadMatrices, r, sharedRow, "ldmatrix4");
}

inline void ldmatrix4Transposed(unsigned (&r)[4], const void* sharedRow) {
    ::tokenwise::loadMatrix(::tokenwise::loadTransposed, r, sharedRow, "ldmatrix4Transposed");
}
