package io.tokenwise.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.model.ModelFamily;
import io.tokenwise.model.open.Families;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is particular to a family is asked of it: nobody asks which one a model is of, so that a new one is a folder and a line in the list. Who knows the families' classes is in {@link ArchitectureTest}. */
class NoFamilyIsAskedForTest {
    private static final Pattern KIND =
            Pattern.compile("(instanceof|case) +(Text|Image|Speech)Description\\b|instanceof +\\w+Architecture\\b");

    /** That a model has tensors so called. */
    private static final Pattern TENSOR = Pattern.compile("\"(encoder|decoder)\\.layers?\\.|\"embeddings\\."
            + "|startsWith\\(\"(enc|dec|emb)|\"[a-z_0-9]+(\\.\\w+)*\\.(weight|bias)\"");

    @Test
    void nobodyAsksWhatADescriptionIs() throws IOException {
        assertThat(found("src/main/java/io/tokenwise", KIND)).allMatch(line -> line.startsWith("model/"));
    }

    /** But for those of learners and gates, which are ours, and of the layer that fine-tuning puts behind a model. */
    @Test
    void namesOfTensorsStandInFamilies() throws IOException {
        assertThat(found("src/main/java/io/tokenwise", TENSOR))
                .isNotEmpty()
                .allMatch(line ->
                        line.matches("model/(?!open/)\\w+/.*|acm/.*|finetune/FineTuning\\.java: .*\"classifier\\..*"));
    }

    @Test
    void noTwoFamiliesShareATypeOrAName() {
        assertThat(Families.ALL.stream().flatMap(family -> family.modelTypes().stream()))
                .doesNotHaveDuplicates()
                .hasSizeGreaterThanOrEqualTo(Families.ALL.size());
        assertThat(Families.ALL.stream().map(ModelFamily::name)).doesNotHaveDuplicates();
    }

    private static List<String> found(String folder, Pattern pattern) throws IOException {
        Path root = Path.of(folder);
        var found = new ArrayList<String>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    (Iterable<Path>) files.filter(path -> path.toString().endsWith(".java"))::iterator) {
                for (String line : Files.readAllLines(file)) {
                    if (pattern.matcher(line).find()) {
                        found.add(root.relativize(file) + ": " + line.strip());
                    }
                }
            }
        }
        assertThat(Files.exists(root.resolve("model/ModelFamily.java"))).isTrue();
        return found;
    }
}
