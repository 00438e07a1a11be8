package io.tokenwise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class FuzzTest {
    private static final List<Target> TARGETS = new Targets().get();

    /** So many that all targets together take half a minute of processor time. */
    private static final long INPUTS = 500;

    @TempDir
    Path folder;

    private List<Row> rows(Supplier<List<Target>> targets, Path corpora, long inputs)
            throws IOException, InterruptedException {
        var rows = new ArrayList<Row>();
        new Campaign(targets, corpora, folder, 7, new PrintWriter(System.err, true))
                .run(
                        targets.get().stream()
                                .map(target -> new Share(target.name(), 0, inputs, Long.MAX_VALUE))
                                .toList(),
                        rows::add);
        return rows;
    }

    private List<String> findings(String target) throws IOException {
        return Corpus.paths(folder.resolve("findings").resolve(target)).stream()
                .map(path -> path.getFileName().toString())
                .toList();
    }

    /** Each target a little; {@code ./tokenwise fuzz --minutes} goes on. */
    @Test
    void noTargetHasAFinding() throws Exception {
        List<Row> rows = rows(new Targets(), Fuzz.corpora(), INPUTS);
        rows.forEach(System.out::println);
        for (Target target : TARGETS) {
            assertThat(findings(target.name())).as(target.name()).isEmpty();
        }
        assertThat(rows).hasSameSizeAs(TARGETS).allMatch(row -> row.inputs() == INPUTS);
        // Without probes in the readers nothing would ever be new.
        assertThat(rows).allMatch(row -> row.counts().branches() > 0);
    }

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

    /** A crash, a hang, an exception and a leak are all told with their inputs, and the work goes on to its end. */
    @Test
    void whatTakesTheJvmDownIsFoundAndOutlived() throws Exception {
        Path corpus = Files.createDirectories(folder.resolve("corpora").resolve("planted"));
        for (String content : List.of("", "e", "c", "h", "l", "r")) {
            Files.writeString(corpus.resolve("seed-" + content), content, StandardCharsets.UTF_8);
        }
        rows(new PlantedTargets(), corpus.getParent(), 0);
        assertThat(findings("planted"))
                .filteredOn(name -> !name.endsWith(".txt"))
                .hasSize(4)
                .anyMatch(name -> name.startsWith("crash"))
                .anyMatch(name -> name.startsWith("hang"))
                .anyMatch(name -> name.startsWith("native"))
                .anyMatch(name -> name.startsWith("exception"));
    }
}
