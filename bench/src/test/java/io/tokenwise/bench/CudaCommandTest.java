package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.fakecuda.FakeControls;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command refuses; {@link CudaFolderTest} runs it whole. */
class CudaCommandTest {
    private static FakeControls controls;

    @TempDir
    Path results;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void start() throws IOException {
        Path library = FakeCard.library();
        System.setProperty("tokenwise.cuda.driver", library.toString());
        System.setProperty("tokenwise.cuda.nvrtc", library.toString());
        controls = FakeControls.of(library);
    }

    @AfterAll
    static void end() {
        System.clearProperty("tokenwise.cuda.driver");
        System.clearProperty("tokenwise.cuda.nvrtc");
    }

    private int run(String... arguments) {
        var all = new ArrayList<>(List.of("cuda", "--results", results.toString()));
        all.addAll(List.of(arguments));
        return Bench.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(all.toArray(String[]::new));
    }

    @Test
    void simulatedDeviceIsRefusedWithoutQuick() {
        controls.reset();
        controls.allow();
        assertThat(run()).isEqualTo(1);
        assertThat(err.toString()).contains("simulated").contains("--quick");
        assertThat(results).isEmptyDirectory();
    }

    @Test
    void withoutDeviceIsOneLine() {
        controls.reset();
        controls.refuse();
        assertThat(run("--quick")).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("backend cuda: ");
        assertThat(results).isEmptyDirectory();
    }

    @Test
    void tableIsKeptOnlyWhereItIsFound() {
        assertThat(run("--quick", "--keep")).isEqualTo(2);
        assertThat(err.toString()).contains("--keep needs -Dtokenwise.cache=FOLDER");
    }

    @Test
    void folderIsMadeAloneAndNew() throws IOException {
        assertThat(run("--quick", "--folder", "new")).isEqualTo(2);
        assertThat(err.toString()).contains("--folder goes with neither --quick, --keep nor --texts");
        assertThat(run("--without-models")).isEqualTo(2);
        assertThat(err.toString()).contains("--without-models goes with --folder only");
        Files.writeString(results.resolve("file"), "something");
        assertThat(run("--folder", results.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("is not empty");
    }
}
