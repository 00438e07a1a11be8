package io.tokenwise.fuzz;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** A compressed file, changed as what it holds is. */
final class GzipForm implements Form {
    private static final int MOST_BYTES = 4 << 20;

    private final Form content;

    GzipForm(Form content) {
        this.content = content;
    }

    @Override
    public boolean fits(String file) {
        return file.endsWith(".gz") && content.fits(file.substring(0, file.length() - 3));
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        byte[] plain = plain(bytes);
        byte[] theirs = plain(other);
        return plain == null ? bytes : packed(content.changed(plain, theirs == null ? plain : theirs, random));
    }

    @Override
    public byte[] repaired(byte[] bytes) {
        byte[] plain = plain(bytes);
        return plain == null ? bytes : packed(content.repaired(plain));
    }

    /** Null if it is none. */
    private static byte[] plain(byte[] bytes) {
        try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            return in.readNBytes(MOST_BYTES);
        } catch (IOException e) {
            return null;
        }
    }

    static byte[] packed(byte[] plain) {
        var packed = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(packed)) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }
}
