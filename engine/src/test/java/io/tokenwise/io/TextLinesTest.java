package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextLinesTest {
    private static TextLines lines(String text) {
        return new TextLines(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void linesMayBeEmptyAndTheLastMayLackItsEnd() throws IOException {
        assertThat(lines("a\n\nç 😀\r\nlast").next(10)).containsExactly("a", "", "ç 😀", "last");
        assertThat(lines("a\n").next(10)).containsExactly("a");
        assertThat(lines("").next(10)).isEmpty();
    }

    @Test
    void comesInBatchesUntilTheEnd() throws IOException {
        var lines = lines("a\nb\nc\n");
        assertThat(lines.next(2)).containsExactly("a", "b");
        assertThat(lines.next(2)).containsExactly("c");
        assertThat(lines.next(2)).isEmpty();
    }

    @Test
    void aLineMayBeLongerThanTheBuffer() throws IOException {
        String text = "word ".repeat(100_000) + "é";
        assertThat(lines("x".repeat(65_535) + "é\n" + text + "\nb").next(10))
                .containsExactly("x".repeat(65_535) + "é", text, "b");
    }

    @Test
    void doesNotWaitForMoreThanOneLine() throws IOException {
        try (var writer = new PipedOutputStream();
                var reader = new PipedInputStream(writer)) {
            var lines = new TextLines(reader);
            writer.write("a\n".getBytes(StandardCharsets.UTF_8));
            assertThat(lines.next(10)).isEqualTo(List.of("a"));
        }
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstLine() throws IOException {
        assertThat(lines("\ufeffa\n\ufeffb\n").next(10)).containsExactly("a", "\ufeffb");
        assertThat(lines("\ufeff").next(10)).containsExactly("");
    }

    @Test
    void aLineThatIsNotUtf8IsNamedAfterThoseBefore() throws IOException {
        var lines = new TextLines(new ByteArrayInputStream(new byte[] {'a', '\n', 'b', (byte) 0xC3, '\n'}));
        assertThat(lines.next(10)).containsExactly("a");
        assertThatThrownBy(() -> lines.next(10))
                .hasMessage(
                        "line 2 of the input is not valid UTF-8; convert the text, for example by iconv -f WINDOWS-1252 -t UTF-8");
    }
}
