package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives of two files, {@code f/one} of 5 bytes and {@code f/two} of 7, with something changed. */
class StoredZipTest {
    private static byte[] whole(boolean numbers64) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("f/one", TorchFiles.bytes("first"));
        files.put("f/two", TorchFiles.bytes("seconds"));
        return TorchFiles.zip(files, numbers64);
    }

    /** Where a record that begins with this is, the last one. */
    private static int find(byte[] bytes, int signature) {
        ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = bytes.length - 4;
        while (all.getInt(at) != signature) {
            at--;
        }
        return at;
    }

    private static String read(byte[] bytes, String name) throws IOException {
        try (ByteSource source = ByteSource.read("z", new ByteArrayInputStream(bytes), bytes.length)) {
            ByteBuffer content = new StoredZip("z", source).read(name, 7);
            return new String(content.array());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void filesLieWhereTheDirectorySays(boolean numbers64) throws IOException {
        assertThat(read(whole(numbers64), "f/one")).isEqualTo("first");
        assertThat(read(whole(numbers64), "f/two")).isEqualTo("seconds");
    }

    /** The JDK compresses. */
    @Test
    void compressedFilesAreRefused() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ZipOutputStream(bytes)) {
            out.putNextEntry(new ZipEntry("f/one"));
            out.write(new byte[50]);
        }
        assertThatThrownBy(() -> read(bytes.toByteArray(), "f/one"))
                .isInstanceOf(BadFileException.class)
                .hasMessage(
                        "z: f/one is compressed, by method 8; read are files that are stored" + TorchObjects.WAY_OUT);
    }

    /** Numbers of two or four bytes in the last entry of the directory, in the last file's header, or in the directory's end. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "02014b50 | 8 | 2 | 1 | f/two is encrypted" + TorchObjects.WAY_OUT,
                "02014b50 | 10 | 2 | 12 | f/two is compressed, by method 12; read are files that are stored"
                        + TorchObjects.WAY_OUT,
                "02014b50 | 20 | 4 | 8 | f/two has 7 bytes and is stored in 8",
                "02014b50 | 24 | 4 | -1 | its directory lacks the 64 bits of a number after 1 files",
                "02014b50 | 28 | 2 | 6 | its directory breaks off after 1 files",
                "02014b50 | 28 | 2 | 4 | has a directory of more than the 2 files that its end counts",
                "02014b50 | 30 | 2 | -1 | its directory breaks off after 1 files",
                "02014b50 | 42 | 4 | 2147483647 | f/two begins at byte 2147483647, its files end at byte 135",
                "02014b50 | 42 | 4 | -2 | f/two begins at byte 4294967294, its files end at byte 135",
                "02014b50 | 42 | 4 | 0 | has no header of f/two at byte 0",
                "02014b50 | 42 | 4 | 70 | has no header of f/two at byte 70",
                "02014b50 | 0 | 4 | 0 | its directory breaks off after 1 files",
                "04034b50 | 26 | 2 | 4 | has no header of f/two at byte 69",
                "04034b50 | 28 | 2 | -1 | f/two has 7 bytes from byte 65639 on, its files end at byte 135: it is cut short or"
                        + " corrupt",
                "06054b50 | 10 | 2 | 1 | has a directory of more than the 1 files that its end counts",
                "06054b50 | 10 | 2 | 3 | its directory breaks off after 2 files",
                "06054b50 | 12 | 4 | 100 | has a directory of 100 bytes at byte 135, which must end at byte 237",
                "06054b50 | 12 | 4 | -1 | has a directory of 4294967295 bytes at byte 135, which must end at byte 237",
                "06054b50 | 16 | 4 | 134 | has a directory of 102 bytes at byte 134, which must end at byte 237",
                "06054b50 | 20 | 2 | 1 | does not end as a zip archive does: it is cut short, or none",
            })
    void aWrongNumberIsRefused(String record, int offset, int bytes, int number, String fact) {
        byte[] archive = whole(false);
        int at = find(archive, Integer.parseInt(record, 16)) + offset;
        ByteBuffer all = ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes == 2) {
            all.putShort(at, (short) number);
        } else {
            all.putInt(at, number);
        }
        assertRefused(archive, fact);
    }

    /** The same of numbers of eight bytes. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "06064b50 | 32 | -1 | has a directory of -1 files and 158 bytes; up to 65536 and 16777216 are read",
                "06064b50 | 32 | 65537 | has a directory of 65537 files and 158 bytes; up to 65536 and 16777216 are read",
                "06064b50 | 40 | -1 | has a directory of -1 bytes at byte 135, which must end at byte 293",
                "06064b50 | 48 | -9223372036854775808 | has a directory of 158 bytes at byte -9223372036854775808, which"
                        + " must end at byte 293",
                "06064b50 | 0 | 0 | its directory's end in 64 bits is not where it says",
                "07064b50 | 8 | 0 | its directory's end in 64 bits is not where it says",
                "02014b50 | 55 | -1 | f/two has -1 bytes and is stored in 7",
                "02014b50 | 63 | 9223372036854775807 | f/two has 7 bytes and is stored in 9223372036854775807",
                "02014b50 | 71 | -1 | f/two begins at byte -1, its files end at byte 135",
                "02014b50 | 71 | 9223372036854775807 | f/two begins at byte 9223372036854775807, its files end at byte 135",
            })
    void aWrongNumberOf64BitsIsRefused(String record, int offset, long number, String fact) {
        byte[] archive = whole(true);
        int at = find(archive, Integer.parseInt(record, 16)) + offset;
        ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN).putLong(at, number);
        assertRefused(archive, fact);
    }

    @Test
    void sizesBeyondTheFilesAreRefused() {
        byte[] archive = whole(true);
        int at = find(archive, 0x02014b50) + 55;
        for (long size : new long[] {8, Long.MAX_VALUE, Long.MIN_VALUE}) {
            ByteBuffer.wrap(archive)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(at, size)
                    .putLong(at + 8, size);
            assertRefused(
                    archive,
                    "f/two has " + size
                            + " bytes from byte 128 on, its files end at byte 135: it is cut short or corrupt");
        }
    }

    @Test
    void twoFilesOfOneNameAreRefused() {
        byte[] archive = whole(false);
        int at = find(archive, 0x02014b50) + 46;
        System.arraycopy(TorchFiles.bytes("f/one"), 0, archive, at, 5);
        assertRefused(archive, "has two files f/one");
    }

    private static void assertRefused(byte[] archive, String fact) {
        assertThatThrownBy(() -> read(archive, "f/two"))
                .isInstanceOf(BadFileException.class)
                .hasMessage("z: " + fact);
    }
}
