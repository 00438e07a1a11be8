package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestVits;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.nn.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrainingInputsTest {
    private static final List<int[]> TEXTS =
            IntStream.range(0, 10).mapToObj(i -> new int[] {i}).toList();

    private static List<Integer> take(TrainingInputs text, int count) {
        var batch = new TokenBatch();
        var taken = new ArrayList<Integer>();
        while (taken.size() < count) {
            text.next(batch, 2);
            Arrays.stream(batch.inputs(), 0, batch.tokens()).forEach(taken::add);
        }
        return taken;
    }

    @Test
    void eachEpochHasEveryTextOnceInANewOrder() {
        List<Integer> taken = take(TrainingInputs.texts(TEXTS, 1), 20);
        assertThat(taken.subList(0, 10)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(taken.subList(10, 20)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(taken.subList(10, 20)).isNotEqualTo(taken.subList(0, 10));
    }

    @Test
    void goesOnWhereItStood() {
        List<Integer> whole = take(TrainingInputs.texts(TEXTS, 1), 40);
        var later = TrainingInputs.texts(TEXTS, 1);
        later.consumed(14);
        assertThat(take(later, 26)).isEqualTo(whole.subList(14, 40));
    }

    @Test
    void workersTakeTurns() {
        List<Integer> whole = take(TrainingInputs.texts(TEXTS, 1), 24);
        var batch = new TokenBatch();
        for (int rank = 0; rank < 3; rank++) {
            var own = TrainingInputs.texts(TEXTS, 1, new Workers(rank, 3, 1, List::of));
            for (int step = 0; step < 4; step++) {
                own.next(batch, 2);
                int from = 2 * (int) own.batch(step);
                assertThat(Arrays.stream(batch.inputs(), 0, 2).boxed().toList())
                        .isEqualTo(whole.subList(from, from + 2));
            }
            assertThat(own.consumed()).isEqualTo(24);
        }
    }

    @Test
    void imagesAreMirroredUnlessTheyMustNotBe() {
        DistillConfig usual = DistillConfig.forTokens(1, 1);
        assertThat(mirrored(usual)).isBetween(60L, 140L);
        assertThat(mirrored(usual.withMirrored(false))).isZero();
    }

    /** How many of 200 varied images get darker from left to right; the one that they are made of gets brighter. */
    private static long mirrored(DistillConfig config) {
        ImageDescription model = TestVits.describe(TestVits.SMALL);
        int size = TestVits.SMALL.imageSize();
        var pixels = new int[size * size];
        Arrays.setAll(pixels, i -> 1 + i % size);
        var inputs = TrainingInputs.of(List.of(pixels), model, config, Workers.ALONE);
        var batch = new TokenBatch();
        int middle = size * size / 2 + size / 2;
        return IntStream.range(0, 200)
                .peek(_ -> inputs.next(batch, 1))
                .filter(_ -> batch.inputs()[middle] < batch.inputs()[middle - 1])
                .count();
    }
}
