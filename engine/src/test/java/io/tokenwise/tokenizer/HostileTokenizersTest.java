package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What somebody could write into a tokenizer.json to have it crash, hang or eat all memory: opened or refused in a line, of all kinds. */
class HostileTokenizersTest {
    private static final int DAMAGED = Integer.getInteger("tokenwise.damaged", 200);

    private static final List<String> WORDS = List.of("the", "man", "token", "tokens", "ab");
    private static final String TEXT = "the <mask> [CLS] man\u00e9 tokens <s>\u4e2d\ud83d\ude00  12 ab";

    private static byte[] bytes(String json) {
        return json.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] sentencePieces(String steps) {
        return new SpmVocabulary(WORDS).json(steps, true);
    }

    private static byte[] byteLevel() {
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        for (String word : WORDS) {
            for (int i = 1; i < word.length(); i++) {
                vocabulary.merge(word.substring(0, i), word.substring(i, i + 1));
            }
        }
        return vocabulary.json(ByteVocabulary.SPLIT, Patterns.QWEN2.regex());
    }

    static Stream<Arguments> kinds() {
        UnigramVocabulary unigram = UnigramVocabulary.of(new String[] {"the", "man"}, 110);
        unigram.preTokenizer = UnigramVocabulary.WHITE_AND_METASPACE;
        return Stream.of(
                arguments("WordPiece", bytes(TokenizerTest.SMALL)),
                arguments("WordLevel", WordLevelTest.json(WORDS, WordLevelTest.WHITESPACE, "NFKC", "Lowercase")),
                arguments("Unigram", unigram.json()),
                arguments("byte-level", byteLevel()),
                arguments("Llama 2", sentencePieces(SpmVocabulary.LLAMA2)),
                arguments("Gemma", sentencePieces(SpmVocabulary.GEMMA)));
    }

    /** Bytes, also those of no character, are changed, moved and cut off. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void damagedFileWorksOrIsRefused(String kind, byte[] whole) {
        var random = new SplittableRandom(4);
        int refused = 0;
        for (int i = 0; i < DAMAGED; i++) {
            byte[] damaged = damaged(whole, random);
            try {
                Tokenizer tokenizer = Tokenizer.open("tokenizer.json", damaged, 10);
                int[] ids = tokenizer.encode(TEXT).ids();
                assertThat(tokenizer.tokens(ids)).hasSize(ids.length);
                assertThat(tokenizer.decode(ids, false)).isNotNull();
                assertThat(tokenizer.places(TEXT)).hasSize(tokenizer.encodeAll(TEXT).length);
            } catch (BadFileException e) {
                assertThat(e).message().startsWith("tokenizer.json: ").hasLineCount(1);
                refused++;
            }
        }
        assertThat(refused).as(kind).isBetween(DAMAGED / 8, DAMAGED - 1);
    }

    private static byte[] damaged(byte[] whole, SplittableRandom random) {
        byte[] damaged = whole.clone();
        int at = random.nextInt(damaged.length);
        switch (random.nextInt(8)) {
            case 0 -> damaged = Arrays.copyOf(damaged, at);
            case 1 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> {
                int from = random.nextInt(damaged.length);
                int length = Math.min(random.nextInt(40), damaged.length - Math.max(at, from));
                System.arraycopy(whole, from, damaged, at, length);
            }
            default -> {
                for (int flips = 1 + random.nextInt(2); flips > 0; flips--) {
                    damaged[random.nextInt(damaged.length)] = (byte) (32 + random.nextInt(95));
                }
            }
        }
        return damaged;
    }

    private static String normalizers(int count, String step) {
        return IntStream.range(0, count)
                .mapToObj(i -> step)
                .collect(Collectors.joining(",", "{\"type\":\"Sequence\",\"normalizers\":[", "]}"));
    }

    private static String nested(int depth) {
        return "{\"type\":\"Sequence\",\"normalizers\":[".repeat(depth) + "{\"type\":\"NFC\"}" + "]}".repeat(depth);
    }

    static Stream<Arguments> hostile() {
        String replace = "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\u2581\"}";
        String twice = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}";
        String before = "{\"type\":\"Prepend\",\"prepend\":\"" + "a".repeat(1_000) + "\"}";
        String written = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\u2581\"},\"content\":\" \"}";
        String often = String.join(",", Collections.nCopies(20, twice));
        String longPattern = twice.replace("\"a\"", "\"" + "a".repeat(1_001) + "\"");
        String mark = "[\"\u2581\",\"\u2581\"]";
        return Stream.of(
                arguments(replace, normalizers(20, twice), "normalizer makes texts up to 8192 times as long"),
                arguments(replace, normalizers(2, before), "normalizer makes texts up to 1002001 times as long"),
                arguments(
                        replace,
                        normalizers(8, twice.replace("\"aa\"", "\" a \"")),
                        "normalizer makes texts up to 6561 times as long"),
                arguments(written, often, "decoder makes texts up to 8192 times as long"),
                arguments(replace, normalizers(65, "{\"type\":\"NFC\"}"), "normalizer has more than 64 steps"),
                arguments(
                        replace,
                        normalizers(1, longPattern),
                        "normalizer: a pattern of 1001 chars; supported: up to 1000"),
                arguments("<s>", "s".repeat(1_001), "added token 1 has 1001 chars; supported: up to 1000"),
                arguments(replace, nested(4), "normalizer.type is Sequence; supported: "),
                arguments(replace, nested(1_000), "is not valid JSON: "),
                arguments(
                        "\"model\":{",
                        "\"x\":[" + "{},".repeat(500_000) + "0],\"model\":{",
                        "has more than 1000000 names and values beside its tokens"),
                arguments(mark, "[\"\u2581\u2581\",\"\u2581\u2581\u2581\"]", "number 1 needs the piece"),
                arguments(mark, "[\"\",\"\u2581\"]", "number 1 joins an empty piece"),
                arguments("\"!\":260", "\"!\":1e400", "a token has the id 1e400, ids here go from 0 to"),
                arguments("\"!\":260", "\"!\":" + "9".repeat(2_000), "is not valid JSON: "),
                arguments("\"!\":260", "\"!\":260,\"!\":1300", "are the same"),
                arguments("\"model\":{", "\"model\":{\"vocab\":{},", ": Duplicate field 'vocab'"),
                arguments("\"id\":1,", "\"id\":1,\"id\":1,", "is not valid JSON at line "),
                arguments("\"id\":1,", "\"id\":" + "1".repeat(400) + ",", "added token <s> has not the id"));
    }

    @ParameterizedTest(name = "{2}")
    @MethodSource("hostile")
    @Timeout(60)
    void whatCouldEatTimeOrMemoryIsRefused(String good, String bad, String fact) {
        String json = new String(sentencePieces(SpmVocabulary.GEMMA), StandardCharsets.UTF_8);
        assertThat(json).contains(good);
        assertThatThrownBy(() -> Tokenizer.open("tokenizer.json", bytes(json.replace(good, bad)), 100))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("tokenizer.json: ")
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }

    /** What the steps could make of a text at most is bounded as the file is read, what they make of one as it is made. */
    @Test
    @Timeout(60)
    void aTextIsNotMadeEndless() {
        String step = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"" + "b".repeat(1_000) + "\"}";
        String json = new String(sentencePieces(SpmVocabulary.GEMMA), StandardCharsets.UTF_8);
        String hostile =
                json.replace("{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\u2581\"}", step);
        Tokenizer tokenizer = Tokenizer.open("tokenizer.json", bytes(hostile), 10);
        assertThat(tokenizer.encodeAll("a".repeat(60))).hasSize(60_000);
        assertThatThrownBy(() -> tokenizer.encodeAll("a".repeat(100_000)))
                .isInstanceOf(BadFileException.class)
                .hasMessage(
                        "tokenizer.json: normalizer makes more than 6465536 chars of a text; supported: up to 64 of each, and"
                                + " 65536");
        assertThatThrownBy(() -> tokenizer.places("a".repeat(100))).isInstanceOf(BadFileException.class);
        // Also part by part: an added token ends each.
        assertThat(tokenizer.encodeAll("a<s>".repeat(60))).hasSize(60_060);
        assertThatThrownBy(() -> tokenizer.encodeAll("a<s>".repeat(20_000)))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("tokenizer.json: normalizer makes more than 5185536 chars of a text;");
    }

    /** The later counts, as in the library. */
    @Test
    void aMergeThatIsThereTwiceIsTheLibrarys() throws IOException {
        var vocabulary = new SpmVocabulary(WORDS);
        vocabulary.merges.add(vocabulary.merges.get(4));
        vocabulary.merges.add(4, vocabulary.merges.getLast());
        byte[] json = vocabulary.json(SpmVocabulary.GEMMA, true);
        Tokenizer ours = Tokenizer.open("tokenizer.json", json, 1_000);
        try (var library = new HuggingFace(json)) {
            for (String text : List.of(TEXT, "the man", "tokens tokens", "abab thethe")) {
                assertThat(ours.places(text).stream()
                                .map(place -> HuggingFace.token(place.id(), place.start(), place.end())))
                        .as(text)
                        .isEqualTo(library.tokens(text));
            }
        }
    }
}
