// wgmma: products of four warps whose both sides lie in shared memory, where descriptors say (PTX manual, Asynchronous warpgroup level matrix instructions: Matrix
// descriptor, Shared memory matrix layout, Register fragments). Simulated for m64n128, rows of inputs (K-major) and the 128-byte swizzle alone.
//
// They are asynchronous as far as this can be: chance reads both sides when the instruction starts, or when its group is committed or waited for, and without a seed
// always as late as it may. Sums hold poison from the start until they are waited for. Each warp does its 16 rows; the four are compared, not brought together.
#pragma once

#include "copies.h"
#include "tensor.h"

namespace tokenwise {

constexpr int GROUP_COLUMNS = 128, GROUP_BLOCKS = GROUP_COLUMNS / MMA_COLUMNS, GROUP_BYTES = 32;

/** The sums of a warp that products are added to. */
struct GroupSums {
    void* lanes[32]; // [GROUP_BLOCKS][4] each; null at lane 0: not in use
    union {
        FloatRow floats[GROUP_BLOCKS][MMA_ROWS];
        IntRow ints[GROUP_BLOCKS][MMA_ROWS];
    };
};

struct GroupProduct {
    uint64_t left, right;
    GroupSums* sums;
    bool bytes;
};

/** What a warp has started and not waited for. The first `done` of the products have been added up; those before groupEnds[g] belong to groups up to g. */
struct GroupProducts {
    static constexpr int MOST = 64, MOST_SUMS = 2, MOST_GROUPS = 8;
    GroupProduct products[MOST];
    int count, done;
    int groupEnds[MOST_GROUPS];
    int groupCount;
    bool fenced; // since the warp may have touched its sums
    GroupSums sums[MOST_SUMS];
    unsigned long started;
    unsigned long block; // all of this is of that block
};

inline GroupProducts groupProducts[32];

/** What the first warp of a warpgroup that came to the n-th product since the block began said of it, at n modulo the length. */
struct GroupLog {
    static constexpr int LENGTH = 64;
    uint64_t left[LENGTH], right[LENGTH];
    unsigned long started;
    unsigned long block;
};

inline GroupLog groupLogs[8];

inline GroupProducts& productsOf(const Warp& warp) {
    GroupProducts& mine = groupProducts[&warp - grid.warps];
    if (mine.block != grid.blocks) {
        mine.count = mine.done = mine.groupCount = 0;
        mine.fenced = false;
        mine.started = 0;
        mine.block = grid.blocks;
        for (GroupSums& sums : mine.sums) {
            sums.lanes[0] = nullptr;
        }
    }
    return mine;
}

// ---- where the sides lie

/** Row r's 32 bytes of inputs, as two units of 16 that the swizzle has moved. Bits of the address it takes from the address itself, as a card does. */
inline void readRow(uint64_t descriptor, int row, unsigned char (&bytes)[GROUP_BYTES], const char* place) {
    uintptr_t window = reinterpret_cast<uintptr_t>(grid.dynamic) & ~uintptr_t(0x3ffff);
    uintptr_t start = window + ((descriptor & 0x3fff) << 4);
    if (start < reinterpret_cast<uintptr_t>(grid.dynamic)) {
        start += 0x40000;
    }
    uintptr_t stride = (descriptor >> 32 & 0x3fff) << 4;
    for (int unit = 0; unit < GROUP_BYTES; unit += 16) {
        uintptr_t at = start + uintptr_t(row / 8) * stride + uintptr_t(row % 8) * 128 + uintptr_t(unit);
        auto* from = reinterpret_cast<const unsigned char*>(at ^ (at >> 7 & 7) << 4);
        if (!inShared(from, 16)) {
            fail(717, "%s: row %d of a side, at %p, is not in dynamic shared memory", place, row, from);
        }
        if (!isFenced(from)) {
            fail(719, "%s: row %d of a side was copied, with no fenceForWgmma of the thread that has waited for it", place, row);
        }
        memcpy(bytes + unit, from, 16);
    }
}

inline void checkDescriptor(uint64_t descriptor, const char* place) {
    if (descriptor >> 62 != 1) {
        fail(719, "%s: swizzle %d of a descriptor is not simulated; 1, of 128 bytes, is", place, int(descriptor >> 62));
    }
    // The pattern's beginning must be a multiple of 1024 if the base offset is 0.
    if ((descriptor >> 49 & 7) != 0 || (descriptor & 0x3fff) << 4 & 0x380) {
        fail(719, "%s: eight rows of a descriptor do not begin at a multiple of 1024", place);
    }
    if (descriptor & 0x3ff1c000c000c000ull) {
        fail(719, "%s: a descriptor %llx with reserved bits", place, (unsigned long long)descriptor);
    }
}

// ---- products

/** Value k of a row: bfloat16, or a byte that is unsigned on the left and signed on the right. */
inline float valueAt(const unsigned char* bytes, int k, bool, float) {
    return upperHalf(unsigned(bytes[2 * k]) << 16 | unsigned(bytes[2 * k + 1]) << 24);
}

inline int valueAt(const unsigned char* bytes, int k, bool right, int) {
    return right ? int(static_cast<signed char>(bytes[k])) : int(bytes[k]);
}

template <class Row, class T, int K>
inline void addGroupProduct(const Warp& warp, const GroupProduct& product, Row (&sums)[GROUP_BLOCKS][MMA_ROWS]) {
    unsigned char bytes[GROUP_BYTES];
    T a[MMA_ROWS][K];
    int firstRow = int(&warp - grid.warps) % 4 * MMA_ROWS;
    for (int row = 0; row < MMA_ROWS; row++) {
        readRow(product.left, firstRow + row, bytes, "wgmma");
        for (int k = 0; k < K; k++) {
            a[row][k] = valueAt(bytes, k, false, T());
        }
    }
    for (int block = 0; block < GROUP_BLOCKS; block++) {
        Row b[K];
        for (int column = 0; column < MMA_COLUMNS; column++) {
            readRow(product.right, block * MMA_COLUMNS + column, bytes, "wgmma");
            for (int k = 0; k < K; k++) {
                b[k][column] = valueAt(bytes, k, true, T());
            }
        }
        addProduct<Row, T, K>(a, b, sums[block]);
    }
}

/** Adds up the first so many products. */
inline void addUntil(const Warp& warp, GroupProducts& mine, int count) {
    for (; mine.done < count; mine.done++) {
        const GroupProduct& product = mine.products[mine.done];
        if (product.bytes) {
            addGroupProduct<IntRow, int, 32>(warp, product, product.sums->ints);
        } else {
            addGroupProduct<FloatRow, float, 16>(warp, product, product.sums->floats);
        }
    }
}

/** Where a lane's four sums of a block of columns lie. */
inline void placeSums(Warp& warp, const GroupSums& sums, int block) {
    for (int lane = 0; lane < 32; lane++) {
        warp.result[lane] = static_cast<int*>(sums.lanes[lane]) + 4 * block;
    }
}

/** The bits of the lanes' sums, be they floats or not, which then are poison. */
inline void takeSums(Warp& warp, GroupSums& sums) {
    for (int block = 0; block < GROUP_BLOCKS; block++) {
        placeSums(warp, sums, block);
        gatherSums<IntRow, int>(warp, sums.ints[block]);
    }
    for (void* lane : sums.lanes) {
        memset(lane, 0xff, GROUP_BLOCKS * 4 * sizeof(int));
    }
}

inline void giveSums(Warp& warp, GroupSums& sums) {
    for (int block = 0; block < GROUP_BLOCKS; block++) {
        placeSums(warp, sums, block);
        scatterSums<IntRow, int>(warp, sums.ints[block]);
    }
    sums.lanes[0] = nullptr;
}

inline GroupSums* sumsOf(Warp& warp, GroupProducts& mine) {
    GroupSums* free = nullptr;
    for (GroupSums& sums : mine.sums) {
        if (sums.lanes[0] == warp.result[0]) {
            return &sums;
        }
        free = sums.lanes[0] == nullptr ? &sums : free;
    }
    if (free == nullptr) {
        fail(719, "wgmma: a warp has more than %d matrices of sums at once", GroupProducts::MOST_SUMS);
    }
    if (!mine.fenced) {
        fail(719, "wgmma: no wgmmaFence between what the warp did to these sums and the product");
    }
    memcpy(free->lanes, warp.result, sizeof free->lanes);
    takeSums(warp, *free);
    return free;
}

/** All warps of a group must come to the same products. */
inline void compareWithGroup(const Warp& warp, const GroupProducts& mine, const GroupProduct& product) {
    int first = int(&warp - grid.warps) / 4 * 4;
    if (first + 4 > grid.warpCount) {
        fail(719, "wgmma: warp %d is in no group of four", int(&warp - grid.warps));
    }
    GroupLog& log = groupLogs[first / 4];
    if (log.block != grid.blocks) {
        log.block = grid.blocks;
        log.started = 0;
    }
    int at = int(mine.started % GroupLog::LENGTH);
    if (mine.started == log.started) {
        log.left[at] = product.left;
        log.right[at] = product.right;
        log.started++;
    } else if (log.left[at] != product.left || log.right[at] != product.right) {
        fail(719, "wgmma: warps of a group start different products");
    }
}

template <bool BYTES>
inline void startProduct(Warp& warp, unsigned) {
    GroupProducts& mine = productsOf(warp);
    GroupProduct product{warp.given[0], warp.taken[0], nullptr, BYTES};
    for (int lane = 0; lane < 32; lane++) {
        if (warp.given[lane] != product.left || warp.taken[lane] != product.right) {
            fail(719, "wgmma: lanes of a warp have different descriptors");
        }
    }
    checkDescriptor(product.left, "wgmma");
    checkDescriptor(product.right, "wgmma");
    compareWithGroup(warp, mine, product);
    if (mine.count == GroupProducts::MOST) {
        fail(719, "wgmma: more than %d products of a warp that nobody waited for", GroupProducts::MOST);
    }
    product.sums = sumsOf(warp, mine);
    mine.products[mine.count++] = product;
    mine.started++;
    if (grid.happens()) {
        addUntil(warp, mine, mine.count);
    }
}

inline void fenceProducts(Warp& warp, unsigned) { productsOf(warp).fenced = true; }

inline void commitProducts(Warp& warp, unsigned) {
    GroupProducts& mine = productsOf(warp);
    if (mine.groupCount == GroupProducts::MOST_GROUPS) {
        fail(719, "wgmmaCommit: more than %d groups of a warp that nobody waited for", GroupProducts::MOST_GROUPS);
    }
    mine.groupEnds[mine.groupCount++] = mine.count;
    if (grid.happens()) {
        addUntil(warp, mine, mine.count);
    }
}

/** Ends all groups but the last ones, and gives the sums back that no product is added to any more. */
inline void waitForProducts(Warp& warp, int groupsLeft) {
    GroupProducts& mine = productsOf(warp);
    int groups = mine.groupCount - groupsLeft;
    if (groups <= 0) {
        return;
    }
    int ended = mine.groupEnds[groups - 1];
    addUntil(warp, mine, ended);
    mine.count -= ended;
    mine.done -= ended;
    memmove(mine.products, mine.products + ended, size_t(mine.count) * sizeof(GroupProduct));
    mine.groupCount = groupsLeft;
    for (int i = 0; i < groupsLeft; i++) {
        mine.groupEnds[i] = mine.groupEnds[i + groups] - ended;
    }
    for (GroupSums& sums : mine.sums) {
        bool isAdded = sums.lanes[0] == nullptr;
        for (int i = 0; i < mine.count; i++) {
            isAdded |= mine.products[i].sums == &sums;
        }
        if (!isAdded) {
            giveSums(warp, sums);
            mine.fenced = false;
        }
    }
}

template <int LEFT>
inline void waitForProducts(Warp& warp, unsigned) {
    waitForProducts(warp, LEFT);
}

/** Whether all that a warp of the block has started has been waited for. */
inline bool areProductsDone() {
    for (int i = 0; i < grid.warpCount; i++) {
        if (productsOf(grid.warps[i]).count > 0) {
            return false;
        }
    }
    return true;
}

inline void startProduct(WarpOperation operation, void* d, unsigned long long a, unsigned long long b) {
    Thread* me = grid.current;
    me->warp->given[me->lane] = a;
    me->warp->taken[me->lane] = b;
    tensorOperation(operation, d, nullptr, nullptr, "wgmma");
}

} // namespace tokenwise

/** The low bits of the address, which tell places in shared memory apart: it has less than 256 KiB. */
inline unsigned sharedAddress(const void* pointer) { return unsigned(reinterpret_cast<uintptr_t>(pointer) & 0x3ffff); }

inline void fenceForWgmma() { ::tokenwise::grid.current->fences++; }

inline void wgmmaFence() { ::tokenwise::meet(::tokenwise::fenceProducts, 0xffffffffu, "wgmmaFence"); }

inline void wgmma(float (&d)[16][4], unsigned long long a, unsigned long long b) {
    ::tokenwise::startProduct(::tokenwise::startProduct<false>, d, a, b);
}

inline void wgmma(int (&d)[16][4], unsigned long long a, unsigned long long b) {
    ::tokenwise::startProduct(::tokenwise::startProduct<true>, d, a, b);
}

inline void wgmmaCommit() { ::tokenwise::meet(::tokenwise::commitProducts, 0xffffffffu, "wgmmaCommit"); }

inline void wgmmaWaitButLast() { ::tokenwise::meet(::tokenwise::waitForProducts<1>, 0xffffffffu, "wgmmaWaitButLast"); }

inline void wgmmaWait(float (&)[16][4]) { ::tokenwise::meet(::tokenwise::waitForProducts<0>, 0xffffffffu, "wgmmaWait"); }

inline void wgmmaWait(int (&)[16][4]) { ::tokenwise::meet(::tokenwise::waitForProducts<0>, 0xffffffffu, "wgmmaWait"); }
