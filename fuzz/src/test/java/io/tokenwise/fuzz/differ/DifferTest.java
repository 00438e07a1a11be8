package io.tokenwise.fuzz.differ;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.fuzz.Fuzz;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

@Timeout(value = 10, unit = TimeUnit.MINUTES)
class DifferTest {
    private static final List<Kind> KINDS = new Kinds(Fuzz.home().resolve("peers")).all();

    /** So many that all kinds together take some seconds; {@code ./tokenwise fuzz differ --files} goes on. */
    private static final long FILES = 80;

    private static final Kind PLANTED = new Kind(
            "planted",
            ".byte",
            random -> new Kind.Made("byte", new byte[] {(byte) random.nextInt(4)}),
            Answer::read,
            () -> Peer.java(PlantedPeer.class),
            Answer::difference);

    @TempDir
    Path folder;

    @ParameterizedTest
    @FieldSource("KINDS")
    void weReadWhatTheOthersRead(Kind kind) throws IOException {
        try (Peer peer = kind.peer().start()) {
            Comparison.Result result = new Comparison(kind, peer, folder).run(7, FILES);
            try (Stream<Path> kept = Files.list(folder)) {
                assertThat(kept).as(peer.version()).isEmpty();
            }
            assertThat(result.differences()).isZero();
            assertThat(result.varieties()).isGreaterThan(1);
        } catch (MissingPeerException e) {
            assumeTrue(false, kind.name() + " needs " + e.getMessage());
        }
    }

    /** Whoever the others are: none of them is refused, and a seed's are the same each time. */
    @ParameterizedTest
    @FieldSource("KINDS")
    void weReadAllThatIsMade(Kind kind) throws IOException {
        for (long number = 0; number < FILES; number++) {
            Kind.Made made = kind.made(11, number);
            Answer ours = kind.ours(made.bytes());
            assertThat(ours.refused()).as(made.variety() + ": " + ours.text()).isFalse();
            assertThat(kind.made(11, number).bytes()).isEqualTo(made.bytes());
        }
        assertThat(kind.made(12, 0).bytes()).isNotEqualTo(kind.made(11, 0).bytes());
    }

    /** The file and both results are there, and how to see it again; one that dies goes on with the next file. */
    @Test
    void differencesAreKept() throws IOException {
        Map<Byte, String> firsts = new TreeMap<>();
        for (long number = 0; firsts.size() < 4; number++) {
            firsts.putIfAbsent(PLANTED.made(1, number).bytes()[0], "1-" + number);
        }
        try (Peer peer = PLANTED.peer().start()) {
            assertThat(peer.version()).isEqualTo("planted");
            Comparison.Result result = new Comparison(PLANTED, peer, folder).run(1, 40);
            long right = LongStream.range(0, 40)
                    .filter(number -> PLANTED.made(1, number).bytes()[0] == 0)
                    .count();
            assertThat(result.differences()).isEqualTo(40 - right).isBetween(20L, 38L);
        }
        assertThat(folder.resolve(firsts.get((byte) 0) + ".txt")).doesNotExist();
        assertThat(folder.resolve(firsts.get((byte) 1) + ".txt"))
                .content()
                .startsWith("byte: byte 0 differs, of 1 and 1\n")
                .contains("./tokenwise fuzz differ planted --replay " + firsts.get((byte) 1) + ".byte");
        assertThat(folder.resolve(firsts.get((byte) 1) + ".byte")).hasBinaryContent(new byte[] {1});
        assertThat(folder.resolve(firsts.get((byte) 1) + ".ours")).hasBinaryContent(new byte[] {1});
        assertThat(folder.resolve(firsts.get((byte) 1) + ".theirs")).hasBinaryContent(new byte[] {9});
        assertThat(folder.resolve(firsts.get((byte) 2) + ".txt")).content().startsWith("byte: they refuse it");
        assertThat(folder.resolve(firsts.get((byte) 3) + ".txt"))
                .content()
                .startsWith("byte: they refuse it: it died of it, with exit code 7");
    }

    @Test
    void aProgramThatIsNotHereIsNamed() {
        assertThatThrownBy(() -> Peer.python(folder.resolve("no-such-script.py"), "it: how to install it"))
                .isInstanceOf(MissingPeerException.class)
                .hasMessage("it: how to install it");
    }

    @Test
    void wrongUsageIsOneLine() {
        var out = new StringWriter();
        var err = new StringWriter();
        int code = Fuzz.commandLine(new PrintWriter(out), new PrintWriter(err)).execute("differ", "gif");
        assertThat(code).isEqualTo(2);
        assertThat(err.toString())
                .contains("there is no kind gif; there are safetensors, tokenizers, png, jpeg, wav, wav-16khz");
    }
}
