package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention whose scores have products with what distances are (He et al. 2021, equation 4). */
class PositionScoresTest extends KernelTest {
    private final Scratch scratch = new Scratch();

    /** Rows of distances up to {@code farthest}: each its own near by, then two by two; those behind the query have the first or the last. */
    record Form(int heads, int headSize, int farthest, boolean falling) {
        int[] rows() {
            int[] rows = new int[2 * farthest + 1];
            for (int i = 0; i < rows.length; i++) {
                int far = Math.abs(i - farthest);
                int step = Math.min(far, 5) + Math.max(0, far - 5) / 2;
                rows[i] = half() + (i < farthest == falling ? step : -step);
            }
            return rows;
        }

        private int half() {
            return Math.min(farthest, 5) + Math.max(0, farthest - 5) / 2;
        }

        int row(int distance) {
            return rows()[Math.clamp(distance, -farthest, farthest) + farthest];
        }

        int positions() {
            return (2 * half() + 1) * 2 * width();
        }

        int width() {
            return heads * headSize;
        }
    }

    static Stream<Arguments> cases() {
        Stream<Arguments> lengths = IntStream.of(1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 61, 97, 129)
                .mapToObj(length -> Arguments.of(new Form(2, 8, 20, true), length));
        Stream<Arguments> forms = Stream.of(
                        new Form(3, 32, 200, true),
                        new Form(1, 64, 200, false),
                        new Form(2, 5, 3, true),
                        new Form(1, 256, 40, true),
                        new Form(1, AttentionCall.MOST_HEAD_SIZE, 9, false))
                .flatMap(form -> IntStream.of(1, 34, 150).mapToObj(length -> Arguments.of(form, length)));
        return Stream.concat(lengths, forms);
    }

    private AttentionCall call(Form form, double[] qkv, double[] positions, int... lengths) {
        AttentionCall call = new AttentionCall();
        call.heads = form.heads;
        call.headSize = form.headSize;
        call.scale = (float) (1 / Math.sqrt(3 * form.headSize));
        call.positions = floats(positions);
        call.positionStride = 2 * form.width();
        call.positionRows = form.rows();
        AttentionCalls.texts(call, lengths);
        call.dense(floats(qkv), filled(call.offsets[lengths.length] * form.width(), Float.NaN));
        call.probabilities = filled((int) call.probabilityOffsets[lengths.length], Float.NaN);
        return call;
    }

    private void run(Kernels set, AttentionCall call, boolean backward) {
        AttentionCalls.run(set, call, backward, scratch);
    }

    /** As the formula reads, of tokens at these places; contexts. */
    private static double[] attention(Form form, double[] qkv, double[] positions, int[] places) {
        int length = places.length;
        int width = form.width();
        double[] context = new double[length * width];
        for (int head = 0; head < form.heads; head++) {
            int at = head * form.headSize;
            for (int i = 0; i < length; i++) {
                double[] scores = new double[length];
                for (int j = 0; j < length; j++) {
                    int row = 2 * width * form.row(places[j] - places[i]) + at;
                    for (int c = 0; c < form.headSize; c++) {
                        double query = qkv[3 * width * i + at + c];
                        double key = qkv[3 * width * j + width + at + c];
                        scores[j] += query * key + query * positions[row + width + c] + key * positions[row + c];
                    }
                    scores[j] /= Math.sqrt(3 * form.headSize);
                }
                double[] weights = Reference.softmax(scores, length);
                for (int j = 0; j < length; j++) {
                    for (int c = 0; c < form.headSize; c++) {
                        context[i * width + at + c] += weights[j] * qkv[3 * width * j + 2 * width + at + c];
                    }
                }
            }
        }
        return context;
    }

    private static int[] inOrder(int length) {
        return IntStream.range(0, length).toArray();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void meetsTheReferenceAndItsScalarTwin(Form form, int length) {
        double[] qkv = normal(length * 3 * form.width());
        double[] positions = normal(form.positions());
        AttentionCall own = call(form, qkv, positions, length);
        AttentionCall twin = call(form, qkv, positions, length);
        run(tested, own, false);
        run(Kernels.scalar(), twin, false);
        double[] expected = attention(form, qkv, positions, inOrder(length));
        assertClose("context", own.context.values, expected, length + 3 * form.headSize, 4);
        assertSameBits("context", own.context.values, twin.context.values, expected.length);
        assertSameBits("probabilities", own.probabilities, twin.probabilities, form.heads * length * length);
    }

    /** Of a sequence's keys only its first are there, none of them for queries that see but what is near; those get zeros. */
    @Test
    void fewKeysMayBeSeen() {
        var form = new Form(2, 8, 20, true);
        double[] qkv = normal(80 * 3 * form.width());
        double[] positions = normal(form.positions());
        AttentionCall own = call(form, qkv, positions, 80);
        AttentionCall twin = call(form, qkv, positions, 80);
        for (AttentionCall call : new AttentionCall[] {own, twin}) {
            call.seen = new int[] {3};
            call.before = 6;
            call.after = 2;
            call.probabilities = null;
        }
        run(tested, own, false);
        run(Kernels.scalar(), twin, false);
        assertSameBits("context", own.context.values, twin.context.values, 80 * form.width());
        assertThat(own.context.values.get(79L * form.width())).isZero();
        assertThat(own.context.values.get(8L * form.width())).isNotZero();
    }

    /** Rows whose places have gaps have the distances of their places. */
    @ParameterizedTest
    @MethodSource("cases")
    void rowsWithPlacesAreAsFarAsTheseAre(Form form, int length) {
        int[] places = IntStream.range(0, length).map(i -> i + i / 3 + i / 4).toArray();
        double[] qkv = normal(length * 3 * form.width());
        double[] positions = normal(form.positions());
        AttentionCall own = call(form, qkv, positions, length);
        AttentionCall twin = call(form, qkv, positions, length);
        own.places = places;
        twin.places = places;
        run(tested, own, false);
        run(Kernels.scalar(), twin, false);
        double[] expected = attention(form, qkv, positions, places);
        assertClose("context", own.context.values, expected, length + 3 * form.headSize, 4);
        assertSameBits("context", own.context.values, twin.context.values, expected.length);
    }

    @Test
    void positionsOfZerosChangeNoBitAndASequenceHasTheSameBitsInAnyBatch() {
        var form = new Form(2, 32, 100, true);
        int[] lengths = {3, 131, 1, 64};
        double[] qkv = normal(199 * 3 * form.width());
        double[] positions = normal(form.positions());
        AttentionCall batch = call(form, qkv, positions, lengths);
        AttentionCall zeros = call(form, qkv, new double[positions.length], lengths);
        AttentionCall plain = call(form, qkv, positions, lengths);
        plain.positions = null;
        run(tested, batch, false);
        run(tested, zeros, false);
        run(tested, plain, false);
        assertSameBits(tested.name(), zeros.context.values, plain.context.values, 199 * form.width());
        for (int s = 0; s < lengths.length; s++) {
            int first = batch.offsets[s];
            double[] own = new double[lengths[s] * 3 * form.width()];
            System.arraycopy(qkv, first * 3 * form.width(), own, 0, own.length);
            AttentionCall alone = call(form, own, positions, lengths[s]);
            run(tested, alone, false);
            Floats context = batch.context.values;
            var part = new Floats(context.segment(), context.at((long) first * form.width()));
            assertSameBits(tested.name(), alone.context.values, part, lengths[s] * form.width());
        }
        assertThat(batch.context.values.get(1)).isNotEqualTo(plain.context.values.get(1));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradientsMeetTheScalarTwins(Form form, int length) {
        double[] qkv = normal(length * 3 * form.width());
        double[] positions = normal(form.positions());
        double[] dContext = normal(length * form.width());
        AttentionCall own = call(form, qkv, positions, length);
        AttentionCall twin = call(form, qkv, positions, length);
        own.dContext = floats(dContext);
        own.dQkv = filled(qkv.length, Float.NaN);
        twin.dContext = own.dContext;
        twin.dQkv = filled(qkv.length, Float.NaN);
        own.dPositions = zeros(positions.length);
        twin.dPositions = zeros(positions.length);
        run(tested, own, false);
        run(tested, own, true);
        run(Kernels.scalar(), twin, false);
        run(Kernels.scalar(), twin, true);
        assertClose(tested.name(), own.dQkv, doubles(twin.dQkv, qkv.length), 4 * length + 4 * form.headSize, 16);
        double[] ofPositions = doubles(twin.dPositions, positions.length);
        assertClose(tested.name(), own.dPositions, ofPositions, 4 * length * length + 4 * form.headSize, 16);
    }

    @Test
    void gradientsMeetFiniteDifferences() {
        int length = 7;
        for (Form form : new Form[] {new Form(2, 5, 20, true), new Form(2, 5, 2, false)}) {
            double[] qkv = normal(length * 3 * form.width());
            double[] positions = normal(form.positions());
            double[] dContext = normal(length * form.width());
            double[] expected = numericGradient(x -> attention(form, x, positions, inOrder(length)), qkv, dContext);
            AttentionCall call = call(form, qkv, positions, length);
            call.dContext = floats(dContext);
            call.dQkv = filled(qkv.length, Float.NaN);
            call.dPositions = zeros(positions.length);
            run(tested, call, false);
            run(tested, call, true);
            assertClose(tested.name() + form, call.dQkv, expected, 30, 8);
            expected = numericGradient(x -> attention(form, qkv, x, inOrder(length)), positions, dContext);
            assertClose(tested.name() + form, call.dPositions, expected, 60, 8);
            int[] places = {0, 1, 3, 4, 6, 7, 30};
            expected = numericGradient(x -> attention(form, x, positions, places), qkv, dContext);
            call.places = places;
            run(tested, call, false);
            run(tested, call, true);
            assertClose(tested.name() + form, call.dQkv, expected, 30, 8);
        }
    }
}
