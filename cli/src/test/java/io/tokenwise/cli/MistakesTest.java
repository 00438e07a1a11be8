package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

class MistakesTest {
    private final StringWriter err = new StringWriter();

    @Command(name = "work")
    private static final class Work implements Callable<Integer> {
        @Option(names = "--verbose")
        private boolean verbose;

        private final Callable<Integer> body;

        private Work(Callable<Integer> body) {
            this.body = body;
        }

        @Override
        public Integer call() throws Exception {
            return body.call();
        }
    }

    private int run(Callable<Integer> body, String... args) {
        var mistakes = new Mistakes();
        return new CommandLine(new Work(body))
                .setErr(new PrintWriter(err, true))
                .setExecutionStrategy(mistakes)
                .setExecutionExceptionHandler(mistakes)
                .execute(args);
    }

    @Test
    void aMissingFileIsNamed() {
        int code = run(() -> Files.readString(Path.of("no/such/file")).length());
        assertThat(code).isEqualTo(1);
        assertThat(err).hasToString("work: no such file or directory: no/such/file" + System.lineSeparator());
    }

    @Test
    void aWrappedMissingFileIsNamedToo() {
        run(() -> {
            try {
                return Files.readString(Path.of("no/such/file")).length();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertThat(err).hasToString("work: no such file or directory: no/such/file" + System.lineSeparator());
    }

    @Test
    void aMessageOfSeveralLinesBecomesOne() {
        run(() -> {
            throw new IllegalArgumentException("config.json: heads = 5\n  does not divide hidden = 384");
        });
        assertThat(err)
                .hasToString("work: config.json: heads = 5; does not divide hidden = 384" + System.lineSeparator());
    }

    @Test
    void aFailureOfOursPointsAtVerbose() {
        int code = run(() -> {
            throw new IllegalStateException("boom");
        });
        assertThat(code).isEqualTo(1);
        assertThat(err)
                .hasToString("work: IllegalStateException: boom (--verbose shows where)" + System.lineSeparator());
    }

    @Test
    void verboseShowsWhere() {
        run(
                () -> {
                    throw new IllegalStateException("boom");
                },
                "--verbose");
        assertThat(err.toString()).contains("work: IllegalStateException: boom", "\tat io.tokenwise.cli.MistakesTest");
    }

    @Test
    void outOfMemoryIsOneLine() {
        int code = run(() -> {
            throw new OutOfMemoryError("Java heap space");
        });
        assertThat(code).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("out of memory: Java heap space");
    }

    @Test
    void anInterruptedCommandReportsCtrlC() {
        int code = run(() -> {
            Thread.currentThread().interrupt();
            Thread.sleep(1000);
            return 0;
        });
        assertThat(code).isEqualTo(130);
        assertThat(err).hasToString("work: stopped" + System.lineSeparator());
    }
}
