package io.tokenwise.kernels;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionTest extends KernelTest {
    private static final int HEADS = 2;

    private final Scratch scratch = new Scratch();

    static Stream<Arguments> shapes() {
        Stream<Arguments> small = sizes().filter(length -> length < 100)
                .boxed()
                .flatMap(length -> Stream.of(1, 7, 32, 33, 64).map(size -> Arguments.of(length, size)));
        return Stream.concat(small, Stream.of(Arguments.of(128, 32), Arguments.of(385, 32), Arguments.of(512, 64)));
    }

    /** Attention over sequences of the given lengths, with fresh results. */
    private static AttentionCall call(double[] qkv, double[] dContext, int headSize, int... lengths) {
        AttentionCall call = new AttentionCall();
        call.heads = HEADS;
        call.headSize = headSize;
        call.scale = (float) (1 / Math.sqrt(headSize));
        call.offsets = new int[lengths.length + 1];
        call.probabilityOffsets = new long[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            call.offsets[i + 1] = call.offsets[i] + lengths[i];
            call.probabilityOffsets[i + 1] = call.probabilityOffsets[i] + (long) HEADS * lengths[i] * lengths[i];
        }
        call.qkv = floats(qkv);
        call.dContext = floats(dContext);
        call.context = filled(dContext.length, Float.NaN);
        call.dQkv = filled(qkv.length, Float.NaN);
        call.probabilities = zeros(call.probabilityOffsets[lengths.length]);
        return call;
    }

    private void run(Kernels set, AttentionCall call, boolean backward) {
        for (int sequence = 0; sequence < call.offsets.length - 1; sequence++) {
            for (int head = 0; head < HEADS; head++) {
                set.sequences().attention(call, sequence, head, scratch);
                if (backward) {
                    set.sequences().attentionBackward(call, sequence, head, scratch);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void meetsTheReferenceAndItsScalarTwin(int length, int headSize) {
        double[] qkv = normal(length * 3 * HEADS * headSize);
        double[] dContext = normal(length * HEADS * headSize);
        AttentionCall own = call(qkv, dContext, headSize, length);
        run(tested, own, true);
        AttentionCall scalar = call(qkv, dContext, headSize, length);
        run(Kernels.scalar(), scalar, true);

        double[] context = Reference.attention(qkv, own.offsets, HEADS, headSize, own.scale);
        // Scores of a few units shift every weight by their rounding, relative to it.
        assertClose("context", own.context, context, length + headSize, 4);
        assertClose("scalar context", scalar.context, context, length + headSize, 4);
        assertSameBits("context", own.context, scalar.context, context.length);
        assertSameBits("probabilities", own.probabilities, scalar.probabilities, HEADS * length * length);
        assertClose("gradient", own.dQkv, doubles(scalar.dQkv, qkv.length), length + headSize, 8);
    }

    @Test
    void gradientsMeetFiniteDifferences() {
        int headSize = 5;
        int[] lengths = {1, 4, 9};
        double[] qkv = normal(14 * 3 * HEADS * headSize);
        double[] dContext = normal(14 * HEADS * headSize);
        for (Kernels set : both()) {
            AttentionCall call = call(qkv, dContext, headSize, lengths);
            run(set, call, true);
            double[] expected = numericGradient(
                    x -> Reference.attention(x, call.offsets, HEADS, headSize, call.scale), qkv, dContext);
            assertClose(set.name(), call.dQkv, expected, 14, 8);
        }
    }

    @Test
    void aSequenceHasTheSameBitsAloneAndInAnyBatch() {
        int headSize = 32;
        int width = HEADS * headSize;
        int[] lengths = {3, 41, 1, 130};
        int tokens = 175;
        double[] qkv = normal(tokens * 3 * width);
        double[] dContext = normal(tokens * width);
        for (Kernels set : both()) {
            AttentionCall batch = call(qkv, dContext, headSize, lengths);
            run(set, batch, true);
            for (int s = 0; s < lengths.length; s++) {
                int first = batch.offsets[s];
                double[] ownQkv = new double[lengths[s] * 3 * width];
                double[] ownContext = new double[lengths[s] * width];
                System.arraycopy(qkv, first * 3 * width, ownQkv, 0, ownQkv.length);
                System.arraycopy(dContext, first * width, ownContext, 0, ownContext.length);
                AttentionCall alone = call(ownQkv, ownContext, headSize, lengths[s]);
                run(set, alone, true);
                Floats part = new Floats(batch.context.segment(), batch.context.at((long) first * width));
                assertSameBits(set.name() + " context", alone.context, part, ownContext.length);
                part = new Floats(batch.dQkv.segment(), batch.dQkv.at((long) first * 3 * width));
                assertSameBits(set.name() + " gradient", alone.dQkv, part, ownQkv.length);
            }
        }
    }

    @Test
    void keepingProbabilitiesDoesNotChangeTheContext() {
        double[] qkv = normal(45 * 3 * HEADS * 32);
        double[] dContext = new double[45 * HEADS * 32];
        for (Kernels set : both()) {
            AttentionCall kept = call(qkv, dContext, 32, 45);
            AttentionCall dropped = call(qkv, dContext, 32, 45);
            dropped.probabilities = null;
            run(set, kept, false);
            run(set, dropped, false);
            assertSameBits(set.name(), dropped.context, kept.context, dContext.length);
        }
    }

    @Test
    void largeScoresNeitherOverflowNorVanish() {
        double[] qkv = normal(20 * 3 * HEADS * 16);
        for (int i = 0; i < qkv.length; i++) {
            qkv[i] = (float) (qkv[i] * 30);
        }
        AttentionCall call = call(qkv, new double[20 * HEADS * 16], 16, 20);
        double[] expected = Reference.attention(qkv, call.offsets, HEADS, 16, call.scale);
        for (Kernels set : both()) {
            run(set, call, false);
            // Scores reach a few thousand: their rounding in float is that much larger.
            assertClose(set.name(), call.context, expected, 20, 30 * 4000);
        }
    }
}
