package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.testdata.FetchedData;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers of models whose weights no registry has, as {@code ./tokenwise fetch} brings them, against Hugging Face's library. */
class RealVocabulariesTest {
    private static final int SENTENCES = Boolean.getBoolean("tokenwise.long") ? 100_000 : 1_000;

    private static final String[] ADDED = {
        "<|endoftext|>", "<|im_start|>", "<|begin_of_text|>", "<bos>", "<s>", "</s>", "<|end"
    };

    @ParameterizedTest
    @ValueSource(
            strings = {"qwen3-tokenizer", "cl100k-tokenizer", "llama3-tokenizer", "llama2-tokenizer", "gemma3-tokenizer"
            })
    void tokensAndPlacesAreThoseOfTheLibrary(String name) throws IOException {
        Optional<Path> folder = FetchedData.find(name);
        assumeThat(folder).as("./tokenwise fetch " + name).isPresent();
        byte[] json = Files.readAllBytes(folder.get().resolve("tokenizer.json"));
        Tokenizer ours = Tokenizer.open(name, json, 1_000_000);
        var scripts = new TenScripts(7);
        Random random = new Random(8);
        List<String> glosses = WordNet.load().glosses();
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < SENTENCES; i++) {
                String text = i % 2 == 0 ? glosses.get(i % glosses.size()) : scripts.sentence();
                if (i % 8 < 2) {
                    text += ADDED[random.nextInt(ADDED.length)] + scripts.sentence();
                }
                List<String> tokens = new ArrayList<>();
                for (Tokenizer.Place place : ours.places(text)) {
                    tokens.add(HuggingFace.token(place.id(), place.start(), place.end()));
                }
                assertThat(tokens).as(text).isEqualTo(library.tokens(text));
            }
        }
    }
}
