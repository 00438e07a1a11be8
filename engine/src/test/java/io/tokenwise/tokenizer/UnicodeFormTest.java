package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.text.Normalizer.Form;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Characters and places of Hugging Face's library, whose Unicode is older than Java's: each character is seen as its bytes. */
class UnicodeFormTest {
    /** First and last of what comes apart, is put together or set in another order: marks of many classes, Korean, Tibetan, and what came after Unicode 9. */
    private static final int[][] CHARACTERS = {
        {'a', 'z'},
        {0xC0, 0x24F},
        {0x300, 0x36F},
        {0x591, 0x5C7},
        {0x610, 0x65F},
        {0x897, 0x8FF},
        {0x9BC, 0x9D7},
        {0xF71, 0xF84},
        {0x1100, 0x1112},
        {0x1161, 0x1175},
        {0x11A8, 0x11C2},
        {0x1AB0, 0x1ACE},
        {0x1DC0, 0x1DFF},
        {0x1E00, 0x1FFF},
        {0x3041, 0x309F},
        {0x3131, 0x3163},
        {0xAC00, 0xAC40},
        {0xFB1D, 0xFB4F},
        {0xFE70, 0xFE7F},
        {0xFF66, 0xFFDC},
        {0x11080, 0x110BA},
        {0x11380, 0x113D0},
        {0x1D157, 0x1D172},
        {0x1E4EC, 0x1E4EF},
        {0x16121, 0x16129}
    };

    private static byte[] json(Form form) {
        return new SpmVocabulary(List.of())
                .json("\"normalizer\":{\"type\":\"" + form + "\"},\"pre_tokenizer\":null,\"decoder\":null", true);
    }

    private static List<String> tokens(Tokenizer ours, String text) {
        return ours.places(text).stream()
                .map(place -> HuggingFace.token(place.id(), place.start(), place.end()))
                .toList();
    }

    /** Of which a usual run takes a sixteenth. Behind a letter, between marks that go before and after others, and beside itself. */
    @ParameterizedTest
    @EnumSource(Form.class)
    void everyCharacterIsTheLibrarys(Form form) throws IOException {
        UnaryOperator<String> around = x -> "a" + x + "\u0323\u0301" + x + "\u0345" + x + x + " " + x + "\u0334\u1161 ";
        byte[] json = json(form);
        Tokenizer ours = Tokenizer.open("tokenizer.json", json, 1_000_000);
        try (var library = new HuggingFace(json)) {
            int[] texts = {0};
            EveryCharacter.forEachText(around, text -> {
                if (Boolean.getBoolean("tokenwise.long") || texts[0]++ % 16 == form.ordinal()) {
                    assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void rowsOfMarksAreTheLibrarys(Form form) throws IOException {
        byte[] json = json(form);
        Tokenizer ours = Tokenizer.open("tokenizer.json", json, 1_000_000);
        Random random = new Random(5);
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < Sentences.COUNT; i++) {
                String text = row(random, 24);
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
        }
    }

    /** Texts are looked at in parts of some hundred chars: wherever one ends, a row of characters is what it is by itself, and in its place. */
    @ParameterizedTest
    @EnumSource(Form.class)
    void whatStandsBeforeChangesNothing(Form form) {
        Random random = new Random(6);
        // What by itself combines with nothing before it, but comes apart into what does.
        String apart = "\u304b\uff9e\u0301\uff9f\u1100\u314f\uffa2".repeat(8);
        for (int before = 1; before < 300; before++) {
            String text = "a" + row(random, 48) + apart;
            Normalized alone = normalized(form, text);
            Normalized behind = normalized(form, "\u4e00".repeat(before) + text);
            assertThat(behind.toString()).isEqualTo("\u4e00".repeat(before) + alone);
            for (int i = 0; i < alone.length(); i++) {
                assertThat(behind.start(before + i)).as(text).isEqualTo(before + alone.start(i));
                assertThat(behind.end(before + i)).as(text).isEqualTo(before + alone.end(i));
            }
        }
    }

    private static Normalized normalized(Form form, String text) {
        var normalized = new Normalized("tokenizer.json", text, true);
        new UnicodeForm(form).normalize(normalized);
        return normalized;
    }

    private static String row(Random random, int most) {
        var text = new StringBuilder();
        int[] usual = CHARACTERS[random.nextInt(CHARACTERS.length)];
        for (int length = random.nextInt(most); length > 0; length--) {
            int[] range = random.nextBoolean() ? usual : CHARACTERS[random.nextInt(CHARACTERS.length)];
            text.appendCodePoint(range[0] + random.nextInt(range[1] + 1 - range[0]));
        }
        return text.toString();
    }

    /**
     * How many characters of Unicode 9 combine, and how many come apart. A Java that knows a newer Unicode than 16 has more of them: those are to be found and named as the
     * others are, in {@link OldUnicode}.
     */
    @Test
    void javaHasNoNewCharactersThatCombineOrComeApart() {
        assertThat(IntStream.rangeClosed(0, Character.MAX_CODE_POINT).filter(c -> OldUnicode.order(c) > 0))
                .hasSize(817);
        assertThat(IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                        .filter(c -> !OldUnicode.decompose(c, true).equals(Character.toString(c))))
                .hasSize(16_894);
    }

    /** Java's normalizer takes the square of such rows, half a minute for one of these. */
    @ParameterizedTest
    @EnumSource(Form.class)
    @Timeout(20)
    void longRowsOfMarksTakeATimeThatGrowsAsTheyDo(Form form) {
        Tokenizer ours = Tokenizer.open("tokenizer.json", json(form), 1_000_000);
        for (String part :
                List.of("\u0301\u0323", "\u0301", "\u0f71\u0f72\u0f74", "\u0345\u0344", "\u1100\u1161\u11a8")) {
            assertThat(ours.encode("a" + part.repeat(100_000), 8).ids().length).isEqualTo(8);
        }
        assertThat(ours.encode("\u3099".repeat(100_000) + "\u0334".repeat(100_000), 8)
                        .truncated())
                .isTrue();
    }
}
