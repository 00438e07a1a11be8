package io.tokenwise.fuzz.differ;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A kind of file that two programs read.
 *
 * @param name as the command line calls it
 * @param suffix of its files' names
 * @param maker makes random valid files
 * @param reader ours
 * @param peer the other one
 * @param sameness tells in a line in what two answers differ that must not
 */
record Kind(String name, String suffix, Maker maker, Reader reader, Peer.Starter peer, Sameness sameness) {
    /** Makes a file, the same one for the same numbers. */
    interface Maker {
        Made make(SplittableRandom random);
    }

    /**
     * A file.
     *
     * @param variety what it is among its kind
     */
    record Made(String variety, byte[] bytes) {}

    /** Reads a file into what is compared. */
    interface Reader {
        Answer read(byte[] file) throws IOException;
    }

    interface Sameness {
        Optional<String> difference(Answer ours, Answer theirs);
    }

    /** File {@code number} of a seed. */
    Made made(long seed, long number) {
        // Seeds beside each other must have nothing in common.
        return maker.make(new SplittableRandom(new SplittableRandom(seed).nextLong() + number));
    }

    Answer ours(byte[] file) throws IOException {
        try {
            return reader.read(file);
        } catch (BadFileException e) {
            return Answer.refusal(e.getMessage());
        } catch (RuntimeException | StackOverflowError e) {
            // A difference too, of a file that is to be kept.
            return Answer.refusal("threw " + e);
        }
    }
}
