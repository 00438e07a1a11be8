package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class DecoderTest {
    private static void same(byte[] json, List<int[]> rows) throws IOException {
        Tokenizer ours = Tokenizer.open("tokenizer.json", json, 1_000);
        try (var library = new HuggingFace(json)) {
            for (int[] row : rows) {
                assertThat(ours.decode(row, true)).isEqualTo(library.decode(row, false));
            }
        }
    }

    /** Of tokens alone: a mark and what stands before it may be in one that was added. */
    @Test
    void wordsAreCleanedUpAsTheLibraryDoes() throws IOException {
        List<String> added = List.of(
                ".bs",
                "?!y",
                "!",
                ",",
                ". .",
                "'",
                "n't",
                "'m",
                "do not",
                "do nothing",
                "'s",
                "'ve",
                "'re",
                "a ' b ,c",
                "##.",
                "## .",
                " .");
        var tokens = new StringBuilder();
        for (int i = 0; i < added.size(); i++) {
            tokens.append(",{\"id\":").append(7 + i).append(",\"content\":");
            tokens.append(JsonMapper.shared().writeValueAsString(added.get(i)));
            tokens.append(
                    ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":false}");
        }
        String json = TokenizerTest.SMALL.replaceFirst("(?<=\"special\":true})", tokens.toString());
        for (String cleanup : List.of("true", "false")) {
            same(
                    json.replace("\"cleanup\":true", "\"cleanup\":" + cleanup).getBytes(StandardCharsets.UTF_8),
                    IntStream.range(0, 7 + added.size())
                            .mapToObj(id -> List.of(new int[] {id, 4}, new int[] {4, id, 5, id}))
                            .flatMap(List::stream)
                            .toList());
        }
    }

    /** All kinds of bytes that are not UTF-8, in rows of those that lead and follow. */
    @Test
    void bytesThatAreNoCharactersAreReplacedAsTheLibraryDoes() throws IOException {
        String bytes = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":false}";
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        byte[] json = new String(vocabulary.json(bytes, ""), StandardCharsets.UTF_8)
                .replace("\"decoder\":null", "\"decoder\":" + bytes)
                .getBytes(StandardCharsets.UTF_8);
        int[] usual = {
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xE1, 0xED, 0xED, 0xEF, 0xF0, 0xF1, 0xF4,
            0xF5, 0xFF
        };
        Random random = new Random(3);
        same(
                json,
                IntStream.range(0, 20_000)
                        .mapToObj(i -> IntStream.range(0, 1 + i % 6)
                                .map(_ ->
                                        vocabulary.ids.get(ByteVocabulary.printed(usual[random.nextInt(usual.length)])))
                                .toArray())
                        .toList());
    }
}
