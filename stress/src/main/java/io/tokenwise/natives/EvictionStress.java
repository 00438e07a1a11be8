package io.tokenwise.natives;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A cache of one kernel, and two threads that want different ones: each destroys what the other may be about to run. Compiling one takes a millisecond. */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both products are right")
@Outcome(expect = FORBIDDEN, desc = "a product is wrong; a JVM that dies has run a kernel that was destroyed")
@State
public class EvictionStress {
    private static final int SIZE = 32;
    private static final ProductSpec SPEC = ProductSpec.of(SIZE, SIZE, DataType.F32, DataType.F32, DataType.F32);
    private static final OneDnn ONE_DNN = open();
    private static final Weights ONES = ones();
    private static final Side FIRST = new Side(2);
    private static final Side SECOND = new Side(3);

    private static OneDnn open() {
        try {
            return OneDnn.open(1);
        } catch (OneDnnUnavailableException e) {
            throw new IllegalStateException(e);
        }
    }

    private static MemorySegment filled(long floats) {
        MemorySegment memory = Arena.global().allocate(Float.BYTES * floats, 64);
        for (long i = 0; i < floats; i++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1);
        }
        return memory;
    }

    private static Weights ones() {
        Product product = ONE_DNN.product(SPEC);
        return product.pack(filled((long) SIZE * SIZE), Arena.global().allocate(product.packedBytes(), 64));
    }

    /** One thread's buffers, and the number of rows that is its own. */
    private static final class Side {
        private final int rows;
        private final MemorySegment c;
        private final Binding binding;

        Side(int rows) {
            this.rows = rows;
            c = filled((long) rows * SIZE);
            binding = ONE_DNN.bind(filled((long) rows * SIZE), c, Arena.global().allocate(1 << 16, 64));
        }

        int right() {
            c.fill((byte) 0);
            binding.run(ONES, rows);
            for (long i = 0; i < (long) rows * SIZE; i++) {
                if (c.getAtIndex(ValueLayout.JAVA_FLOAT, i) != SIZE) {
                    return 0;
                }
            }
            return 1;
        }
    }

    @Actor
    public void first(II_Result result) {
        result.r1 = FIRST.right();
    }

    @Actor
    public void second(II_Result result) {
        result.r2 = SECOND.right();
    }
}
