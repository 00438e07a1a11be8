package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
    @TempDir
    Path temp;

    @Test
    void aFolderThatIsNotThereIsToldOfAFileWithoutOne() {
        var failure = new AccessDeniedException("x.tmp");
        assertThat(AtomicFiles.cannotWrite(Path.of("x.png"), failure))
                .hasMessage("x.png: cannot be written: AccessDeniedException "
                        + Path.of("").toAbsolutePath());
    }

    @Test
    void atomicFileIsOldOrNew() throws IOException {
        Path file = temp.resolve("state");
        AtomicFiles.write(file, out -> out.write(new byte[] {1, 2}));
        assertThatThrownBy(() -> AtomicFiles.write(file, out -> {
                    out.write(new byte[100]);
                    throw new IOException("No space left on device");
                }))
                .hasMessage(file + ": cannot be written: No space left on device");
        assertThat(file).hasBinaryContent(new byte[] {1, 2});
        AtomicFiles.write(file, out -> out.write(3));
        assertThat(file).hasBinaryContent(new byte[] {3});
        assertThat(temp).isDirectoryNotContaining(path -> !path.equals(file));
    }
}
