package io.tokenwise.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/** Makes tar files for tests, entry by entry, sound ones and others. */
final class TarFiles {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    TarFiles file(String name, byte[] content) {
        return entry('0', name, octal(content.length, 11), content);
    }

    TarFiles folder(String name) {
        return entry('5', name, octal(0, 11), new byte[0]);
    }

    /** An entry with a size that may be a lie. */
    TarFiles entry(char type, String name, byte[] size, byte[] content) {
        byte[] header = new byte[512];
        put(header, 0, name.getBytes(StandardCharsets.UTF_8));
        put(header, 124, size);
        header[156] = (byte) type;
        put(header, 257, "ustar\00000".getBytes(StandardCharsets.UTF_8));
        return raw(header, content);
    }

    /** A header whose checksum is made right, and content up to a whole block. */
    TarFiles raw(byte[] header, byte[] content) {
        put(header, 148, "        ".getBytes(StandardCharsets.UTF_8));
        int sum = 0;
        for (byte b : header) {
            sum += Byte.toUnsignedInt(b);
        }
        put(header, 148, octal(sum, 6));
        header[154] = 0;
        bytes.writeBytes(header);
        bytes.writeBytes(content);
        bytes.writeBytes(new byte[-content.length & 511]);
        return this;
    }

    /** All of it without the zeros at its end. */
    byte[] unended() {
        return bytes.toByteArray();
    }

    byte[] ended() {
        bytes.writeBytes(new byte[1024]);
        return bytes.toByteArray();
    }

    static byte[] octal(long number, int digits) {
        return String.format("%0" + digits + "o", number).getBytes(StandardCharsets.UTF_8);
    }

    static byte[] gzipped(byte[] bytes) {
        var zipped = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(zipped)) {
            out.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return zipped.toByteArray();
    }

    private static void put(byte[] header, int at, byte[] field) {
        System.arraycopy(field, 0, header, at, field.length);
    }
}
