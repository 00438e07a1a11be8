package io.tokenwise.fakecuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the simulated driver counted since the last reset.
 *
 * @param calls of the driver, failed ones included
 * @param launches kernels that ran, those of graphs included
 * @param graphLaunches launches of whole graphs
 * @param bytesLive of device memory now, and {@code bytesMost} at most at one time
 * @param synchronizations calls that waited for a stream, an event or the context, blocking copies included
 * @param copiesToDevice copies that ran, those of graphs each time; their bytes beside them
 * @param blocks of all kernels that ran
 * @param multiplyAdds by tensor instructions alone; a product in plain arithmetic is not counted
 */
public record FakeCounts(
        long calls,
        long launches,
        long graphLaunches,
        long allocations,
        long frees,
        long bytesLive,
        long bytesMost,
        long synchronizations,
        long copiesToDevice,
        long bytesToDevice,
        long copiesToHost,
        long bytesToHost,
        long copiesOnDevice,
        long bytesOnDevice,
        long fills,
        long blocks,
        long multiplyAdds,
        long pinnedBytes) {
    /** How many there are: struct Counts of state.h, in its order. */
    static final int SIZE = FakeCounts.class.getRecordComponents().length;

    static FakeCounts of(MemorySegment counts) {
        var c = counts.toArray(ValueLayout.JAVA_LONG);
        return new FakeCounts(
                c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13], c[14], c[15],
                c[16], c[17]);
    }
}
