package io.tokenwise.model.wav2vec2;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.io.WeightSource;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WeightNormTest {
    private static final String LENGTH = "conv.weight_g";
    private static final String DIRECTION = "conv.weight_v";

    /** Two outputs of one input, of a window of two: the parts at its places are 5 and 13 long. */
    private static final float[] KERNEL = {3, 5, 4, 12};

    private static final float[] LENGTHS = {10, 26};

    private final List<String> read = new ArrayList<>();

    private final WeightSource file = new WeightSource() {
        @Override
        public String description() {
            return "file";
        }

        @Override
        public Set<String> names() {
            return Set.of(LENGTH, DIRECTION);
        }

        @Override
        public long[] shape(String name) {
            return name.equals(LENGTH) ? new long[] {1, 1, 2} : new long[] {2, 1, 2};
        }

        @Override
        public String type(String name) {
            return "F32";
        }

        @Override
        public void read(String name, MemorySegment destination) {
            read.add(name);
            destination.copyFrom(MemorySegment.ofArray(name.equals(LENGTH) ? LENGTHS : KERNEL));
        }

        @Override
        public void close() {
            read.add("closed");
        }
    };

    /** Each group of a convolution reads the whole kernel for its part: half a second of loading, if it were put together each time. */
    @Test
    void aKernelIsPutTogetherOnce() {
        try (WeightSource folded = WeightNorm.folded(file, "conv")) {
            for (int group = 0; group < 3; group++) {
                var found = new float[4];
                folded.read("conv.weight", MemorySegment.ofArray(found));
                assertThat(found).containsExactly(6, 10, 8, 24);
            }
        }
        assertThat(read).containsExactly(DIRECTION, LENGTH, "closed");
    }

    /** An open model keeps its files: wav2vec2-base's kernel is 19 MB. */
    @Test
    void whatIsClosedKeepsNoKernel() {
        WeightSource folded = WeightNorm.folded(file, "conv");
        folded.read("conv.weight", MemorySegment.ofArray(new float[4]));
        folded.close();
        folded.read("conv.weight", MemorySegment.ofArray(new float[4]));
        assertThat(read).containsExactly(DIRECTION, LENGTH, "closed", DIRECTION, LENGTH);
    }
}
