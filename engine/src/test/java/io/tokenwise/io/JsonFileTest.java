package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.JsonParser;

/** What is said of files that are no JSON: where the mistake is; and which say the same. */
class JsonFileTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "{~ 'a': 1,~ 'b': nonsense}|line 3, column 7: Unrecognized token 'nonsense'",
                "{~ 'a': 1,~ }|line 3, column 2: Unexpected character ('}'",
                "{~ 'a': [1, 2|line 2, column 12: Unexpected end-of-input: expected close marker for Array",
                "{'a': 1,~ 'a': 2}|line 2, column 5: Duplicate",
                "{'a': 1}~ {}|line 2, column 2: "
            })
    void aMistakesPlaceIsSaid(String text, String message) {
        byte[] bytes = json(text);
        assertThatThrownBy(() -> JsonFile.parse("config.json", bytes))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("config.json: is not valid JSON at " + message)
                .hasMessageNotContaining("Source")
                .message()
                .hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "{'model': {~ 'vocab': {'a': 0,~ 'b' 1}}}|line 3, column 6: Unexpected character ('1'",
                "{'model': {'vocab': {}},~ 'model': {}}|line 2, column 2: Duplicate field 'model'",
                "{'model': {'vocab': {}}}~{}|line 2, column 1: there is more after the object",
                "{'model': {'vocab': {}},~ 'x': [1, }|line 2, column 11: Unexpected character ('}'"
            })
    void theSameOfWhatIsStreamed(String text, String message) {
        byte[] bytes = json(text);
        assertThatThrownBy(() ->
                        JsonFile.parse("tokenizer.json", bytes, "model", Map.of("vocab", JsonParser::skipChildren)))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("tokenizer.json: is not valid JSON at " + message)
                .message()
                .hasLineCount(1);
    }

    /** A name that is twice in the file is quoted, but not all of it, and the place stands before it. */
    @Test
    void aFileCannotFillTheLog() {
        String name = "'" + "n".repeat(40_000) + "': 0";
        byte[] bytes = json("{" + name + ",~" + name + "}");
        assertThatThrownBy(() -> JsonFile.parse("config.json", bytes))
                .hasMessageStartingWith("config.json: is not valid JSON at line 2, column ")
                .message()
                .hasSizeLessThan(700);
        assertThatThrownBy(() -> JsonFile.parse("config.json", bytes, "model", Map.of()))
                .hasMessageStartingWith("config.json: is not valid JSON at line 2, column 1: Duplicate field 'nnn")
                .message()
                .hasSizeLessThan(700);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "{'a': [1, 2.50], 'x': {'b': [1]}, 'c': {}}|{'x': null, 'a': [1, 2.5e0],~ 'c': {}, 'y': 'y'}|true",
                "{}|{'x': {'x': {}}}|true",
                "{'a': {'x': 1}}|{'a': {'x': 2}}|false",
                "{'a': [{'x': 1}]}|{'a': [{}]}|false",
                "{'a': 1, 'b': 2}|{'b': 2, 'a': 1}|false",
                "{'a': 1}|{'a': '1'}|false",
                "{'a': 1}|{'a': 1, 'b': 1}|false",
                "{'a': true}|{'a': false}|false",
                "{'a': []}|{'a': {}}|false",
                "{'a': null}|{}|false"
            })
    void objectsAreComparedWithoutSomeOfTheirOwnFields(String one, String other, boolean same) {
        var without = Set.of("x", "y");
        assertThat(JsonFile.areSame("one", json(one), "other", json(other), without))
                .isEqualTo(same);
        assertThat(JsonFile.areSame("other", json(other), "one", json(one), without))
                .isEqualTo(same);
    }

    /** Also in what is left out. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "{'x': [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1|bad: is not valid JSON: Document nesting depth (65) exceeds the maximum allowed (64",
                "{'x': [1, }|bad: is not valid JSON at line 1, column 11: Unexpected character ('}'",
                "{'x': 1,~ 'a' 1}|bad: is not valid JSON at line 2, column 6: Unexpected character ('1'",
                "{'x': [|bad: is not valid JSON at line 1, column"
            })
    void whatIsComparedIsBounded(String bad, String message) {
        var without = Set.of("x");
        assertThatThrownBy(() -> JsonFile.areSame("good", json("{'a': 1}"), "bad", json(bad), without))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(message);
        assertThatThrownBy(() -> JsonFile.areSame("bad", json(bad), "good", json("{'a': 1}"), without))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(message);
        var large = new byte[JsonFile.MAX_STREAMED_BYTES + 1];
        assertThatThrownBy(() -> JsonFile.areSame("good", json("{}"), "large", large, without))
                .hasMessage("large: JSON of more than 67108864 bytes is not read");
    }

    private static byte[] json(String text) {
        return text.replace('\'', '"').replace('~', '\n').getBytes(StandardCharsets.UTF_8);
    }
}
