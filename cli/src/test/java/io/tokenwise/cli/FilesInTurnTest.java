package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;

class FilesInTurnTest {
    private static final Path ONE = Path.of("one");
    private static final Path TWO = Path.of("two");

    private final StringWriter err = new StringWriter();
    private final FilesInTurn files = new FilesInTurn(
            new CommandLine(new Transcribe()).setErr(new PrintWriter(err, true)).getCommandSpec());
    private final List<Path> worked = new ArrayList<>();

    /** The first file fails so, the second is worked on. */
    private void failing(IOException failure) throws IOException {
        files.each(List.of(ONE, TWO), file -> {
            if (file.equals(ONE)) {
                throw failure;
            }
            worked.add(file);
        });
    }

    @Test
    void whatGoesWrongNamesTheFileOnceAndTheOthersGoOn() throws IOException {
        failing(new AccessDeniedException(ONE.toString()));
        failing(new IOException("Input/output error"));
        failing(new IOException());
        files.each(List.of(ONE), file -> {
            throw new BadFileException(file.toString(), "is no such file");
        });
        assertThat(err.toString().lines())
                .containsExactly(
                        "transcribe: no permission: one",
                        "transcribe: one: Input/output error",
                        "transcribe: one: IOException",
                        "transcribe: one: is no such file");
        assertThat(worked).containsExactly(TWO, TWO, TWO);
        assertThat(files.exitCode()).isEqualTo(ExitCode.SOFTWARE);
    }

    @Test
    void allGoodFilesAreASuccess() throws IOException {
        files.each(List.of(ONE, TWO), worked::add);
        assertThat(worked).containsExactly(ONE, TWO);
        assertThat(files.exitCode()).isEqualTo(ExitCode.OK);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void anInterruptEndsIt() {
        assertThatThrownBy(() -> failing(new ClosedByInterruptException()))
                .isInstanceOf(ClosedByInterruptException.class);
        assertThat(worked).isEmpty();
    }

    @Test
    void mistakesOfTheProgramAreNotTheFiles() {
        assertThatThrownBy(() -> files.each(List.of(ONE), file -> {
                    throw new IllegalArgumentException("ours");
                }))
                .hasMessage("ours");
    }
}
