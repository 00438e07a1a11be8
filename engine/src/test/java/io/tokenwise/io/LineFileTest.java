package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LineFileTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"texts.txt.gz", "TEXTS.TXT.GZ"})
    void aNameSaysThatAFileIsCompressedInCapitalsToo(String name) throws IOException {
        Path file = folder.resolve(name);
        try (var out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("a\n".getBytes(StandardCharsets.UTF_8));
        }
        try (var lines = new LineFile(file)) {
            assertThat(lines.next()).isEqualTo("a");
        }
    }

    @Test
    void blankLinesCountForNumbersAlone() throws IOException {
        Path file = Files.writeString(folder.resolve("texts.txt"), LineFile.BYTE_ORDER_MARK + "\n \na\n\nb");
        try (var lines = new LineFile(file)) {
            assertThat(lines.next()).isEqualTo("a");
            assertThat(lines.number()).isEqualTo(3);
            assertThat(lines.next()).isEqualTo("b");
            assertThat(lines.next()).isNull();
        }
    }
}
