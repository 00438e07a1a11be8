package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.testdata.FetchedData;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers of models whose weights no registry has, as {@code ./tokenwise fetch} brings them, against Hugging Face's library. */
class RealVocabulariesTest {
    private static final String[] ADDED = {
        "<|endoftext|>", "<|im_start|>", "<|begin_of_text|>", "<bos>", "<s>", "</s>", "<|end"
    };

    /** Of which some have added tokens inside. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "qwen3-tokenizer",
                "cl100k-tokenizer",
                "o200k-tokenizer",
                "llama3-tokenizer",
                "llama2-tokenizer",
                "gemma3-tokenizer"
            })
    void tokensAndPlacesAreThoseOfTheLibrary(String name) throws IOException {
        Optional<Path> folder = FetchedData.find(name);
        assumeThat(folder).as("./tokenwise fetch " + name).isPresent();
        byte[] json = Files.readAllBytes(folder.get().resolve("tokenizer.json"));
        Tokenizer ours = Tokenizer.open(name, json, 1_000_000);
        var sentences = new Sentences(7, WordNet.load().glosses());
        Random random = new Random(8);
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < Sentences.COUNT; i++) {
                String text = sentences.next();
                if (i % 8 < 2) {
                    text += ADDED[random.nextInt(ADDED.length)] + sentences.next();
                }
                assertSame(ours, library, text);
            }
        }
    }

    private static void assertSame(Tokenizer ours, HuggingFace library, String text) {
        List<String> tokens = ours.places(text).stream()
                .map(place -> HuggingFace.token(place.id(), place.start(), place.end()))
                .toList();
        assertThat(tokens).as(text).isEqualTo(library.tokens(text));
        assertThat(ours.places(text).stream().mapToInt(Tokenizer.Place::id).toArray())
                .as(text)
                .isEqualTo(ours.encodeAll(text));
    }
}
