package io.tokenwise.natives.cuda;

import java.util.Arrays;

/**
 * The device memory that was allocated and not freed, so that a wrong address is an error here and not a fault on the device that costs the
 * context. Looking up allocates nothing; allocating is rare, and copies the list. Threads may share it.
 */
final class Allocations {
    private record Ranges(long[] starts, long[] sizes) {}

    private volatile Ranges ranges = new Ranges(new long[0], new long[0]);

    synchronized void add(long start, long bytes) {
        Ranges old = ranges;
        int count = old.starts.length;
        int place = -Arrays.binarySearch(old.starts, start) - 1;
        var starts = new long[count + 1];
        var sizes = new long[count + 1];
        System.arraycopy(old.starts, 0, starts, 0, place);
        System.arraycopy(old.sizes, 0, sizes, 0, place);
        starts[place] = start;
        sizes[place] = bytes;
        System.arraycopy(old.starts, place, starts, place + 1, count - place);
        System.arraycopy(old.sizes, place, sizes, place + 1, count - place);
        ranges = new Ranges(starts, sizes);
    }

    /**
     * Returns how many bytes there were.
     *
     * @throws IllegalArgumentException if nothing was allocated there
     */
    synchronized long remove(long start) {
        Ranges old = ranges;
        int count = old.starts.length;
        int place = Arrays.binarySearch(old.starts, start);
        if (place < 0) {
            throw new IllegalArgumentException(
                    "free: no memory was allocated at 0x%x, or it has been freed".formatted(start));
        }
        var starts = new long[count - 1];
        var sizes = new long[count - 1];
        System.arraycopy(old.starts, 0, starts, 0, place);
        System.arraycopy(old.sizes, 0, sizes, 0, place);
        System.arraycopy(old.starts, place + 1, starts, place, count - 1 - place);
        System.arraycopy(old.sizes, place + 1, sizes, place, count - 1 - place);
        ranges = new Ranges(starts, sizes);
        return old.sizes[place];
    }

    /** Checks that so many bytes from an address lie in one allocation. */
    void check(String operation, long address, long bytes) {
        Ranges now = ranges;
        int place = Arrays.binarySearch(now.starts, address);
        int index = place >= 0 ? place : -place - 2;
        long offset = index < 0 ? 0 : address - now.starts[index];
        if (index < 0 || bytes < 0 || offset > now.sizes[index] || bytes > now.sizes[index] - offset) {
            throw new IllegalArgumentException(
                    "%s: %d bytes at 0x%x do not lie in allocated device memory".formatted(operation, bytes, address));
        }
    }

    /** Where memory is still allocated. */
    long[] starts() {
        return ranges.starts.clone();
    }

    long bytes() {
        return Arrays.stream(ranges.sizes).sum();
    }
}
