package io.tokenwise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class CorpusTest {
    /** Of the endpoints ServedEndpointsTest asks more; their server takes 15 seconds of processor time to start. */
    private static final List<Target> TARGETS = new Targets()
            .get().stream()
                    .filter(target -> !target.name().equals("http-endpoints"))
                    .toList();

    @TempDir
    Path folder;

    /** Inputs to go out from are such as users have. */
    @ParameterizedTest
    @FieldSource("TARGETS")
    void theCorpusIsRead(Target target) throws IOException {
        var trial = new Trial(Workplace.of(Files.createDirectories(folder.resolve("work"))));
        List<Path> paths = Corpus.paths(Fuzz.corpora().resolve(target.name()));
        assertThat(paths).isNotEmpty();
        for (Path path : paths) {
            Trial.Result result = trial.run(target, Input.read(target, path));
            assertThat(result.finding()).as(path.toString()).isEmpty();
            assertThat(result.verdict()).as(path.toString()).isEqualTo(Trial.Verdict.READ);
        }
    }
}
