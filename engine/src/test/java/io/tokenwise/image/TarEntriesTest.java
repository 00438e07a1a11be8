package io.tokenwise.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarEntriesTest {
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    @Test
    void filesAndFolders() throws IOException {
        byte[] tar = new TarFiles()
                .folder("./")
                .folder("./a/")
                .file("./a/b", HELLO)
                .file("c", new byte[0])
                .file("d", new byte[512])
                .file("e", HELLO)
                .ended();
        List<String> expected = List.of(" 0", "a/ 0", "a/b hello", "c ", "d 512", "e hello");
        assertThat(list(tar)).isEqualTo(expected);
        assertThat(list(TarFiles.gzipped(tar))).isEqualTo(expected);
    }

    @Test
    void longNames() throws IOException {
        String name = "x".repeat(300);
        byte[] gnu = new TarFiles()
                .entry('L', "././@LongLink", TarFiles.octal(301, 11), (name + "\0").getBytes(StandardCharsets.UTF_8))
                .file("x", HELLO)
                .file("y", HELLO)
                .ended();
        assertThat(list(gnu)).containsExactly(name + " hello", "y hello");
        String attributes = "30 mtime=1700000000.123456789\n310 path=" + name + "\n10 size=5\n";
        byte[] pax = new TarFiles()
                .entry('g', "global", TarFiles.octal(5, 11), HELLO)
                .entry(
                        'x',
                        "PaxHeader",
                        TarFiles.octal(attributes.length(), 11),
                        attributes.getBytes(StandardCharsets.UTF_8))
                .file("x", HELLO)
                .file("y", HELLO)
                .ended();
        assertThat(list(pax)).containsExactly(name + " hello", "y hello");
        byte[] header = new byte[512];
        System.arraycopy("ustar\00000".getBytes(StandardCharsets.UTF_8), 0, header, 257, 8);
        header[0] = 'n';
        header[345] = 'p';
        header[156] = '0';
        assertThat(list(new TarFiles().raw(header, new byte[0]).ended())).containsExactly("p/n ");
    }

    @Test
    void sizesOfBase256() throws IOException {
        byte[] size = new byte[12];
        size[0] = (byte) 0x80;
        size[11] = 5;
        assertThat(list(new TarFiles().entry('0', "a", size, HELLO).ended())).containsExactly("a hello");
        size[4] = 1;
        refused(new TarFiles().entry('0', "a", size, HELLO).ended())
                .hasMessageContaining("an entry of an impossible size");
        Arrays.fill(size, (byte) -1);
        refused(new TarFiles().entry('0', "a", size, HELLO).ended())
                .hasMessageContaining("an entry of an impossible size");
    }

    @Test
    void claimsThatAreTooLarge() {
        byte[] tar = new TarFiles()
                .entry('0', "a", TarFiles.octal(1L << 32, 11), HELLO)
                .ended();
        refused(tar).hasMessageEndingWith("test.tar!a: claims 4294967296 bytes; at most 1024 are read");
        byte[] name = new TarFiles()
                .entry('L', "n", TarFiles.octal(1L << 32, 11), HELLO)
                .ended();
        refused(name).hasMessageContaining("claims 4294967296 bytes; at most 8192 are read");
        byte[] attributes = new TarFiles()
                .entry('x', "n", TarFiles.octal(1L << 32, 11), HELLO)
                .ended();
        refused(attributes).hasMessageContaining("claims 4294967296 bytes; at most 65536 are read");
        byte[] size = "25 size=-5\n".getBytes(StandardCharsets.UTF_8);
        refused(new TarFiles()
                        .entry('x', "n", TarFiles.octal(size.length, 11), size)
                        .file("a", HELLO)
                        .ended())
                .hasMessageContaining("an entry of an impossible size");
    }

    @ParameterizedTest
    @ValueSource(chars = {'1', '2', '3', '4', '6', 'S', 'M'})
    void specialEntries(char type) {
        refused(new TarFiles()
                        .entry(type, "a", TarFiles.octal(0, 11), new byte[0])
                        .ended())
                .hasMessageEndingWith("test.tar!a: is a link or another special entry (type " + type
                        + "); only files and folders are read");
    }

    @Test
    void truncatedAndCorrupt() {
        byte[] tar = new TarFiles().file("a", HELLO).file("b", HELLO).unended();
        for (int length = 0; length <= tar.length; length += 64) {
            refused(Arrays.copyOf(tar, length)).hasMessageContaining("test.tar: is truncated");
        }
        byte[] ended = new TarFiles().file("a", HELLO).file("b", HELLO).ended();
        byte[] zipped = TarFiles.gzipped(ended);
        for (int length = 2; length < zipped.length; length++) {
            refused(Arrays.copyOf(zipped, length)).hasMessageContaining("test.tar: is ");
        }
        ended[3] = 1;
        refused(ended)
                .hasMessageEndingWith("is not a tar file, or corrupt: there is no sound header after its beginning");
        refused(new byte[] {'P', 'K', 3, 4}).hasMessageContaining("truncated");
    }

    @Property(tries = 300)
    void changedBytes(@ForAll @IntRange(max = 2047) int place, @ForAll byte value, @ForAll boolean sound)
            throws IOException {
        byte[] tar = new TarFiles().folder("a/").file("a/b", HELLO).ended();
        byte[] header = Arrays.copyOf(tar, 512);
        header[place % 512] = value;
        byte[] changed = sound ? new TarFiles().raw(header, HELLO).ended() : tar;
        changed[sound ? 512 : place] = value;
        Path file = Files.createTempFile("changed", ".tar");
        try {
            list(file, changed);
        } catch (BadFileException e) {
            assertThat(e.getMessage()).contains(file.toString()).doesNotContain("\n");
        } finally {
            Files.delete(file);
        }
    }

    private AbstractThrowableAssert<?, ?> refused(byte[] tar) {
        return assertThatThrownBy(() -> list(tar)).isInstanceOf(BadFileException.class);
    }

    private List<String> list(byte[] tar) throws IOException {
        return list(folder.resolve("test.tar"), tar);
    }

    /** Each entry's name, and its content if that is short. */
    private static List<String> list(Path file, byte[] tar) throws IOException {
        Files.write(file, tar);
        List<String> found = new ArrayList<>();
        try (TarEntries entries = TarEntries.open(file)) {
            for (var entry = entries.next(); entry.isPresent(); entry = entries.next()) {
                String name = entry.get();
                boolean isFolder = name.isEmpty() || name.endsWith("/");
                byte[] content = isFolder ? new byte[0] : entries.content(1024);
                boolean brief = !isFolder && content.length < 512;
                found.add(name + " " + (brief ? new String(content, StandardCharsets.UTF_8) : content.length));
            }
        }
        return found;
    }
}
