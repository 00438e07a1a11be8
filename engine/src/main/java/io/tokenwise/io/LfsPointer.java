package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The few lines that stand in a Git checkout in the place of a large file, where Git LFS has not brought the file itself. */
public final class LfsPointer {
    /** How each begins (git-lfs, docs/spec.md, The Pointer). */
    private static final byte[] BEGIN = "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);

    private LfsPointer() {}

    /**
     * Says what such a file is; other faults would only be what it looks like.
     *
     * @param bytes from the file's begin
     * @throws BadFileException if they are of one
     */
    public static void refuse(String file, byte[] bytes) {
        if (bytes.length >= BEGIN.length && Arrays.equals(bytes, 0, BEGIN.length, BEGIN, 0, BEGIN.length)) {
            throw new BadFileException(
                    file,
                    "is a pointer of Git LFS and not the file itself; \"git lfs pull\" in its folder brings that");
        }
    }

    /** How many bytes show whether it is one. */
    static int length() {
        return BEGIN.length;
    }
}
