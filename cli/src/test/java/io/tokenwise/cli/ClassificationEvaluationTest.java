package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassificationEvaluationTest {
    @TempDir
    Path folder;

    @Test
    void scoresOfAWorkedExample() {
        // a: 2 right, 3 labelled, 2 predicted: 4/5. b: 1 right, 1 labelled, 2 predicted: 2/3. c: never right: 0. d:
        // only predicted: 0.
        Map<Metric, Double> scores =
                ClassificationEvaluation.scores(List.of("a", "a", "a", "b", "c"), List.of("a", "a", "b", "b", "d"));
        assertThat(scores.get(Metric.ACCURACY)).isEqualTo(0.6);
        assertThat(scores.get(Metric.MACRO_F1)).isCloseTo((4 / 5.0 + 2 / 3.0) / 4, within(1e-12));
        assertThat(scores.keySet()).containsExactly(Metric.ACCURACY, Metric.MACRO_F1);
    }

    @Test
    void wordNetsFilesTakeTheNamesOfNoOthers() throws IOException {
        Path mine = Files.writeString(folder.resolve("train.csv"), "text,label\nmy own,a\n");
        WordNetFiles.write(folder, 1);
        assertThat(mine).hasContent("text,label\nmy own,a\n");
    }

    @Test
    void wordNetsDefinitionsArePartedByTheSeed() throws IOException {
        WordNetFiles files = WordNetFiles.write(folder.resolve("wordnet"), 1);
        LabelledTexts training = LabelledTexts.read(files.training(), "text", "label");
        LabelledTexts test = LabelledTexts.read(files.test(), "text", "label");
        assertThat(test.size()).isEqualTo(11_779);
        assertThat(training.size()).isEqualTo(117_791 - 11_779);
        assertThat(new HashSet<>(training.labels())).hasSize(45).containsAll(test.labels());
        byte[] first = Files.readAllBytes(files.test());
        assertThat(Files.readAllBytes(
                        WordNetFiles.write(folder.resolve("wordnet"), 1).test()))
                .isEqualTo(first);
        assertThat(Files.readAllBytes(
                        WordNetFiles.write(folder.resolve("wordnet"), 2).test()))
                .isNotEqualTo(first);
    }
}
