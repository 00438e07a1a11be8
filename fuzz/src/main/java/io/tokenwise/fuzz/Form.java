package io.tokenwise.fuzz;

import java.util.SplittableRandom;

/** How files of a kind are built, for changes that a file of random bytes would never get through its first check. */
public interface Form {
    /** Whether such a file has this form, by its name. */
    boolean fits(String file);

    /**
     * A file with something changed; itself if it is not of this form.
     *
     * @param other another file of the kind, to take parts of
     */
    byte[] changed(byte[] bytes, byte[] other, SplittableRandom random);

    /** A file whose checksums are right again; itself if there are none. */
    default byte[] repaired(byte[] bytes) {
        return bytes;
    }
}
