package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TestModels;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.Prompts;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.bert.BertFamily;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AgreementTest {
    private static TextDescription model(boolean several, String... labels) {
        var output = new TextOutput.SequenceClasses(HeadForm.pooled("p", "c"), List.of(labels), several);
        return new TextDescription(
                "small", BertFamily.BERT, TestModels.SMALL, 40, output, Prompts.NONE, Optional.empty());
    }

    /** Of each input one row. */
    private static float[][][] rows(float[]... rows) {
        var all = new float[rows.length][][];
        for (int i = 0; i < rows.length; i++) {
            all[i] = new float[][] {rows[i]};
        }
        return all;
    }

    private static float[][][] scores(float... scores) {
        var all = new float[scores.length][1][];
        for (int i = 0; i < scores.length; i++) {
            all[i][0] = new float[] {scores[i]};
        }
        return all;
    }

    @Test
    void scoresAreComparedByCorrelationAndOrder() {
        TextDescription score = model(false, "score");
        float[][][] wanted = scores(1, 2, 3, 4);
        assertThat(Agreement.name(score)).isEqualTo("correlation");
        // A line, whatever its height and slope.
        assertThat(Agreement.of(score, scores(-8, -6, -4, -2), wanted)).isCloseTo(1, within(1e-9));
        assertThat(Agreement.of(score, scores(4, 3, 2, 1), wanted)).isCloseTo(-1, within(1e-9));
        assertThat(Agreement.of(score, scores(5, 5, 5, 5), wanted)).isZero();
        assertThat(Agreement.kept(score, scores(1, 3, 2, 4), wanted)).isCloseTo(5 / 6.0, within(1e-9));
        // Two that the teacher does not tell apart do not count.
        assertThat(Agreement.kept(score, scores(2, 1, 3), scores(1, 1, 2))).isEqualTo(1);
        assertThat(Agreement.kept(score, scores(1, 2), scores(1, 1))).isNaN();
        assertThatThrownBy(() -> Agreement.of(score, scores(1, 2, 3), wanted))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the model gives results of 3 inputs, the teacher of 4: must be of the same");
    }

    @Test
    void classesAreComparedByAngleAndTheLikeliest() {
        TextDescription classes = model(false, "a", "b");
        float[][][] wanted = rows(new float[] {1, 0}, new float[] {0, 2});
        assertThat(Agreement.name(classes)).isEqualTo("cosine");
        assertThat(Agreement.of(classes, rows(new float[] {3, 0}, new float[] {1, 0}), wanted))
                .isCloseTo(.5, within(1e-6));
        assertThat(Agreement.kept(classes, rows(new float[] {3, 0}, new float[] {1, 0}), wanted))
                .isEqualTo(.5);
        // Of each token a row: two of three.
        float[][][] tokens = {{{1, 0}, {0, 1}}, {{1, 0}}};
        float[][][] others = {{{1, 0}, {1, 0}}, {{1, 0}}};
        assertThat(Agreement.kept(classes, others, tokens)).isCloseTo(2 / 3.0, within(1e-9));
    }

    @Test
    void severalClassesAreTheSameIfAllAre() {
        TextDescription several = model(true, "a", "b", "c");
        float[][][] wanted = rows(new float[] {1, 2, -1}, new float[] {-1, -2, -3});
        float[][][] found = rows(new float[] {2, 1, -3}, new float[] {-1, -2, 1});
        assertThat(Agreement.keptName(several)).isEqualTo("same classes");
        assertThat(Agreement.kept(several, found, wanted)).isEqualTo(.5);
    }
}
