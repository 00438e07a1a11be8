package io.tokenwise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What was found once. Each file is called for what it showed. */
class RegressionTest {
    private static final Path FOUND = Path.of("regressions");

    @TempDir
    Path folder;

    static List<Path> found() throws IOException {
        var all = new ArrayList<Path>();
        for (Target target : new Targets().get()) {
            all.addAll(Corpus.paths(FOUND.resolve(target.name())));
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("found")
    void showsNothingAnyMore(Path file) throws IOException {
        Target target = Targets.named(file.getParent().getFileName().toString(), new Targets().get());
        var trial = new Trial(Workplace.of(Files.createDirectories(folder.resolve("work"))));
        assertThat(trial.run(target, Input.read(target, file)).finding()).isEmpty();
    }
}
