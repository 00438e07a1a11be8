// What makes a CUDA C source of ours C++ for g++ on x86-64, where its kernels run on the CPU: a test tool, no GPU is involved.
// Include it after all other headers and before the kernels. Compile with -std=c++17 -O2 -ffp-contract=off.
#pragma once

#define TOKENWISE_FAKE 1

#include "grid.h"
#include "warp.h"
#include "tensor.h"
#include "copies.h"
#include "wgmma.h"
#include "arithmetic.h"

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

// thread_local is the one storage class that is static inside a function and may still follow `extern`. Blocks run one after the
// other, so one copy serves them all; grid.h poisons all thread-local memory of the program before each block.
#define __shared__ thread_local

// A kernel's `extern __shared__ __align__(16) unsigned char dynamicShared[];` becomes the declaration of a pointer to an array, and
// each use of the name that array, wherever it lies for this launch.
#define dynamicShared (*tokenwiseDynamicShared)
inline thread_local unsigned char (*tokenwiseDynamicShared)[];

#define threadIdx (::tokenwise::grid.current->index)
#define blockIdx (::tokenwise::grid.blockIndex)
#define blockDim (::tokenwise::grid.blockSize)
#define gridDim (::tokenwise::grid.gridSize)
#define warpSize 32
