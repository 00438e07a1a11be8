package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.FaultyFileSystem;
import io.tokenwise.FaultyFileSystem.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Compiled kernels and tables of products on disks that are full, and what killed writers of them left. */
class KeptFilesFaultsTest {
    private static final byte[] OLD = {1, 2, 3};
    private static final byte[] FRESH = new byte[100];

    @TempDir
    private Path folder;

    private final FaultyFileSystem files = new FaultyFileSystem();

    private static CubinFile kernel(Path cache) {
        return CubinFile.aheadIn(cache, "k", "sm_90", "source", List.of());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aKernelIsOldOrNew(Fault fault) throws IOException {
        int failures = 0;
        for (boolean lasting : new boolean[] {false, true}) {
            for (int number = 0; ; number++) {
                Path cache = Files.createDirectory(folder.resolve(lasting + "-" + number));
                CubinFile kernel = kernel(files.in(cache));
                files.heal();
                kernel.writeAll(OLD);
                files.fail(number, fault, lasting);
                kernel.write(FRESH);
                boolean hasFailed = files.hasFailed();
                files.heal();
                assertThat(kernel.read()).isIn(OLD, FRESH);
                if (!hasFailed) {
                    assertThat(kernel.read()).isEqualTo(FRESH);
                    break;
                }
                failures++;
                if (fault == Fault.FULL) {
                    assertThat(names(cache)).singleElement().asString().endsWith(".cubin");
                }
            }
        }
        assertThat(failures).as("opened, written, synced, renamed").isGreaterThanOrEqualTo(8);
    }

    @Test
    void theNextWriterDeletesWhatAKilledOneLeftLongAgo() throws IOException {
        Path killed = Files.writeString(folder.resolve(".cuda-k-sm_80-1.cubin.x.tmp"), "half");
        Path killedTable = Files.writeString(folder.resolve(".cublaslt-card-1.txt.x.tmp"), "half");
        Path running = Files.writeString(folder.resolve(".cuda-k-sm_80-2.cubin.x.tmp"), "another process writes it");
        Path other = Files.writeString(folder.resolve(".minilm-1.safetensors.x.tmp"), "not ours");
        for (Path old : List.of(killed, killedTable, other)) {
            Files.setLastModifiedTime(old, FileTime.fromMillis(0));
        }
        kernel(folder).writeAll(FRESH);
        assertThat(killed).doesNotExist();
        assertThat(killedTable).exists();
        String before = System.getProperty(CubinFile.FOLDER);
        System.setProperty(CubinFile.FOLDER, folder.toString());
        try {
            new LibraryTable("card", 1, Set.of()).write();
        } finally {
            if (before == null) {
                System.clearProperty(CubinFile.FOLDER);
            } else {
                System.setProperty(CubinFile.FOLDER, before);
            }
        }
        assertThat(killedTable).doesNotExist();
        assertThat(List.of(running, other)).allSatisfy(file -> assertThat(file).exists());
    }
}
