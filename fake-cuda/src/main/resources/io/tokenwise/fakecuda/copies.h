// Asynchronous copies into shared memory (cp.async). Data arrive when their thread waits for them and no earlier; until then the
// target holds poison, so that a missing wait or barrier shows.
#pragma once

#include "grid.h"
#include "tensor.h"

namespace tokenwise {

inline void startCopy(void* shared, const void* global, bool zero) {
    Thread* me = grid.current;
    if (reinterpret_cast<uintptr_t>(shared) % 16 != 0 || (!zero && reinterpret_cast<uintptr_t>(global) % 16 != 0)) {
        fail(716, "copyAsync16: an address is no multiple of 16: %p from %p", shared, global);
    }
    if (!inShared(shared, 16)) {
        fail(717, "copyAsync16: the target %p is not in shared memory", shared);
    }
    if (me->copyCount == Thread::MOST_COPIES) {
        fail(719, "copyAsync16: more than %d copies of a thread that nobody waited for", Thread::MOST_COPIES);
    }
    memset(shared, 0xff, 16);
    me->copies[me->copyCount++] = {shared, zero ? nullptr : global};
}

inline void commitCopies() {
    Thread* me = grid.current;
    if (me->groupCount == Thread::MOST_GROUPS) {
        fail(719, "copyAsyncCommit: more than %d groups of a thread that nobody waited for", Thread::MOST_GROUPS);
    }
    me->groupEnds[me->groupCount++] = me->copyCount;
}

inline Arrival& arrivalAt(const void* place) {
    return grid.arrivals[reinterpret_cast<uintptr_t>(place) / 16 % Grid::PLACES];
}

/** Whether wgmma sees 16 bytes of shared memory: if they were copied, the thread that waited for them has passed a fence since. */
inline bool isFenced(const void* place) {
    const Arrival& arrival = arrivalAt(place);
    return arrival.block != grid.blocks || grid.threads[arrival.thread].fences > arrival.fences;
}

/** Lets all groups arrive but the last ones, and forgets them. */
inline void waitForCopies(int groupsLeft) {
    Thread* me = grid.current;
    int groups = me->groupCount - groupsLeft;
    if (groups <= 0) {
        return;
    }
    int arrived = me->groupEnds[groups - 1];
    for (int i = 0; i < arrived; i++) {
        const AsyncCopy& copy = me->copies[i];
        if (copy.from == nullptr) {
            memset(copy.to, 0, 16);
        } else {
            memcpy(copy.to, copy.from, 16);
        }
        arrivalAt(copy.to) = {grid.blocks, int(me - grid.threads), me->fences};
    }
    me->copyCount -= arrived;
    memmove(me->copies, me->copies + arrived, size_t(me->copyCount) * sizeof(AsyncCopy));
    me->groupCount = groupsLeft;
    for (int i = 0; i < groupsLeft; i++) {
        me->groupEnds[i] = me->groupEnds[i + groups] - arrived;
    }
}

} // namespace tokenwise

inline void copyAsync16(void* shared, const void* global) { ::tokenwise::startCopy(shared, global, false); }

inline void copyAsyncZero16(void* shared, const void* global, bool zero) { ::tokenwise::startCopy(shared, global, zero); }

inline void copyAsyncCommit() { ::tokenwise::commitCopies(); }

template <int N>
inline void copyAsyncWait() {
    ::tokenwise::waitForCopies(N);
}
