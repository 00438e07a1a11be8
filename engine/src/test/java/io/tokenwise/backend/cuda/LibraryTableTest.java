package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.choice.CudaStatus;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the simulated device: what a table says that cuBLASLt multiplies faster it multiplies, and nothing without one, or by one that is not to be trusted. */
class LibraryTableTest {
    /** Of the model's layer: Q with K and V, O, the MLP's two. */
    private static final Set<LibraryTable.Shape> SHAPES =
            Set.of(new LibraryTable.Shape(32, 32), new LibraryTable.Shape(64, 32));

    @TempDir
    Path folder;

    private FakeControls controls;
    private TinyModels models;
    private String before;
    private String card;
    private long library;

    @BeforeEach
    void start() throws IOException, CudaUnavailableException {
        controls = FakeDevice.start();
        models = TinyModels.write(folder.resolve("models"));
        before = System.getProperty(CubinFile.FOLDER);
        System.setProperty(CubinFile.FOLDER, folder.resolve("cache").toString());
        try (CudaBackend device = CudaBackend.open(Precision.BF16, ProductChoice.ALL_BY_LIBRARY)) {
            card = device.device().name();
            library = device.libraryVersion();
        }
    }

    @AfterEach
    void close() {
        if (before == null) {
            System.clearProperty(CubinFile.FOLDER);
        } else {
            System.setProperty(CubinFile.FOLDER, before);
        }
        System.clearProperty(LibraryUse.PROPERTY);
        assertThat(controls.leaks()).isEmpty();
    }

    /** What a backend says, and how many products of a forward were cuBLASLt's. */
    private record Run(String products, long byLibrary) {}

    private Run run() throws IOException, CudaUnavailableException {
        long earlier = byLibrary();
        try (CudaBackend device = CudaBackend.open(Precision.BF16);
                Encoder encoder = models.load(TinyModels.DENSE, device)) {
            TinyModels.encode(encoder, Budget.FULL);
            return new Run(device.products(), byLibrary() - earlier);
        }
    }

    private long byLibrary() {
        return controls.kernels().stream()
                .filter(kernel -> kernel.name().equals("cublasLtMatmul"))
                .mapToLong(kernel -> kernel.launches())
                .sum();
    }

    @Test
    void saysWhatTheLibraryMultiplies() throws Exception {
        assertThat(run()).isEqualTo(new Run("cuBLASLt multiplies nothing: there is no table of this card", 0));
        assertThat(CudaStatus.describe()).contains("; cuBLASLt multiplies nothing: there is no table of this card; ");
        Path file = new LibraryTable(card, library, SHAPES).write();
        assertThat(LibraryTable.read(card, library)).contains(new LibraryTable(card, library, SHAPES));
        assertThat(run()).isEqualTo(new Run("cuBLASLt 13.0.1 multiplies dense layers of 2 shapes", 2));
        assertThat(CudaStatus.describe()).contains("; cuBLASLt 13.0.1 multiplies dense layers of 2 shapes; ");
        new LibraryTable(card, library, Set.of()).write();
        assertThat(run()).isEqualTo(new Run("cuBLASLt 13.0.1 multiplies dense layers of 0 shapes", 0));
        try (var files = Files.list(file.getParent())) {
            assertThat(files.map(each -> each.getFileName().toString())).noneMatch(name -> name.endsWith("finished"));
        }
    }

    @Test
    void propertyComesBeforeTheTable() throws Exception {
        new LibraryTable(card, library, SHAPES).write();
        System.setProperty(LibraryUse.PROPERTY, "none");
        assertThat(run()).isEqualTo(new Run("cuBLASLt multiplies nothing: it is not to", 0));
        System.setProperty(LibraryUse.PROPERTY, "all");
        assertThat(run()).isEqualTo(new Run("cuBLASLt 13.0.1 multiplies all dense layers", 4));
        System.setProperty(LibraryUse.PROPERTY, "some");
        assertThat(CudaStatus.describe())
                .contains("-D" + LibraryUse.PROPERTY + "=some is neither all nor none")
                .hasLineCount(1);
    }

    @Test
    void tablesOfOthersAndDamagedOnesAreNotUsed() throws Exception {
        new LibraryTable(card, library + 100, SHAPES).write();
        assertThat(run())
                .isEqualTo(
                        new Run("cuBLASLt multiplies nothing: there is no table of this card with version 13.0.1", 0));
        Path file = new LibraryTable(card, library, SHAPES).write();
        byte[] content = Files.readAllBytes(file);
        for (int i = 0; i < content.length; i++) {
            byte[] damaged = content.clone();
            damaged[i] ^= 1;
            Files.write(file, damaged);
            assertThatIOException()
                    .as("byte %d", i)
                    .isThrownBy(() -> LibraryTable.read(card, library))
                    .satisfies(e -> assertThat(e.getMessage()).hasLineCount(1).startsWith(file.toString()));
        }
        Files.write(file, new byte[] {1, 2, 3});
        assertThat(run()).isEqualTo(new Run("cuBLASLt multiplies nothing: " + file + " is damaged", 0));
        Files.write(file, new byte[1 << 17]);
        assertThat(run().products()).endsWith(" is too large for a table of products");
        // Of another card, under this one's name.
        Path other = new LibraryTable("another card", library, SHAPES).write();
        Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(run())
                .isEqualTo(new Run(
                        "cuBLASLt multiplies nothing: " + file + " is of another card and cuBLASLt " + library, 0));
    }

    @Test
    void withoutAFolderNothingIsKept() {
        System.setProperty(CubinFile.FOLDER, "");
        assertThatIOException()
                .isThrownBy(() -> new LibraryTable(card, library, SHAPES).write())
                .withMessageContaining("names no folder");
    }
}
