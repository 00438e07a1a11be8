package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.io.JsonFile;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A tokenizer of vocab.json and merges.txt, against the one of a tokenizer.json with the same pieces. */
class RobertaVocabularyTest {
    @Test
    void itIsThatOfTheTokenizerJson() throws IOException {
        List<String> texts = WordNet.load().glosses();
        ByteVocabulary vocabulary = ByteVocabulary.trained(texts.subList(0, 400), Patterns.GPT2, 2_000);
        List.of("<s>", "<pad>", "</s>", "<unk>", "<mask>").forEach(vocabulary::add);
        byte[] json = RobertaVocabulary.tokenizerJson(
                JsonFile.parse("vocab.json", vocabulary.vocabJson().getBytes(StandardCharsets.UTF_8)),
                "merges.txt",
                vocabulary.mergesTxt().getBytes(StandardCharsets.UTF_8),
                SpecialTokens.usual("tokenizer_config.json"));
        Tokenizer tokenizer = Tokenizer.open("vocab.json", json, 512);
        Tokenizer plain = Tokenizer.open(
                "tokenizer.json",
                vocabulary.json("{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true}", ""),
                512);
        try (var library = new HuggingFace(json)) {
            for (String text : texts.subList(0, 1_000)) {
                assertThat(tokenizer.encodeAll(text)).as(text).containsExactly(plain.encodeAll(text));
                // What Hugging Face's library makes of the file that is saved.
                assertThat(tokenizer.places(text).stream()
                                .map(place -> HuggingFace.token(place.id(), place.start(), place.end())))
                        .as(text)
                        .isEqualTo(library.tokens(text));
            }
        }
        int begin = vocabulary.ids.get("<s>");
        int end = vocabulary.ids.get("</s>");
        assertThat(tokenizer.frame().before()).containsExactly(begin);
        assertThat(tokenizer.frame().after()).containsExactly(end);
    }
}
