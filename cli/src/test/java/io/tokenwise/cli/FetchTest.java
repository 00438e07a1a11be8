package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tools.jackson.databind.json.JsonMapper;

/** The command {@code fetch}, with shell scripts in place of the registries' clients. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the clients are shell scripts")
class FetchTest {
    /** Two packages with one and several files, and one that is a file itself. */
    private static final List<Fetchable> CATALOGUE = List.of(
            new Fetchable(
                    "toy",
                    Fetchable.Kind.DATA,
                    "MIT",
                    2,
                    1,
                    List.of(
                            new Fetchable.Part(
                                    new Origin.Npm("toy@1"),
                                    List.of(
                                            new Kept("package", "a.txt", sha256("alpha\n")),
                                            new Kept(
                                                    "package",
                                                    "**.wav",
                                                    sha256(sha256("two\n") + "  2.wav\n" + sha256("one\n")
                                                            + "  sounds/1.wav\n")))),
                            new Fetchable.Part(
                                    new Origin.Debian("toy-words"),
                                    List.of(new Kept("usr/share", "words.txt", sha256("words\n")))))),
            new Fetchable(
                    "jar",
                    Fetchable.Kind.MODEL,
                    "Apache-2.0",
                    3,
                    3,
                    List.of(new Fetchable.Part(
                            new Origin.Maven("copy", "g:a:1"), List.of(new Kept("", "a-1.jar", sha256("jar\n")))))),
            new Fetchable(
                    "zip",
                    Fetchable.Kind.MODEL,
                    "MIT",
                    3,
                    3,
                    List.of(new Fetchable.Part(
                            new Origin.MavenZip(new Origin.Maven("unpack", "g:z:1"), "in/z"),
                            List.of(
                                    new Kept("assets", "words.txt", sha256("words\n")),
                                    new Kept("in", "NOTICE", sha256("notice\n")))))));

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private Path bin;
    private Path calls;
    private Path toy;

    @BeforeEach
    void writeClients() throws IOException {
        bin = Files.createDirectory(folder.resolve("bin"));
        calls = Files.createFile(folder.resolve("calls"));
        toy = folder.resolve("cache/fetched/toy");
        client("npm", "touch toy-1.tgz");
        client(
                "tar",
                "mkdir -p package/sounds",
                "echo alpha > package/a.txt",
                "echo unwanted > package/b.txt",
                "echo one > package/sounds/1.wav",
                "echo two > package/2.wav");
        client("apt-get", "touch toy-words_1_all.deb");
        client("dpkg-deb", "mkdir -p usr/share", "echo words > usr/share/words.txt");
        client("mvn", "echo jar > a-1.jar");
    }

    private void client(String name, String... lines) throws IOException {
        Path file = Files.writeString(
                bin.resolve(name),
                "#!/bin/sh\necho \"" + name + " $*\" >> " + calls + "\n" + String.join("\n", lines) + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private int run(String... args) {
        return run(new Programs(bin + File.pathSeparator + System.getenv("PATH")), args);
    }

    private int run(Programs programs, String... args) {
        var all = new ArrayList<>(List.of("--cache", folder.resolve("cache").toString()));
        all.addAll(List.of(args));
        var mistakes = new Mistakes();
        return new CommandLine(new Fetch(CATALOGUE, programs))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .setExecutionStrategy(mistakes)
                .setParameterExceptionHandler(mistakes)
                .setExecutionExceptionHandler(mistakes)
                .execute(all.toArray(String[]::new));
    }

    private static String sha256(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** But locks, which stay. */
    private List<String> inCache() throws IOException {
        try (Stream<Path> files = Files.list(toy.getParent())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(".lock"))
                    .sorted()
                    .toList();
        }
    }

    private void assertWhole() throws IOException {
        assertThat(toy.resolve("a.txt")).hasContent("alpha");
        assertThat(toy.resolve("2.wav")).hasContent("two");
        assertThat(toy.resolve("sounds/1.wav")).hasContent("one");
        assertThat(toy.resolve("words.txt")).hasContent("words");
        assertThat(toy.resolve("b.txt")).doesNotExist();
        assertThat(inCache()).containsExactly("toy");
    }

    /** Nothing is left in the cache then. */
    private void assertFailedWith(String message) throws IOException {
        assertThat(err.toString().lines().toList().getLast())
                .startsWith("fetch: ")
                .contains(message);
        assertThat(err.toString().lines()).hasSize(2);
        assertThat(out.toString()).isEmpty();
        assertThat(inCache()).isEmpty();
    }

    @Test
    void wantedFilesOfAllPackagesAreBrought() throws IOException {
        assertThat(run("toy")).as(err.toString()).isZero();
        assertThat(out).hasToString("toy is in " + toy + System.lineSeparator());
        assertThat(err).hasToString("fetches toy, 2 MB, from npm toy@1, Debian toy-words" + System.lineSeparator());
        assertWhole();
        assertThat(calls)
                .hasContent("npm pack --ignore-scripts --loglevel=error toy@1\ntar -xzf toy-1.tgz\n"
                        + "apt-get -q download toy-words\ndpkg-deb -x toy-words_1_all.deb .\n");
    }

    @Test
    void aJarIsBroughtByMaven() throws IOException {
        assertThat(run("jar", "--json")).as(err.toString()).isZero();
        var json = JsonMapper.shared().readTree(out.toString());
        Path jar = Path.of(json.get("folder").stringValue(), "a-1.jar");
        assertThat(jar).hasContent("jar").isEqualTo(folder.resolve("cache/fetched/jar/a-1.jar"));
        assertThat(json.get("fetched").booleanValue()).isTrue();
        assertThat(calls)
                .content()
                .startsWith("mvn --batch-mode --quiet dependency:copy -Dartifact=g:a:1 -DoutputDirectory=");
    }

    /** An archive of files with these names, each of which holds "words". */
    private Path zip(String... names) throws IOException {
        Path zip = folder.resolve("z");
        try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (String name : names) {
                out.putNextEntry(new ZipEntry(name));
                if (!name.endsWith("/")) {
                    out.write("words\n".getBytes(StandardCharsets.UTF_8));
                }
            }
        }
        return zip;
    }

    @Test
    void aZipInAJarIsUnpacked() throws IOException {
        Path zip = zip("assets/", "assets/words.txt", "assets/unwanted.txt", "deep/er/unwanted.txt");
        client("mvn", "mkdir in", "echo notice > in/NOTICE", "cp " + zip + " in/z");
        assertThat(run("zip")).as(err.toString()).isZero();
        Path place = folder.resolve("cache/fetched/zip");
        try (Stream<Path> files = Files.list(place)) {
            assertThat(files).containsExactlyInAnyOrder(place.resolve("words.txt"), place.resolve("NOTICE"));
        }
        assertThat(calls)
                .content()
                .startsWith("mvn --batch-mode --quiet dependency:unpack -Dartifact=g:z:1 -DoutputDirectory=");
    }

    @Test
    void aZipThatWritesElsewhereIsRefused() throws IOException {
        Path zip = zip("assets/words.txt", "../../outside.txt");
        client("mvn", "mkdir in", "cp " + zip + " in/z");
        assertThat(run("zip")).isEqualTo(1);
        assertFailedWith(
                "zip: its zip holds ../../outside.txt, which lies outside; Maven 3.9 and a network are needed");
    }

    @Test
    void aZipThatIsNoneIsRefused() throws IOException {
        client("mvn", "mkdir in", "echo nothing > in/z");
        assertThat(run("zip")).isEqualTo(1);
        assertFailedWith("zip: zip END header not found");
    }

    @Test
    void whatIsHereIsNotFetchedAgain() throws IOException {
        run("toy");
        String before = Files.readString(calls);
        assertThat(run("toy")).isZero();
        assertThat(out.toString()).endsWith("toy is here already, in " + toy + System.lineSeparator());
        assertThat(run("toy", "--json")).isZero();
        assertThat(out.toString()).contains("\"fetched\":false");
        assertThat(calls).hasContent(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.txt", "sounds/1.wav"})
    void whatIsDamagedIsFetchedAnew(String file) throws IOException {
        run("toy");
        Files.writeString(toy.resolve(file), "damaged");
        assertThat(run("toy")).isZero();
        assertThat(err.toString()).contains(toy + " is damaged: ");
        assertWhole();
        Files.delete(toy.resolve(file));
        assertThat(run("toy")).isZero();
        assertWhole();
    }

    @Test
    void whatIsNotExpectedIsNotKept() throws IOException {
        client("dpkg-deb", "mkdir -p usr/share", "echo swords > usr/share/words.txt");
        assertThat(run("toy")).isEqualTo(1);
        assertFailedWith("toy: what came is not what was expected: words.txt has the SHA-256 " + sha256("swords\n")
                + ", not " + sha256("words\n"));
    }

    @Test
    void aPackageWithoutTheFileIsNotKept() throws IOException {
        client("dpkg-deb");
        assertThat(run("toy")).isEqualTo(1);
        assertFailedWith("toy: what came is not what was expected: words.txt is missing");
    }

    @Test
    void aMissingClientIsNamed() throws IOException {
        assertThat(run(new Programs("/nowhere"), "toy")).isEqualTo(1);
        assertFailedWith("toy: there is no npm on the PATH; npm, tar and a network are needed");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "npm error code ENOTFOUND;npm error errno ENOTFOUND;npm error FetchError: request failed;npm error If you are behind a proxy"
                        + " | npm failed: FetchError: request failed;",
                "npm ERR! code E404;npm ERR! 404 Not Found - GET toy;npm ERR! 404 | npm failed: 404 Not Found - GET toy;",
                "WARNING: not this;[ERROR] Failed to execute it -> [Help 1];[ERROR] ;[ERROR] For more information | : Failed to execute it;",
                "W: Download is unsandboxed;E: Unable to locate package toy | : Unable to locate package toy;",
                "/usr/bin/tar: package/a: Cannot write: No space left on device;/usr/bin/tar: Exiting with failure status due to previous errors"
                        + " | npm failed: package/a: Cannot write: No space left on device;",
                "first line;last line; | npm failed: last line;",
                "'' | npm failed: it does not say why;"
            })
    void aFailingClientSaysWhy(String output, String message) throws IOException {
        client("npm", "cat <<'.'", output.replace(';', '\n'), ".", "exit 1");
        assertThat(run("toy")).isEqualTo(1);
        assertFailedWith(message);
    }

    /** Where the disk is full its reason could not be written there. */
    @Test
    void aClientsOutputIsNotOnTheDisk() throws IOException {
        client("npm", "echo There is $(ls -A .. | tr '\\n' ' ')", "exit 1");
        assertThat(run("toy")).isEqualTo(1);
        assertFailedWith("npm failed: There is package");
        assertThat(err.toString()).doesNotContain(".log");
    }

    /** As on Ctrl-C: nothing is left, and no client that goes on. */
    @Test
    @Timeout(60)
    void aStoppedFetchLeavesNothing() throws Exception {
        Path pid = folder.resolve("pid");
        client("dpkg-deb", "sleep 100 &", "echo $! > " + pid + ".new", "mv " + pid + ".new " + pid, "wait");
        var code = new CompletableFuture<Integer>();
        Thread command = Thread.ofPlatform().start(() -> code.complete(run("toy")));
        while (!Files.exists(pid)) {
            Thread.sleep(10);
        }
        long grandchild = Long.parseLong(Files.readString(pid).strip());
        assertThat(hasEnded(grandchild)).isFalse();
        assertThat(inCache()).hasSize(1).doesNotContain("toy");
        command.interrupt();
        assertThat(code.get()).isEqualTo(130);
        while (!hasEnded(grandchild)) {
            Thread.sleep(10);
        }
        assertFailedWith("stopped");
    }

    /** Also if whoever has inherited the process never asks how it ended, as in a container whose first process does not: Java takes it for alive. */
    private static boolean hasEnded(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            return "ZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) >= 0;
        } catch (IOException e) {
            // It is gone, or this system has no such files.
            return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty();
        }
    }

    @Test
    void whatAKilledFetchLeftIsNeverTakenForWholeAndIsDeleted() throws IOException {
        Path left = Files.createDirectories(toy.resolveSibling(".toy.work123/whole"));
        Files.writeString(left.resolve("a.txt"), "alpha\n");
        assertThat(run("--list", "--json")).isZero();
        assertThat(out.toString())
                .contains("\"name\":\"toy\"", "\"here\":false")
                .doesNotContain("\"here\":true");
        assertThat(run("toy")).isZero();
        assertWhole();
    }

    @Test
    void twoDoNotFetchTheSame() throws IOException {
        Files.createDirectories(toy.getParent());
        try (var file = FileChannel.open(
                        toy.resolveSibling(".toy.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = file.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThat(run("toy")).isEqualTo(1);
            assertThat(err.toString()).contains("toy: another process is fetching it into " + toy.getParent());
        }
    }

    @Test
    void aCacheThatCannotBeWrittenIsNamed() throws IOException {
        Files.writeString(folder.resolve("cache"), "a file, not a folder");
        assertThat(run("toy")).isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains(toy.getParent() + ": cannot be written (", "--cache FOLDER names another");
    }

    @Test
    void theListSaysWhatIsHere() {
        run("toy");
        assertThat(run()).isZero();
        assertThat(out.toString().lines().map(line -> line.replaceAll(" +", " ")))
                .contains(
                        "toy data 2 1 yes MIT npm toy@1, Debian toy-words",
                        "jar model 3 3 no Apache-2.0 Maven g:a:1",
                        "What is here lies in " + toy.getParent());
    }

    @Test
    void aWrongNameIsAnsweredByTheRightOnes() {
        assertThat(run("joy")).isEqualTo(2);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains("nothing is called 'joy'; there are toy, jar");
    }
}
