package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Letters of a model with CTC, in the files of Hugging Face's Wav2Vec2CTCTokenizer. */
class CtcVocabularyTest {
    /** As wav2vec2-base-960h has it, but for most of its letters. */
    private static final String USUAL =
            "{'<pad>': 0, '<s>': 1, '</s>': 2, '<unk>': 3, '|': 4, 'E': 5, 'T': 6, \"'\": 7}";

    /** Files by their names, with ' for quotes. */
    private static CtcVocabulary parse(int size, String... namesAndTexts) {
        Map<String, byte[]> files = new HashMap<>();
        for (int i = 0; i < namesAndTexts.length; i += 2) {
            files.put(namesAndTexts[i], json(namesAndTexts[i + 1]));
        }
        return CtcVocabulary.parse(name -> "model/" + name, files, size);
    }

    private static byte[] json(String text) {
        return text.replace("\"'\"", "\u0000")
                .replace('\'', '"')
                .replace("\u0000", "\"'\"")
                .getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void lettersBecomeWords() {
        CtcVocabulary vocabulary = parse(8, "vocab.json", USUAL);
        assertThat(vocabulary.blank()).isZero();
        assertThat(vocabulary.size()).isEqualTo(8);
        assertThat(vocabulary.decode(4, 6, 5, 4, 3, 6, 1, 7, 0, 5, 2, 4)).isEqualTo("TE T'E");
        assertThat(vocabulary.decode()).isEmpty();
        assertThat(vocabulary.encode("TE T'E")).containsExactly(6, 5, 4, 6, 7, 5);
        assertThatThrownBy(() -> vocabulary.encode("TEA")).hasMessage("the vocabulary has no A");
        assertThatThrownBy(() -> vocabulary.encode("T|E")).hasMessage("the vocabulary has no |");
        assertThatThrownBy(() -> vocabulary.decode(8)).hasMessage("decode: token 8, ids here go from 0 to 7");
    }

    @Test
    void otherFilesSayOtherNames() {
        CtcVocabulary vocabulary = parse(
                6,
                "vocab.json",
                "{'A': 0, '_': 1, '[PAD]': 2, '[UNK]': 3}",
                "added_tokens.json",
                "{'<s>': 4, '</s>': 5, '<later>': 6}",
                "tokenizer_config.json",
                "{'tokenizer_class': 'Wav2Vec2CTCTokenizer', 'do_lower_case': true, 'word_delimiter_token': '_',"
                        + " 'unk_token': '[UNK]'}",
                "special_tokens_map.json",
                "{'pad_token': {'content': '[PAD]', 'lstrip': false}, 'unk_token': 'not this'}");
        assertThat(vocabulary.blank()).isEqualTo(2);
        assertThat(vocabulary.decode(0, 2, 1, 3, 4, 0, 5)).isEqualTo("a a");
    }

    /** As facebook/wav2vec2-lv-60-espeak-cv-ft has them. */
    @Test
    void soundsHaveSpacesBetweenThem() {
        String settings =
                "{'tokenizer_class': 'Wav2Vec2PhonemeCTCTokenizer', 'do_phonemize': true, 'word_delimiter_token': %s}";
        String tokens = "{'<s>': 0, '<pad>': 1, '</s>': 2, '<unk>': 3, 'h': 4, 'ə': 5, 'l': 6, 'oʊ': 7, '|': 8}";
        CtcVocabulary vocabulary = parse(9, "vocab.json", tokens, "tokenizer_config.json", settings.formatted("null"));
        assertThat(vocabulary.blank()).isEqualTo(1);
        assertThat(vocabulary.decode(4, 5, 1, 6, 7, 3)).isEqualTo("h ə l oʊ");
        assertThat(vocabulary.decode(4, 8, 7)).isEqualTo("h | oʊ");
        assertThat(parse(9, "vocab.json", tokens, "tokenizer_config.json", settings.formatted("'|'"))
                        .decode(4, 8, 7))
                .isEqualTo("h oʊ");
    }

    /** As transformers 5 saves them. */
    @Test
    void addedTokensMayStandInTheSettings() {
        CtcVocabulary vocabulary = parse(
                4,
                "vocab.json",
                "{'A': 0, '|': 1}",
                "tokenizer_config.json",
                "{'pad_token': '[PAD]', 'added_tokens_decoder': {'2': {'content': '[PAD]', 'special': true},"
                        + " '3': {'content': '<s>'}, '4': {'content': '</s>'}}}");
        assertThat(vocabulary.blank()).isEqualTo(2);
        assertThat(vocabulary.decode(0, 1, 2, 3, 0)).isEqualTo("A A");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '#',
            value = {
                "{'1': {'content': 'B'}} ~ tokens A and B both have id 1",
                "{'2': 'B'} ~ added_tokens_decoder has 2: \"B\"; must have ids, from 0, and objects with a string content",
                "{'-2': {'content': 'B'}} ~ added_tokens_decoder has -2: {\"content\":\"B\"}; must have ids, from 0, and"
                        + " objects with a string content",
                "{'9999999': {'content': 'B'}} ~ added_tokens_decoder has 9999999: {\"content\":\"B\"}; must have ids,"
                        + " from 0, and objects with a string content",
                "[] ~ added_tokens_decoder is []; supported: an object of ids and tokens",
            })
    void badAddedTokensOfTheSettingsAreRefused(String added, String message) {
        assertThatThrownBy(() -> parse(
                        3,
                        "vocab.json",
                        "{'<pad>': 0, 'A': 1, 'C': 2}",
                        "tokenizer_config.json",
                        "{'added_tokens_decoder': " + added + "}"))
                .isInstanceOf(BadFileException.class)
                .hasMessage("model/tokenizer_config.json: " + message);
    }

    @Test
    void oneIsMadeOfTheTextsThatItIsToWrite() {
        CtcVocabulary made = CtcVocabulary.of(List.of("zero one", "nine ä𝄞"));
        CtcVocabulary read = CtcVocabulary.parse(name -> name, made.files(), made.size());
        assertThat(made.size()).isEqualTo(3 + "zeronä𝄞i".codePointCount(0, 8 + 1));
        for (String text : List.of("zero one", "nine ä𝄞")) {
            assertThat(read.decode(made.encode(text))).isEqualTo(text);
        }
        assertThatThrownBy(() -> CtcVocabulary.of(List.of("a|b")))
                .hasMessage("a text has a |, which stands for a space: leave it out");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '#',
            value = {
                "{'<pad>': 0, 'A': 2} ~ vocab.json: has no token 1; the model's head has 3 outputs",
                "{'<pad>': 0, 'A': 1} ~ vocab.json: has no token 2; the model's head has 3 outputs",
                "{'<pad>': 0, 'A': 1, 'B': 1} ~ vocab.json: tokens A and B both have id 1",
                "{'<pad>': 0, 'A': 1, 'A': 2} ~ vocab.json: is not valid JSON at line 1, column 25: Duplicate Object property \"A\"",
                "{'<pad>': 0, 'A': 1, 'B': 2, 'C': 3} ~ vocab.json: token C has id 3; the model's head has 3 outputs",
                "{'<pad>': 0, 'A': -1, 'B': 2} ~ vocab.json: A is -1; supported: a token's id, from 0 to 131072",
                "{'<pad>': 0, 'A': 1.0, 'B': 2} ~ vocab.json: A is 1.0; supported: a token's id, from 0 to 131072",
                "{'eng': {'<pad>': 0}} ~ vocab.json: eng is {\"<pad>\":0}; supported: a token's id, from 0 to 131072",
                "{'A': 0, 'B': 1, 'C': 2} ~ vocab.json: has no token <pad>, the blank of CTC",
                "[] ~ vocab.json: must hold a JSON object",
            })
    void badVocabulariesAreRefusedInOneLine(String text, String message) {
        assertThatThrownBy(() -> parse(3, "vocab.json", text))
                .isInstanceOf(BadFileException.class)
                .hasMessage("model/" + message);
    }

    @Test
    void otherTokenizersAndFilesAreRefusedByName() {
        String vocabulary = "{'<pad>': 0, 'A': 1}";
        assertThatThrownBy(() -> parse(2)).hasMessage("model/vocab.json: no such file");
        assertThatThrownBy(() -> parse(
                        2,
                        "vocab.json",
                        vocabulary,
                        "tokenizer_config.json",
                        "{'tokenizer_class': 'WhisperTokenizer'}"))
                .hasMessage("model/tokenizer_config.json: tokenizer_class is \"WhisperTokenizer\"; "
                        + "supported: Wav2Vec2CTCTokenizer or Wav2Vec2Tokenizer or Wav2Vec2PhonemeCTCTokenizer");
        assertThatThrownBy(
                        () -> parse(2, "vocab.json", vocabulary, "special_tokens_map.json", "{'pad_token': {'id': 1}}"))
                .hasMessage("model/special_tokens_map.json: pad_token is {\"id\":1}; "
                        + "supported: a string, or an object with a string content");
        // Each frame may write one.
        String endless = "A".repeat(1_025);
        assertThatThrownBy(() -> parse(2, "vocab.json", "{'<pad>': 0, '" + endless + "': 1}"))
                .hasMessage("model/vocab.json: token " + "A".repeat(60) + "... has 1025 chars; it may have 1024");
        assertThatThrownBy(() -> parse(
                        2,
                        "vocab.json",
                        vocabulary,
                        "tokenizer_config.json",
                        "{'replace_word_delimiter_char': '" + endless + "'}"))
                .hasMessageContaining("supported: a string of at most 1024 chars");
        assertThatThrownBy(() -> parse(3, "vocab.json", vocabulary, "added_tokens.json", "{'A': 2}"))
                .hasMessage("model/vocab.json: token A has the ids 1 and 2");
        assertThatThrownBy(() -> parse(2, "vocab.json", vocabulary, "added_tokens.json", "{'B': 1}"))
                .hasMessage("model/added_tokens.json: tokens A and B both have id 1");
    }
}
