package io.tokenwise.testdata;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WordNetTest {
    private static WordNet wordNet;

    @BeforeAll
    static void load() throws IOException {
        wordNet = WordNet.load();
    }

    @Test
    void holdsEveryDefinition() {
        assertThat(wordNet.glosses()).hasSize(117_791);
        assertThat(wordNet.glosses())
                .contains(
                        "that which is perceived or known or inferred to have its own distinct existence (living or nonliving)");
        assertThat(wordNet.glosses()).contains("a tangible and visible entity; an entity that can cast a shadow");
    }

    @Test
    void everyDefinitionHasItsLexicographersClass() {
        assertThat(wordNet.glossClasses()).hasSameSizeAs(wordNet.glosses());
        assertThat(new HashSet<>(wordNet.glossClasses())).hasSize(45);
        Map.of(
                        "a tangible and visible entity; an entity that can cast a shadow", "noun.Tops",
                        "a young dog", "noun.animal",
                        "breathe easily again, as after exertion or anxiety", "verb.body",
                        "concerned with or suggestive of ideas", "adj.all",
                        "without musical accompaniment", "adv.all")
                .forEach((gloss, name) -> assertThat(
                                wordNet.glossClasses().get(wordNet.glosses().indexOf(gloss)))
                        .as(gloss)
                        .isEqualTo(name));
    }

    @Test
    void holdsTheExamples() {
        // The files have 48,571 pairs of quotes; one is empty.
        assertThat(wordNet.examples()).hasSize(48_570);
        assertThat(wordNet.examples())
                .contains("it was full of rackets, balls and other objects", "a seething mass of maggots");
        assertThat(wordNet.examples()).contains("lovers and madmen have such seething brains");
    }

    @Test
    void everyExampleKnowsItsDefinition() {
        assertThat(wordNet.exampleGlosses()).hasSameSizeAs(wordNet.examples());
        Map.of(
                        "it was full of rackets, balls and other objects",
                        "a tangible and visible entity; an entity that can cast a shadow",
                        "a seething mass of maggots",
                        "in constant agitation")
                .forEach((example, gloss) -> assertThat(wordNet.glosses()
                                .get(wordNet.exampleGlosses()
                                        .get(wordNet.examples().indexOf(example))))
                        .as(example)
                        .isEqualTo(gloss));
    }

    @Test
    void linesAreClean() {
        Predicate<String> clean =
                Pattern.compile("[^\"\\s;](?:[^\"\\p{Cntrl}]*[^\"\\s;])?").asMatchPredicate();
        for (List<String> lines : List.of(wordNet.glosses(), wordNet.examples())) {
            assertThat(lines.stream().filter(clean.negate())).isEmpty();
            assertThat(lines.stream().filter(line -> line.contains("  ") || line.contains("- Shakespeare")))
                    .isEmpty();
        }
    }

    @Test
    void orderIsTheSameEveryTime() throws IOException {
        WordNet again = WordNet.load();
        assertThat(again.glosses()).isEqualTo(wordNet.glosses());
        assertThat(again.examples()).isEqualTo(wordNet.examples());
    }
}
