package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpokenWordsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                    Hello, World!                  | hello world
                    I don't -- know.               | i don't know
                    I don\u2019t; it\u2019s        | i don't it's
                    'quoted' dogs' bones           | quoted dogs bones
                    well-known [noise] (laughs)    | well known noise laughs
                    21                             | twenty one
                    0 10 13 40 99                  | zero ten thirteen forty ninety nine
                    100 and 342                    | one hundred and three hundred forty two
                    1,234,567                      | one million two hundred thirty four thousand five hundred sixty seven
                    1, 234                         | one two hundred thirty four
                    12000                          | twelve thousand
                    3.50                           | three point five zero
                    Room 5. Next                   | room five next
                    1st 2nd 3rd 4th 12th 20th 21st | first second third fourth twelfth twentieth twenty first
                    007                            | zero zero seven
                    9999999999                     | nine nine nine nine nine nine nine nine nine nine
                    press 1or2 mp3                 | press one or two mp three
                    Caf\u00e9 \uff12               | caf\u00e9 two
                    """)
    void textsAsTheyAreSpoken(String text, String spoken) {
        assertThat(String.join(" ", SpokenWords.of(text))).isEqualTo(spoken);
    }

    @Test
    void nothingIsNoWord() {
        assertThat(SpokenWords.of("")).isEmpty();
        assertThat(SpokenWords.of(" ...' - ")).isEmpty();
    }

    @Property
    void whatIsSpokenIsSpokenTheSame(@ForAll @StringLength(max = 40) @CharRange(from = ' ', to = '~') String text) {
        assertThat(SpokenWords.of(String.join(" ", SpokenWords.of(text)))).isEqualTo(SpokenWords.of(text));
    }
}
