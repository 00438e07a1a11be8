package io.tokenwise.kernels;

import static io.tokenwise.kernels.SequenceOps.UNIT;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
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
                .flatMap(length -> Stream.of(1, 7, 32, 33, 36, 52, 64).map(size -> Arguments.of(length, size)));
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
        call.dense(floats(qkv), filled(dContext.length, Float.NaN));
        call.dContext = floats(dContext);
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
        assertClose("context", own.context.values, context, length + headSize, 4);
        assertClose("scalar context", scalar.context.values, context, length + headSize, 4);
        assertSameBits("context", own.context.values, scalar.context.values, context.length);
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
                Floats part = new Floats(batch.context.values.segment(), batch.context.values.at((long) first * width));
                assertSameBits(set.name() + " context", alone.context.values, part, ownContext.length);
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
            assertSameBits(set.name(), dropped.context.values, kept.context.values, dContext.length);
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
            assertClose(set.name(), call.context.values, expected, 20, 30 * 4000);
        }
    }

    static Stream<Arguments> scattered() {
        return Stream.of(8, 16, 32, 64)
                .flatMap(size -> IntStream.concat(IntStream.rangeClosed(1, 70), IntStream.of(300))
                        .mapToObj(length -> Arguments.of(length, size)));
    }

    /** Each unit of columns has a place of its own, in one matrix for Q, K and V or in three, all with columns to spare. */
    @ParameterizedTest
    @MethodSource("scattered")
    void unitsOfColumnsMayLieAnywhere(int length, int headSize) {
        int width = HEADS * headSize;
        int tokens = 3 + length;
        AttentionCall dense = call(normal(tokens * 3 * width), new double[tokens * width], headSize, 3, length);
        dense.probabilities = null;
        for (boolean together : new boolean[] {true, false}) {
            AttentionCall units = call(new double[0], new double[0], headSize, 3, length);
            units.probabilities = null;
            int[] places = places(3 * width);
            Floats all = moved(dense.query.values, tokens, places, 0, 3 * width);
            List<HeadColumns> operands = List.of(units.query, units.key, units.value);
            for (int i = 0; i < 3; i++) {
                int[] own =
                        together ? Arrays.copyOfRange(places, i * width / UNIT, (i + 1) * width / UNIT) : places(width);
                Floats values = together ? all : moved(dense.query.values, tokens, own, i * width, 3 * width);
                operands.get(i).inUnits(values, together ? spacious(3 * width) : spacious(width), own, headSize);
            }
            for (Kernels set : both()) {
                run(set, dense, false);
                int[] own = places(width);
                Floats context = filled(tokens * spacious(width), Float.NaN);
                units.context.inUnits(context, spacious(width), own, headSize);
                run(set, units, false);
                Floats expected = moved(dense.context.values, tokens, own, 0, width);
                assertSameBits(set.name() + ", together " + together, context, expected, tokens * spacious(width));
            }
        }
    }

    /** Columns with two units more. */
    private static int spacious(int width) {
        return width + 2 * UNIT;
    }

    /** The first columns of so many columns' units in a wider matrix, in random order. */
    private int[] places(int width) {
        List<Integer> all = new ArrayList<>(
                IntStream.range(0, spacious(width) / UNIT).boxed().toList());
        Collections.shuffle(all, random);
        return all.stream().limit(width / UNIT).mapToInt(unit -> unit * UNIT).toArray();
    }

    /** Columns of a matrix with the given stride, from {@code first} on, with their units at those places and NaN in between. */
    private static Floats moved(Floats x, int tokens, int[] places, int first, int stride) {
        int wide = spacious(places.length * UNIT);
        Floats y = filled(tokens * wide, Float.NaN);
        for (int token = 0; token < tokens; token++) {
            for (int c = 0; c < places.length * UNIT; c++) {
                float value = x.get((long) token * stride + first + c);
                y.set((long) token * wide + places[c / UNIT] + c % UNIT, value);
            }
        }
        return y;
    }
}
