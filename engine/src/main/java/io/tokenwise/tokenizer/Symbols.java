package io.tokenwise.tokenizer;

import java.util.Arrays;

/** Pieces of a text one after another, and the room to merge those of a word in. One a call: not thread-safe. */
final class Symbols {
    /** Words of so many symbols are merged by looking at all pairs; longer ones by a heap, in n log n, or in parts ({@link LongWord}). */
    private static final int SHORT = 24;

    int[] ids = new int[64];

    /** Where each begins in the text, in chars, and where it ends; both of whole characters, also of pieces that are some of a character's bytes. */
    int[] starts = new int[64];

    int[] ends = new int[64];

    int count;

    /** What becomes of each symbol and the next one. */
    private long[] pairs = new long[64];

    private int[] next = {};
    private int[] previous = {};

    /** Ranks and places of pairs, the first rank on top; those that are out of date are known by another rank in {@link #pairs}. */
    private long[] heap = {};

    private int heaped;

    void add(int id, int start, int end) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, 2 * count);
            starts = Arrays.copyOf(starts, 2 * count);
            ends = Arrays.copyOf(ends, 2 * count);
            pairs = new long[2 * count];
        }
        ids[count] = id;
        starts[count] = start;
        ends[count++] = end;
    }

    /** Merges the symbols from {@code first} on, a word, until no pair of them is in the merges. */
    void merge(int first, Merges merges) {
        if (count - first > LongWord.MOST && new LongWord(this, first, merges).merge(this, first)) {
            return;
        }
        int last = count - 1;
        boolean any = false;
        for (int i = first; i < last; i++) {
            pairs[i] = merges.find(ids[i], ids[i + 1]);
            any |= pairs[i] != Merges.NONE;
        }
        if (!any) {
            return;
        }
        if (count - first <= SHORT) {
            mergeByScanning(first, merges);
        } else {
            mergeByHeap(first, merges);
        }
    }

    private void mergeByScanning(int first, Merges merges) {
        while (true) {
            int at = -1;
            long best = Merges.NONE;
            for (int i = first; i < count - 1; i++) {
                if (pairs[i] < best) {
                    best = pairs[i];
                    at = i;
                }
            }
            if (at < 0) {
                return;
            }
            ids[at] = (int) best;
            ends[at] = ends[at + 1];
            count--;
            for (int i = at + 1; i < count; i++) {
                ids[i] = ids[i + 1];
                starts[i] = starts[i + 1];
                ends[i] = ends[i + 1];
                pairs[i] = pairs[i + 1];
            }
            if (at > first) {
                pairs[at - 1] = merges.find(ids[at - 1], ids[at]);
            }
            if (at < count - 1) {
                pairs[at] = merges.find(ids[at], ids[at + 1]);
            }
        }
    }

    private void mergeByHeap(int first, Merges merges) {
        link(first);
        while (heaped > 0) {
            long top = pop();
            int at = (int) top;
            if (pairs[at] == Merges.NONE || pairs[at] >>> 32 != top >>> 32) {
                continue;
            }
            int right = next[at];
            ids[at] = (int) pairs[at];
            ends[at] = ends[right];
            pairs[right] = Merges.NONE;
            next[at] = next[right];
            if (next[at] < count) {
                previous[next[at]] = at;
            }
            pair(at, merges);
            if (at > first) {
                pair(previous[at], merges);
            }
        }
        int kept = first;
        for (int i = first; i < count; i = next[i]) {
            ids[kept] = ids[i];
            starts[kept] = starts[i];
            ends[kept++] = ends[i];
        }
        count = kept;
    }

    private void link(int first) {
        if (next.length < count) {
            next = new int[ids.length];
            previous = new int[ids.length];
        }
        if (heap.length < count) {
            heap = new long[ids.length];
        }
        heaped = 0;
        pairs[count - 1] = Merges.NONE;
        for (int i = first; i < count; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            if (pairs[i] != Merges.NONE) {
                push(pairs[i] >>> 32 << 32 | i);
            }
        }
    }

    private void pair(int at, Merges merges) {
        pairs[at] = next[at] < count ? merges.find(ids[at], ids[next[at]]) : Merges.NONE;
        if (pairs[at] != Merges.NONE) {
            push(pairs[at] >>> 32 << 32 | at);
        }
    }

    private void push(long entry) {
        if (heaped == heap.length) {
            heap = Arrays.copyOf(heap, 2 * heaped);
        }
        int at = heaped++;
        while (at > 0 && heap[(at - 1) / 2] > entry) {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        heap[at] = entry;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heaped];
        int at = 0;
        for (int child = 1; child < heaped; child = 2 * at + 1) {
            if (child + 1 < heaped && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return top;
    }
}
