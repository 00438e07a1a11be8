package io.tokenwise.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** One who multiplies the same left-hand side by several weight matrices, on one thread. */
interface GemmContender extends AutoCloseable {
    long ALIGNMENT = 64;

    /** All products, one after the other. */
    void run();

    /** An element of a product of the last run, row by row. */
    float result(int weight, int index);

    @Override
    void close();

    /** Native memory with some values. */
    static MemorySegment memory(Arena arena, float[] values) {
        MemorySegment memory = arena.allocate((long) values.length * Float.BYTES, ALIGNMENT);
        MemorySegment.copy(values, 0, memory, ValueLayout.JAVA_FLOAT, 0, values.length);
        return memory;
    }
}
