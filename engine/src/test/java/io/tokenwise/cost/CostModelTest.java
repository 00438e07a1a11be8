package io.tokenwise.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CostModelTest {
    private static final int MOST = 600;
    private static final double[] SHARES = {0, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 1};

    private static double plain(Piece piece, double rows) {
        return (piece.ordinal() + 1) * (2 + rows);
    }

    /** Between points too, because plain times are straight lines. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 8, 12, 16, 50, 64, 200, 256})
    void aTextTakesTheSumOfItsPieces(int tokens) {
        var model = new CostModel(TestTables.plain(), TestTables.MINILM, MOST);
        double layer = plain(Piece.PROJECTIONS, tokens) + plain(Piece.ATTENTION, tokens) + plain(Piece.NORMS, tokens);
        double ends = plain(Piece.EMBEDDINGS, tokens) + plain(Piece.POOLING, tokens);
        assertThat(model.micros(tokens)).isCloseTo(ends + 6 * (layer + plain(Piece.MLP, tokens)), within(1e-6));
        assertThat(model.micros(tokens, tokens, 0.5))
                .isCloseTo(ends + 6 * (layer + plain(Piece.MLP_HALF, tokens)), within(1e-6));
        double quarter = plain(Piece.MLP_QUARTER, tokens);
        assertThat(model.micros(tokens, tokens, 0.125))
                .as("between none and a quarter")
                .isCloseTo(ends + 6 * (layer + quarter / 2), within(1e-6));
    }

    @Test
    void tokensThatLeaveAreOnlyEmbedded() {
        var model = new CostModel(TestTables.plain(), TestTables.MINILM, MOST);
        double embedded = plain(Piece.EMBEDDINGS, 64) - plain(Piece.EMBEDDINGS, 16);
        assertThat(model.micros(64, 16, 1)).isCloseTo(model.micros(16) + embedded, within(1e-6));
    }

    @Test
    void attentionOfLongerTextsIsQuadraticAndTheRestIsNot() {
        CostTable onlyAttention =
                TestTables.table((piece, rows) -> piece == Piece.ATTENTION ? 1e3 * rows * rows : 1e-9 * rows);
        var model = new CostModel(onlyAttention, TestTables.MINILM, MOST);
        assertThat(model.micros(512)).isCloseTo(4 * model.micros(256), within(1e-3));
        CostTable onlyMlp = TestTables.table((piece, rows) -> piece == Piece.MLP ? 1e3 * rows : 1e-9 * rows);
        model = new CostModel(onlyMlp, TestTables.MINILM, MOST);
        assertThat(model.micros(512)).isCloseTo(2 * model.micros(256), within(1e-3));
    }

    @ParameterizedTest
    @CsvSource({
        // piece, how much more it costs if the vectors are twice as wide, and if there are twice as many layers
        "PROJECTIONS, 4, 2",
        "MLP, 4, 2",
        "ATTENTION, 2, 2",
        "NORMS, 2, 2",
        "EMBEDDINGS, 2, 1",
        "POOLING, 2, 1"
    })
    void otherSizesAreScaled(Piece only, double wide, double deep) {
        CostTable table = TestTables.table((piece, rows) -> piece == only ? 1e6 : 1e-9);
        double base = new CostModel(table, TestTables.MINILM, MOST).micros(64);
        assertThat(new CostModel(table, new Sizes(768, 3072, 12, 6), MOST).micros(64) / base)
                .isCloseTo(wide, within(1e-9));
        assertThat(new CostModel(table, new Sizes(384, 1536, 12, 12), MOST).micros(64) / base)
                .isCloseTo(deep, within(1e-9));
    }

    @Test
    void theNearestSizesAreTaken() {
        var bert = new Sizes(768, 3072, 12, 12);
        CostTable two = CostTable.of(
                TestTables.machine(),
                List.of(
                        TestTables.shape(TestTables.MINILM, (_, rows) -> rows),
                        TestTables.shape(bert, (_, rows) -> 10.0 * rows)));
        assertThat(two.nearest(new Sizes(384, 1536, 12, 12)).sizes()).isEqualTo(TestTables.MINILM);
        assertThat(two.nearest(new Sizes(1024, 4096, 16, 24)).sizes()).isEqualTo(bert);
        assertThat(new CostModel(two, bert, MOST).micros(64)).isCloseTo(640 * (2 + 12 * 4), within(1e-6));
    }

    /** Whatever was measured: here times that have nothing to do with rows. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void aPredictionNeverFallsWhenRowsOrWidthsGrow(long seed) {
        var random = new Random(seed);
        CostTable noise = TestTables.table((_, _) -> Math.exp(3 * random.nextGaussian()));
        var model = new CostModel(noise, new Sizes(320, 1000, 10, 7), MOST);
        for (double share : SHARES) {
            for (int rows = 2; rows <= MOST; rows++) {
                assertThat(model.micros(MOST, rows, share)).isGreaterThanOrEqualTo(model.micros(MOST, rows - 1, share));
                assertThat(model.micros(rows, 1, share)).isGreaterThanOrEqualTo(model.micros(rows - 1, 1, share));
            }
        }
        for (int rows = 1; rows <= MOST; rows++) {
            for (int i = 1; i < SHARES.length; i++) {
                assertThat(model.micros(MOST, rows, SHARES[i]))
                        .isGreaterThanOrEqualTo(model.micros(MOST, rows, SHARES[i - 1]) * (1 - 1e-12));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 1", "4, 0, 1", "4, 5, 1", "601, 4, 1", "4, 4, -0.1", "4, 4, 1.1", "4, 4, NaN"})
    void whatCannotBeIsRefused(int tokens, int rows, double share) {
        var model = new CostModel(TestTables.plain(), TestTables.MINILM, MOST);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.micros(tokens, rows, share))
                .withMessageContaining("must be 1 to 600 tokens");
    }
}
