package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpeechBenchTest {
    @TempDir
    private Path folder;

    private SpeechBench of(Path recordings) {
        return new SpeechBench(recordings, folder, Optional.empty(), List.of(), OwnEngine.VECTOR_F32);
    }

    @Test
    void aFolderWithoutRecordingsIsRefusedBeforeAModelIsOpened() {
        var out = new PrintWriter(new StringWriter());
        assertThatThrownBy(() -> of(folder.resolve("absent")).run(out))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith("absent: is no folder; give one with WAV files");
        assertThatThrownBy(() -> of(folder).run(out))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith(": has no WAV file in which something is said");
    }
}
