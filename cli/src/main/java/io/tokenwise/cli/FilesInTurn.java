package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;

/** Works through files: one that cannot be read, or is no such file as is wanted, is told on stderr, and the others are worked on. */
final class FilesInTurn {
    private final CommandSpec spec;
    private boolean failed;

    /** @param spec of the command, whose name is before what is told */
    FilesInTurn(CommandSpec spec) {
        this.spec = spec;
    }

    /** What is done with a file. */
    interface Work {
        void on(Path file) throws IOException;
    }

    void each(List<Path> files, Work work) throws IOException {
        for (Path file : files) {
            try {
                work.on(file);
            } catch (ClosedByInterruptException e) {
                throw e;
            } catch (BadFileException | FileSystemException e) {
                // These name the file themselves.
                tell(Mistakes.describe(e));
            } catch (IOException e) {
                tell(file + ": " + Mistakes.describe(e));
            }
        }
    }

    private void tell(String mistake) {
        failed = true;
        spec.commandLine().getErr().println(spec.qualifiedName() + ": " + mistake);
    }

    /** Whether all files were good. */
    int exitCode() {
        return failed ? ExitCode.SOFTWARE : ExitCode.OK;
    }
}
