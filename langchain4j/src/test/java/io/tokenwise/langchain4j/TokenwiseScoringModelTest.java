package io.tokenwise.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.segment.TextSegment;
import io.tokenwise.Reranker;
import io.tokenwise.api.Budget;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenwiseScoringModelTest {
    private static final String QUERY = "who wrote Faust?";
    private static final List<String> TEXTS = List.of("Water boils at 100 degrees.", "Goethe wrote Faust.", "Weimar");

    @Test
    void scoresAreTheRerankersAsProbabilities(@TempDir Path folder) throws IOException {
        SmallTextModel.writeScores(folder.resolve("scores"));
        Reranker reranker = Reranker.open(folder.resolve("scores").toString());
        var model = new TokenwiseScoringModel(reranker, Budget.of(0.5));
        List<TextSegment> segments = TEXTS.stream().map(TextSegment::from).toList();
        List<Double> scores = model.scoreAll(segments, QUERY).content();
        for (Reranker.Ranked ranked : reranker.rank(QUERY, TEXTS)) {
            assertThat(scores.get(ranked.index())).isEqualTo(ranked.probability());
            assertThat(model.score(ranked.text(), QUERY).content()).isEqualTo(ranked.probability());
        }
        assertThat(scores).doesNotHaveDuplicates().allMatch(score -> score > 0 && score < 1);
        assertThat(model.scoreAll(List.of(), QUERY).content()).isEmpty();
        reranker.close();
        assertThatThrownBy(() -> model.score("a", QUERY))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
