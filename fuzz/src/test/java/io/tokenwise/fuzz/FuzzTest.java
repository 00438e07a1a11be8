package io.tokenwise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FuzzTest {
    private static final List<Target> TARGETS = new Targets().get();

    private static final long SOME = 100;

    @TempDir
    Path folder;

    static List<Share> shares(List<Target> targets, long inputs) {
        return targets.stream()
                .map(target -> new Share(target.name(), inputs, Long.MAX_VALUE, false))
                .toList();
    }

    private static List<Row> rows(
            Supplier<List<Target>> targets, Path corpora, Path folder, long endlessNanos, List<Share> shares)
            throws IOException, InterruptedException {
        var rows = new ArrayList<Row>();
        new Campaign(targets, corpora, folder, 7, endlessNanos, new PrintWriter(System.err, true))
                .run(shares, rows::add);
        return rows;
    }

    static List<Row> rows(Path folder, List<Share> shares) throws IOException, InterruptedException {
        return rows(new Targets(), Fuzz.corpora(), folder, Campaign.ENDLESS_NANOS, shares);
    }

    static List<String> findings(Path folder, String target) throws IOException {
        return Corpus.paths(folder.resolve("findings").resolve(target)).stream()
                .map(path -> path.getFileName().toString())
                .toList();
    }

    /** Of files and folders, of readers with tables of hashes, and of those whose threads come on as they like. */
    @Test
    void twoRunsMakeTheSameInputs() throws Exception {
        List<Target> some = Stream.of("sharded", "vocab-bert", "http")
                .map(name -> Targets.named(name, TARGETS))
                .toList();
        List<Share> shares = shares(some, SOME);
        List<Long> once =
                rows(folder.resolve("once"), shares).stream().map(Row::drawn).toList();
        List<Long> again =
                rows(folder.resolve("again"), shares).stream().map(Row::drawn).toList();
        assertThat(again).isEqualTo(once);
        assertThat(once).doesNotHaveDuplicates();
    }

    /** What an earlier run has left in the folder is not of this one; the corpus grows. */
    @Test
    void theCommandKeepsWhatItReachesAndTellsWhatItFound() throws IOException {
        Files.createDirectories(folder.resolve("findings").resolve("png"));
        Files.writeString(folder.resolve("findings").resolve("png").resolve("old"), "", StandardCharsets.UTF_8);
        var out = new StringWriter();
        var err = new StringWriter();
        assertThat(Fuzz.commandLine(new PrintWriter(out), new PrintWriter(err))
                        .execute("png", "--inputs", "100", "--out", folder.toString()))
                .as(out + "\n" + err)
                .isZero();
        assertThat(Corpus.paths(folder.resolve("corpus").resolve("png"))).isNotEmpty();
    }

    /** A crash, a hang, an exception and a leak are all told with their inputs, and the work goes on to its end. */
    @Test
    void whatTakesTheJvmDownIsFoundAndOutlived() throws Exception {
        Path corpus = Files.createDirectories(folder.resolve("corpora").resolve("planted"));
        for (String content : List.of("", "e", "c", "cc", "h", "hh", "l", "r")) {
            Files.writeString(corpus.resolve("seed-" + content), content, StandardCharsets.UTF_8);
        }
        List<Row> rows = rows(
                new PlantedTargets(),
                corpus.getParent(),
                folder,
                Trial.MOST_NANOS,
                shares(new PlantedTargets().get(), 0));
        // Both that hang do so at the same line.
        assertThat(rows)
                .singleElement()
                .satisfies(row -> assertThat(row.findings()).isEqualTo(5));
        assertThat(findings(folder, "planted"))
                .filteredOn(name -> !name.endsWith(".txt"))
                .hasSize(6)
                .anyMatch(name -> name.startsWith("crash"))
                .anyMatch(name -> name.startsWith("hang"))
                .anyMatch(name -> name.startsWith("native"))
                .anyMatch(name -> name.startsWith("exception"));
    }
}
