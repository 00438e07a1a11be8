package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.TextDescription;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a folder that a model is written to. */
class ModelWriterTest {
    private static final TextDescription TINY = TinyModel.DESCRIPTION;

    @TempDir
    Path temp;

    private Path directory;
    private Map<String, TensorData> tensors;

    @BeforeEach
    void prepare() {
        directory = temp.resolve("tiny");
        tensors = TinyModel.tensors();
    }

    private void write(TextDescription description, ModelWriter.Existing existing) throws IOException {
        TinyModel.write(directory, description, tensors, existing);
    }

    @Test
    void existingModelIsReplacedOnlyWhenAskedFor() throws IOException {
        Files.createDirectory(directory);
        write(TINY, ModelWriter.Existing.KEEP);
        assertThatThrownBy(() -> write(TINY, ModelWriter.Existing.KEEP))
                .isInstanceOf(IOException.class)
                .hasMessage(directory + ": exists and is not empty");
        tensors.values().forEach(tensor -> tensor.floats().fill((byte) 0));
        write(TINY, ModelWriter.Existing.REPLACE);
        try (ModelFiles files = Models.open(directory);
                Arena arena = Arena.ofConfined()) {
            ModelFilesTest.readAll(files.weights(), arena)
                    .forEach((name, tensor) -> assertThat(
                                    tensor.floats().mismatch(tensors.get(name).floats()))
                            .isEqualTo(-1));
        }
        assertThat(temp).isDirectoryNotContaining(path -> !path.equals(directory));
    }

    @Test
    void whatIsNotOursIsNeverDeleted() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Path diary = Files.writeString(directory.resolve("diary.txt"), "mine");
        assertThatThrownBy(() -> write(TINY, ModelWriter.Existing.REPLACE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("holds diary.txt");
        assertThat(diary).hasContent("mine");
        directory = diary;
        assertThatThrownBy(() -> write(TINY, ModelWriter.Existing.REPLACE)).hasMessageContaining("is a file");
    }

    @Test
    void failureHalfWayLeavesTheOldModelAndNothingElse() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        byte[] before = Files.readAllBytes(directory.resolve("model.safetensors"));
        try (Arena arena = Arena.ofConfined()) {
            tensors.put("z", new TensorData(new long[] {1}, arena.allocate(4)));
        }
        assertThatThrownBy(() -> write(TINY, ModelWriter.Existing.REPLACE)).isInstanceOf(IllegalStateException.class);
        assertThat(directory.resolve("model.safetensors")).hasBinaryContent(before);
        assertThat(temp).isDirectoryNotContaining(path -> !path.equals(directory));
    }

    @Test
    void targetThatCannotBeWrittenIsNamed() throws IOException {
        directory = Files.createFile(temp.resolve("file")).resolve("tiny");
        assertThatThrownBy(() -> write(TINY, ModelWriter.Existing.KEEP))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(directory + ": cannot be written: ");
        assertThatThrownBy(() -> AtomicFiles.write(directory, out -> out.write(1)))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(directory + ": cannot be written: ");
    }
}
