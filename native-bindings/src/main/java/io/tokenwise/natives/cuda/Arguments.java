package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The arguments of one launch after another, in the order of the kernel's parameters. A launch copies them, so they can be changed as
 * soon as it returns. For one caller at a time; setting and launching allocate nothing.
 */
public final class Arguments {
    private static final long SLOT = 8;

    /** An array of addresses of slots, then the slots. */
    final MemorySegment pointers;

    private final int capacity;
    private final long slots;
    private final byte[] sizes;
    private int count;

    /** Makes room for so many arguments. */
    public Arguments(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("arguments: room for " + capacity + "; 1 is the least");
        }
        this.capacity = capacity;
        this.slots = capacity * SLOT;
        this.sizes = new byte[capacity];
        this.pointers = Arena.ofAuto().allocate(2 * slots, SLOT);
        for (int i = 0; i < capacity; i++) {
            pointers.setAtIndex(ADDRESS, i, pointers.asSlice(slots + i * SLOT, SLOT));
        }
    }

    /** Forgets all arguments. */
    public Arguments clear() {
        count = 0;
        return this;
    }

    /** Adds an address on the device; 0 is null. */
    public Arguments pointer(long address) {
        pointers.set(JAVA_LONG, next(Long.BYTES), address);
        return this;
    }

    /** Adds an {@code int}. */
    public Arguments integer(int value) {
        pointers.set(JAVA_INT, next(Integer.BYTES), value);
        return this;
    }

    /** Adds a {@code long long}. */
    public Arguments longInteger(long value) {
        pointers.set(JAVA_LONG, next(Long.BYTES), value);
        return this;
    }

    /** Adds a {@code float}. */
    public Arguments floating(float value) {
        pointers.set(JAVA_FLOAT, next(Float.BYTES), value);
        return this;
    }

    /** How many there are. */
    public int count() {
        return count;
    }

    /** How many bytes the parameter of an argument has. */
    int size(int argument) {
        return sizes[argument];
    }

    private long next(int bytes) {
        if (count == capacity) {
            throw new IllegalStateException("arguments: there is room for " + capacity + " only");
        }
        sizes[count] = (byte) bytes;
        return slots + SLOT * count++;
    }
}
