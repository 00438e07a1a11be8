// What the lanes of a warp do together: shuffles, votes, __syncwarp. The last lane that arrives does it for all.
#pragma once

#include "grid.h"

namespace tokenwise {

/** Brings this lane to a meeting of the lanes of the mask; all of them must come, and to the same operation. */
inline __attribute__((noinline)) void meet(WarpOperation operation, unsigned mask, const char* place) {
    Thread* me = grid.current;
    Warp* warp = me->warp;
    unsigned bit = 1u << me->lane;
    if ((mask & bit) == 0) {
        fail(719, "%s: lane %d is not in its own mask %08x", place, me->lane, mask);
    }
    Meeting* meeting = nullptr;
    for (Meeting& each : warp->meetings) {
        if (each.mask == mask) {
            meeting = &each;
            break;
        }
        if (each.mask == 0 && meeting == nullptr) {
            meeting = &each;
        }
    }
    if (meeting == nullptr) {
        fail(719, "%s: lanes of a warp meet under more than %d masks", place, Warp::MOST_MEETINGS);
    }
    if (meeting->mask == 0) {
        *meeting = {mask, 0, operation};
    } else if (meeting->operation != operation) {
        fail(719, "%s: lanes of the warp wait for this one at another operation, %s", place,
             warp->first[__builtin_ctz(meeting->arrived)].waitsAt);
    }
    meeting->arrived |= bit;
    unsigned needed = mask & warp->existing;
    if (meeting->arrived != needed) {
        wait(place);
        return;
    }
    meeting->mask = 0;
    operation(*warp, needed);
    setRunnable(warp, needed & ~bit);
}

inline void meetOnly(Warp&, unsigned) {}

/** What a lane takes from one that does not take part is undefined: all bits set, a NaN. */
inline void shuffleLanes(Warp& warp, unsigned lanes) {
    for (unsigned left = lanes; left != 0; left &= left - 1) {
        int lane = __builtin_ctz(left);
        int from = warp.from[lane];
        warp.taken[lane] = (lanes >> from & 1) != 0 ? warp.given[from] : ~uint64_t(0);
    }
}

inline void collectVotes(Warp& warp, unsigned lanes) {
    unsigned votes = 0;
    for (unsigned left = lanes; left != 0; left &= left - 1) {
        int lane = __builtin_ctz(left);
        votes |= unsigned(warp.given[lane] != 0) << lane;
    }
    for (unsigned left = lanes; left != 0; left &= left - 1) {
        warp.taken[__builtin_ctz(left)] = votes;
    }
}

inline void matchValues(Warp& warp, unsigned lanes) {
    for (unsigned left = lanes; left != 0; left &= left - 1) {
        int lane = __builtin_ctz(left);
        unsigned same = 0;
        for (unsigned other = lanes; other != 0; other &= other - 1) {
            int i = __builtin_ctz(other);
            same |= unsigned(warp.given[i] == warp.given[lane]) << i;
        }
        warp.taken[lane] = same;
    }
}

template <class T>
inline T shuffle(unsigned mask, T value, int from, const char* place) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles take values of 4 or 8 bytes");
    Thread* me = grid.current;
    Warp* warp = me->warp;
    warp->given[me->lane] = 0;
    memcpy(&warp->given[me->lane], &value, sizeof value);
    warp->from[me->lane] = from & 31;
    meet(shuffleLanes, mask, place);
    memcpy(&value, &warp->taken[me->lane], sizeof value);
    return value;
}

/** The votes of the mask's lanes, one bit each. */
inline unsigned vote(unsigned mask, uint64_t value, WarpOperation operation, const char* place) {
    Thread* me = grid.current;
    me->warp->given[me->lane] = value;
    meet(operation, mask, place);
    return unsigned(me->warp->taken[me->lane]);
}

} // namespace tokenwise

template <class T>
inline T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
    int mine = ::tokenwise::grid.current->lane;
    return ::tokenwise::shuffle(mask, value, (mine & ~(width - 1)) + (lane & (width - 1)), "__shfl_sync");
}

template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
    int mine = ::tokenwise::grid.current->lane;
    int from = mine ^ bits;
    return ::tokenwise::shuffle(mask, value, from >= (mine & ~(width - 1)) + width ? mine : from, "__shfl_xor_sync");
}

template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32) {
    int mine = ::tokenwise::grid.current->lane;
    int from = mine - int(by);
    return ::tokenwise::shuffle(mask, value, from < (mine & ~(width - 1)) ? mine : from, "__shfl_up_sync");
}

template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32) {
    int mine = ::tokenwise::grid.current->lane;
    int from = mine + int(by);
    return ::tokenwise::shuffle(mask, value, from >= (mine & ~(width - 1)) + width ? mine : from, "__shfl_down_sync");
}

inline unsigned __ballot_sync(unsigned mask, int condition) {
    return ::tokenwise::vote(mask, condition != 0, ::tokenwise::collectVotes, "__ballot_sync");
}

inline int __any_sync(unsigned mask, int condition) {
    return ::tokenwise::vote(mask, condition != 0, ::tokenwise::collectVotes, "__any_sync") != 0;
}

inline int __all_sync(unsigned mask, int condition) {
    unsigned lanes = mask & ::tokenwise::grid.current->warp->existing;
    return ::tokenwise::vote(mask, condition != 0, ::tokenwise::collectVotes, "__all_sync") == lanes;
}

template <class T>
inline unsigned __match_any_sync(unsigned mask, T value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    return ::tokenwise::vote(mask, bits, ::tokenwise::matchValues, "__match_any_sync");
}

inline void __syncwarp(unsigned mask = 0xffffffffu) { ::tokenwise::meet(::tokenwise::meetOnly, mask, "__syncwarp"); }
