// Built-in functions of CUDA C for numbers: reinterpretation, rounding, bits, atomics, small vectors. erff, expf, fmaf and their
// like are the C library's, which differ from a card's by some units in the last place.
#pragma once

#include <cmath>
#include <cstring>

#include "grid.h"

namespace tokenwise {

template <class To, class From>
inline To reinterpret(From value) {
    static_assert(sizeof(To) == sizeof(From), "reinterpretation keeps the size");
    To result;
    memcpy(&result, &value, sizeof result);
    return result;
}

/** Rounds to an int as a card does: what does not fit becomes the nearest that does, NaN becomes 0. */
inline int saturatedInt(float rounded) {
    if (rounded != rounded) {
        return 0;
    }
    return rounded >= 2147483648.0f ? 2147483647 : rounded < -2147483648.0f ? -2147483647 - 1 : int(rounded);
}

} // namespace tokenwise

inline int __float_as_int(float value) { return ::tokenwise::reinterpret<int>(value); }
inline unsigned __float_as_uint(float value) { return ::tokenwise::reinterpret<unsigned>(value); }
inline float __int_as_float(int bits) { return ::tokenwise::reinterpret<float>(bits); }
inline float __uint_as_float(unsigned bits) { return ::tokenwise::reinterpret<float>(bits); }
inline long long __double_as_longlong(double value) { return ::tokenwise::reinterpret<long long>(value); }
inline double __longlong_as_double(long long bits) { return ::tokenwise::reinterpret<double>(bits); }

inline int __float2int_rn(float value) { return ::tokenwise::saturatedInt(nearbyintf(value)); }
inline int __float2int_rz(float value) { return ::tokenwise::saturatedInt(truncf(value)); }
inline int __float2int_rd(float value) { return ::tokenwise::saturatedInt(floorf(value)); }
inline int __float2int_ru(float value) { return ::tokenwise::saturatedInt(ceilf(value)); }
inline float __int2float_rn(int value) { return float(value); }
inline float __uint2float_rn(unsigned value) { return float(value); }
inline float __double2float_rn(double value) { return float(value); }

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return sqrt(a); }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline float rsqrtf(float value) { return 1.0f / sqrtf(value); }
inline double rsqrt(double value) { return 1.0 / sqrt(value); }

inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __ffsll(long long bits) { return __builtin_ffsll(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(unsigned(bits)); }
inline int __clzll(long long bits) { return bits == 0 ? 64 : __builtin_clzll((unsigned long long)bits); }

inline unsigned __brev(unsigned bits) {
    unsigned result = 0;
    for (int i = 0; i < 32; i++) {
        result |= (bits >> i & 1u) << (31 - i);
    }
    return result;
}

inline int min(int a, int b) { return a < b ? a : b; }
inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
inline long long min(long long a, long long b) { return a < b ? a : b; }
inline float min(float a, float b) { return fminf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline int max(int a, int b) { return a > b ? a : b; }
inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
inline long long max(long long a, long long b) { return a > b ? a : b; }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

template <class T>
inline T __ldg(const T* address) {
    return *address;
}

// A block's threads take turns and blocks come one after the other, so a plain change is atomic. None for float: sums by atomics
// have no fixed order, and no kernel of ours may use them.
#define TOKENWISE_ATOMIC(NAME, TYPE, NEW)               \
    inline TYPE NAME(TYPE* address, TYPE value) {       \
        TYPE old = *address;                            \
        *address = NEW;                                 \
        return old;                                     \
    }
#define TOKENWISE_ATOMICS(TYPE)                                      \
    TOKENWISE_ATOMIC(atomicAdd, TYPE, old + value)                   \
    TOKENWISE_ATOMIC(atomicMax, TYPE, old > value ? old : value)     \
    TOKENWISE_ATOMIC(atomicMin, TYPE, old < value ? old : value)     \
    TOKENWISE_ATOMIC(atomicOr, TYPE, old | value)                    \
    TOKENWISE_ATOMIC(atomicAnd, TYPE, old & value)                   \
    TOKENWISE_ATOMIC(atomicExch, TYPE, value)                        \
    inline TYPE atomicCAS(TYPE* address, TYPE expected, TYPE value) { \
        TYPE old = *address;                                         \
        *address = old == expected ? value : old;                    \
        return old;                                                  \
    }
TOKENWISE_ATOMICS(int)
TOKENWISE_ATOMICS(unsigned)
TOKENWISE_ATOMICS(unsigned long long)
#undef TOKENWISE_ATOMICS
#undef TOKENWISE_ATOMIC

// Another thread may look only after a barrier, and the compiler must keep its order for whoever looks then.
inline void __threadfence_block() { asm volatile("" ::: "memory"); }
inline void __threadfence() { asm volatile("" ::: "memory"); }

[[noreturn]] inline void __trap() { ::tokenwise::fail(719, "__trap"); }

#define TOKENWISE_VECTORS(TYPE, NAME)                                                       \
    struct __attribute__((aligned(2 * sizeof(TYPE)))) NAME##2 {                             \
        TYPE x, y;                                                                          \
    };                                                                                      \
    struct __attribute__((aligned(4 * sizeof(TYPE)))) NAME##4 {                             \
        TYPE x, y, z, w;                                                                    \
    };                                                                                      \
    inline NAME##2 make_##NAME##2(TYPE x, TYPE y) { return {x, y}; }                        \
    inline NAME##4 make_##NAME##4(TYPE x, TYPE y, TYPE z, TYPE w) { return {x, y, z, w}; }
TOKENWISE_VECTORS(float, float)
TOKENWISE_VECTORS(int, int)
TOKENWISE_VECTORS(unsigned, uint)
TOKENWISE_VECTORS(signed char, char)
TOKENWISE_VECTORS(unsigned char, uchar)
TOKENWISE_VECTORS(unsigned short, ushort)
#undef TOKENWISE_VECTORS

// Two floats rounded to nearest, ties to even, NaN kept as the instruction keeps it; low is in the low 16 bits.
inline unsigned packBf16(float low, float high) {
    auto narrow = [](float value) {
        unsigned bits = __float_as_uint(value);
        return value != value ? 0x7fffu : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    };
    return narrow(low) | narrow(high) << 16;
}
