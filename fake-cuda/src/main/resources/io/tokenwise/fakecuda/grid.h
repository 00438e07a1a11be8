// Runs a grid: its blocks one after the other, a block's threads as fibers that give way where they wait for each other.
#pragma once

#include <link.h>
#include <pthread.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "faults.h"
#include "fibers.h"

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

namespace tokenwise {

struct Warp;

struct AsyncCopy {
    void* to;
    const void* from; // null: zeros
};

struct alignas(64) Thread {
    void* stack;
    Warp* warp;
    int lane;
    uint3 index;
    const char* waitsAt; // null: it does not wait
    // The asynchronous copies not yet waited for; those before committed[g] belong to groups up to g.
    static constexpr int MOST_COPIES = 256, MOST_GROUPS = 64;
    AsyncCopy copies[MOST_COPIES];
    int copyCount;
    int groupEnds[MOST_GROUPS];
    int groupCount;
    unsigned fences; // for wgmma, of what it copied
};

/** Which thread's copy 16 bytes of shared memory are, and how many fences for wgmma it had passed when they arrived. */
struct Arrival {
    unsigned long block;
    int thread;
    unsigned fences;
};

using WarpOperation = void (*)(Warp& warp, unsigned lanes);

/** Lanes that wait for the others of a mask, to do one operation together. */
struct Meeting {
    unsigned mask; // 0: not in use
    unsigned arrived;
    WarpOperation operation;
};

struct Warp {
    static constexpr int MOST_MEETINGS = 8;

    unsigned existing, runnable, bit;
    Thread* first;
    Meeting meetings[MOST_MEETINGS];
    // What lanes bring to a meeting and take from it.
    uint64_t given[32], taken[32];
    int from[32];
    const void* left[32];
    const void* right[32];
    void* result[32];
};

/** What is known of the launch that runs, if one does. A process runs one at a time. */
struct Grid {
    Thread* current;
    dim3 gridSize, blockSize;
    uint3 blockIndex;

    const char* kernel;
    void (*body)(const void* parameters);
    const void* parameters;
    int threadCount, warpCount, finished;
    unsigned runnableWarps;
    int arrived, voted; // at the block's barrier; how many of them with a true condition
    int votes;          // of the last barrier
    bool descending;    // lanes and warps take turns from the last one down
    unsigned long long multiplyAdds;

    Failure failure;
    void* scheduler; // the stack that started the fibers
    Stacks stacks;
    Thread threads[1024];
    Warp warps[32];

    unsigned char* dynamic; // the block's dynamic shared memory
    size_t dynamicBytes;

    unsigned long blocks; // that have begun
    unsigned long long chance; // 0: nothing happens by chance
    static constexpr int PLACES = 0x40000 / 16;
    Arrival arrivals[PLACES]; // by the low bits of the address

    /** One time in three. */
    bool happens() {
        if (chance == 0) {
            return false;
        }
        chance = (chance * 6364136223846793005ull + 1442695040888963407ull) | 1;
        return (chance >> 33) % 3 == 0;
    }
};

inline Grid grid;

/** Ends the launch with an error: for the code of kernels only, which is left for good. */
[[noreturn]] inline void fail(int code, const char* format, ...) {
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    Thread* thread = grid.current;
    snprintf(grid.failure.text, sizeof grid.failure.text, "kernel %s, block (%u, %u, %u), thread (%u, %u, %u): %s", grid.kernel,
             grid.blockIndex.x, grid.blockIndex.y, grid.blockIndex.z, thread->index.x, thread->index.y, thread->index.z, text);
    grid.failure.code = code;
    tokenwiseResume(grid.scheduler);
}

/** The next of the bits that are set, going round from the one given. */
inline int nextBit(unsigned bits, int from) {
    if (grid.descending) {
        unsigned below = bits & ((1u << from) - 1);
        return 31 - __builtin_clz(below != 0 ? below : bits);
    }
    unsigned above = bits & (0xfffffffeu << from);
    return __builtin_ctz(above != 0 ? above : bits);
}

/** Who can go on: another lane of the warp, else another warp's; null if nobody can. */
inline Thread* nextThread(Warp* warp, int lane) {
    if (warp->runnable == 0) {
        if (grid.runnableWarps == 0) {
            return nullptr;
        }
        warp = &grid.warps[nextBit(grid.runnableWarps, int(warp - grid.warps))];
        lane = grid.descending ? 0 : 31;
    }
    return warp->first + nextBit(warp->runnable, lane);
}

inline void setRunnable(Warp* warp, unsigned lanes) {
    warp->runnable |= lanes;
    if (lanes != 0) {
        grid.runnableWarps |= warp->bit;
    }
}

inline void stop(Thread* thread) {
    Warp* warp = thread->warp;
    warp->runnable &= ~(1u << thread->lane);
    if (warp->runnable == 0) {
        grid.runnableWarps &= ~warp->bit;
    }
}

[[noreturn]] inline void failByDeadlock() {
    const char* place = nullptr;
    int waiting = 0, elsewhere = 0;
    const char* other = nullptr;
    for (int i = 0; i < grid.threadCount; i++) {
        const char* at = grid.threads[i].waitsAt;
        if (at != nullptr && place == nullptr) {
            place = at;
            grid.current = &grid.threads[i];
        }
        if (at != nullptr && at == place) {
            waiting++;
        } else if (at != nullptr) {
            elsewhere++;
            other = at;
        }
    }
    if (other != nullptr) {
        fail(719, "deadlock: %d threads wait at %s, %d at %s, %d have finished", waiting, place, elsewhere, other, grid.finished);
    }
    fail(719, "deadlock: %d threads wait at %s, %d have finished", waiting, place, grid.finished);
}

/** Lets others run until this thread is made runnable. */
inline void wait(const char* place) {
    Thread* me = grid.current;
    me->waitsAt = place;
    stop(me);
    Thread* next = nextThread(me->warp, me->lane);
    if (next == nullptr) {
        failByDeadlock();
    }
    grid.current = next;
    tokenwiseSwitch(&me->stack, next->stack);
    me->waitsAt = nullptr;
}

/** A meeting of all threads of the block; how many brought a true condition. A thread that has finished never comes: deadlock. */
inline __attribute__((noinline)) int barrier(bool condition, const char* place) {
    grid.arrived++;
    grid.voted += condition;
    if (grid.arrived < grid.threadCount) {
        wait(place);
        return grid.votes;
    }
    grid.votes = grid.voted;
    grid.arrived = 0;
    grid.voted = 0;
    for (int i = 0; i < grid.warpCount; i++) {
        setRunnable(&grid.warps[i], grid.warps[i].existing);
    }
    return grid.votes;
}

inline void runThread() {
    grid.body(grid.parameters);
    Thread* me = grid.current;
    grid.finished++;
    stop(me);
    Thread* next = nextThread(me->warp, me->lane);
    if (next == nullptr) {
        if (grid.finished < grid.threadCount) {
            failByDeadlock();
        }
        tokenwiseResume(grid.scheduler);
    }
    grid.current = next;
    tokenwiseResume(next->stack);
}

/** The threads of a block at their beginning. */
inline void beginBlock() {
    for (int i = 0; i < grid.threadCount; i++) {
        Thread& thread = grid.threads[i];
        thread.stack = grid.stacks.begin(i, runThread);
        thread.waitsAt = nullptr;
        thread.copyCount = 0;
        thread.groupCount = 0;
        thread.fences = 0;
    }
    grid.blocks++;
    grid.runnableWarps = 0;
    for (int i = 0; i < grid.warpCount; i++) {
        Warp& warp = grid.warps[i];
        for (Meeting& meeting : warp.meetings) {
            meeting.mask = 0;
        }
        warp.runnable = 0;
        setRunnable(&warp, warp.existing);
    }
    grid.arrived = 0;
    grid.voted = 0;
    grid.finished = 0;

    grid.current = grid.descending ? &grid.threads[grid.threadCount - 1] : &grid.threads[0];
}

/** What depends on the block's size alone. */
inline void shapeBlocks(dim3 size) {
    grid.blockSize = size;
    grid.threadCount = int(size.x * size.y * size.z);
    grid.warpCount = (grid.threadCount + 31) / 32;
    for (int i = 0; i < grid.threadCount; i++) {
        Thread& thread = grid.threads[i];
        thread.lane = i % 32;
        thread.warp = &grid.warps[i / 32];
        thread.index = {i % size.x, i / size.x % size.y, i / size.x / size.y};
    }
    for (int i = 0; i < grid.warpCount; i++) {
        int lanes = grid.threadCount - i * 32;
        grid.warps[i].existing = lanes >= 32 ? 0xffffffffu : (1u << lanes) - 1;
        grid.warps[i].bit = 1u << i;
        grid.warps[i].first = &grid.threads[i * 32];
    }
}

} // namespace tokenwise

#define __syncthreads() ((void)::tokenwise::barrier(false, "__syncthreads"))
#define __syncthreads_count(condition) (::tokenwise::barrier(condition, "__syncthreads_count"))
#define __syncthreads_or(condition) (::tokenwise::barrier(condition, "__syncthreads_or") > 0)
#define __syncthreads_and(condition) (::tokenwise::barrier(condition, "__syncthreads_and") == ::tokenwise::grid.threadCount)
