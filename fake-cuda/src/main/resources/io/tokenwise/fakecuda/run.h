// Runs a launch: shared memory, poison, all blocks, and what becomes of a fault.
#pragma once

#include <cstddef>
#include <tuple>

#include "shim.h"

namespace tokenwise {

/** A block's dynamic shared memory, at the end of its pages so that what lies behind it faults. */
class DynamicShared {
public:
    static constexpr size_t MOST = 227 * 1024;

    unsigned char* ofSize(size_t bytes) {
        if (base == nullptr) {
            void* mapped = mmap(nullptr, ROOM + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            base = static_cast<unsigned char*>(mapped);
        }
        size_t rounded = (bytes + 15) / 16 * 16;
        size_t pages = (rounded + PAGE - 1) / PAGE * PAGE;
        if (pages != open) {
            mprotect(base, ROOM - pages, PROT_NONE);
            mprotect(base + ROOM - pages, pages, PROT_READ | PROT_WRITE);
            open = pages;
        }
        return base + ROOM - rounded;
    }

private:
    static constexpr size_t PAGE = 4096, ROOM = 57 * PAGE;
    unsigned char* base = nullptr;
    size_t open = 0;
};

/** The thread-local memory of this program or library in this thread: the static shared memory of all kernels. */
struct StaticShared {
    unsigned char* start;
    size_t bytes;
};

inline StaticShared staticShared() {
    static char marker;
    StaticShared found{nullptr, 0};
    tokenwiseDynamicShared = nullptr; // gives this thread its copy
    auto look = [](dl_phdr_info* object, size_t, void* result) {
        bool ours = false;
        size_t bytes = 0;
        for (int i = 0; i < object->dlpi_phnum; i++) {
            const auto& part = object->dlpi_phdr[i];
            auto from = object->dlpi_addr + part.p_vaddr;
            auto address = reinterpret_cast<uintptr_t>(&marker);
            ours |= part.p_type == PT_LOAD && address >= from && address < from + part.p_memsz;
            bytes = part.p_type == PT_TLS ? part.p_memsz : bytes;
        }
        if (ours) {
            *static_cast<StaticShared*>(result) = {static_cast<unsigned char*>(object->dlpi_tls_data), bytes};
        }
        return int(ours);
    };
    dl_iterate_phdr(look, &found);
    return found;
}

inline StaticShared sharedNow;

inline bool inShared(const void* address, size_t bytes) {
    auto* byte = static_cast<const unsigned char*>(address);
    return (byte >= grid.dynamic && byte + bytes <= grid.dynamic + grid.dynamicBytes)
           || (byte >= sharedNow.start && byte + bytes <= sharedNow.start + sharedNow.bytes);
}

/** Says what an address is that a kernel must not touch; null if this is unknown. The driver knows its allocations. */
inline const char* (*describeAddress)(const void* address);

inline void faulted(int signal, const void* address, bool known) {
    if (signal == SIGFPE) {
        fail(719, "an integer was divided by 0");
    }
    if (signal == SIGILL) {
        fail(719, "an instruction that no kernel should reach");
    }
    if (!known) {
        fail(716, "an address that is not aligned to the access, or no address at all");
    }
    auto* byte = static_cast<const unsigned char*>(address);
    if (grid.stacks.inGuard(address)) {
        fail(719, "the thread's stack is full (%zu bytes)", Stacks::BYTES);
    }
    if (byte >= grid.dynamic && byte < grid.dynamic + grid.dynamicBytes + 4096) {
        fail(700, "%td bytes behind the %zu bytes of dynamic shared memory", byte - grid.dynamic - ptrdiff_t(grid.dynamicBytes),
             grid.dynamicBytes);
    }
    const char* what = describeAddress == nullptr ? nullptr : describeAddress(address);
    fail(700, "address %p: %s", address, what == nullptr ? "no memory of the device" : what);
}

/** What a launch is, but for the kernel's parameters. */
struct Shape {
    dim3 gridSize, blockSize;
    size_t sharedBytes;
};

/** Poison in all shared memory: nothing is left of the block before. */
inline void poisonShared(unsigned char (**dynamicPointer)[]) {
    if (sharedNow.start != nullptr) {
        memset(sharedNow.start, 0xff, sharedNow.bytes);
    }
    size_t slack = (grid.dynamicBytes + 15) / 16 * 16;
    memset(grid.dynamic, 0xff, slack);
    *dynamicPointer = reinterpret_cast<unsigned char(*)[]>(grid.dynamic);
}

/** The bytes that fill dynamic shared memory up to 16 must be as they were. */
inline void checkSlack() {
    for (size_t at = grid.dynamicBytes; at % 16 != 0 && grid.failure.code == 0; at++) {
        if (grid.dynamic[at] != 0xff) {
            grid.failure.code = 700;
            snprintf(grid.failure.text, sizeof grid.failure.text,
                     "kernel %s, block (%u, %u, %u): a byte behind the %zu bytes of dynamic shared memory was written", grid.kernel,
                     grid.blockIndex.x, grid.blockIndex.y, grid.blockIndex.z, grid.dynamicBytes);
        }
    }
}

/** What wgmma still does when its warps have ended is an error of theirs. */
inline void checkProducts() {
    if (grid.failure.code == 0 && !areProductsDone()) {
        grid.failure.code = 719;
        snprintf(grid.failure.text, sizeof grid.failure.text, "kernel %s, block (%u, %u, %u): products by wgmma that nobody waited for",
                 grid.kernel, grid.blockIndex.x, grid.blockIndex.y, grid.blockIndex.z);
    }
}

/** The order of blocks that a seed gives: a walk with a step that has no divisor in common with their number. */
inline unsigned long long blockStep(unsigned long long blocks, unsigned long long seed) {
    auto divisor = [](unsigned long long a, unsigned long long b) {
        while (b != 0) {
            auto rest = a % b;
            a = b;
            b = rest;
        }
        return a;
    };
    unsigned long long step = seed % blocks;
    while (step == 0 || divisor(step, blocks) != 1) {
        step = (step + 1) % blocks;
        if (blocks == 1) {
            return 1;
        }
    }
    return step;
}

/** Runs all blocks; the seed (0: plain order) chooses in which order blocks, warps and lanes take turns. */
inline Failure run(const char* name, Shape shape, void (*body)(const void*), const void* parameters,
                   unsigned char (**dynamicPointer)[], unsigned long long seed) {
    static DynamicShared memory;
    grid.kernel = name;
    grid.body = body;
    grid.parameters = parameters;
    grid.gridSize = shape.gridSize;
    grid.failure.code = 0;
    grid.chance = seed;
    grid.dynamicBytes = shape.sharedBytes;
    grid.dynamic = memory.ofSize(shape.sharedBytes);
    sharedNow = staticShared();
    shapeBlocks(shape.blockSize);

    FaultGuard guard(faulted);
    unsigned long long x = shape.gridSize.x, y = shape.gridSize.y, blocks = x * y * shape.gridSize.z;
    unsigned long long step = seed == 0 ? 1 : blockStep(blocks, seed), block = seed == 0 ? 0 : seed % blocks;
    for (unsigned long long i = 0; i < blocks && grid.failure.code == 0; i++, block = (block + step) % blocks) {
        grid.blockIndex = {unsigned(block % x), unsigned(block / x % y), unsigned(block / x / y)};
        grid.descending = seed != 0 && ((seed >> 7) + i) % 2 != 0;
        poisonShared(dynamicPointer);
        beginBlock();
        tokenwiseSwitch(&grid.scheduler, grid.current->stack);
        checkSlack();
        checkProducts();
    }
    return grid.failure;
}

/** Calls a kernel with the parameters that lie in a tuple. */
template <class... P>
struct Call {
    void (*kernel)(P...);
    std::tuple<P...> parameters;

    static void body(const void* self) {
        auto& call = *static_cast<const Call*>(self);
        std::apply(call.kernel, call.parameters);
    }
};

} // namespace tokenwise
